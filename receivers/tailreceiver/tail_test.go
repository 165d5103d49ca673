package tailreceiver_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tidewatch/tidewatch/receivers/tailreceiver"
)

func TestLinesArriveOnceAndInOrder(t *testing.T) {
	r := newRig(t, nil)
	first := numbered("a", 0, 5000)
	r.write("app.log", first...)
	r.start()
	r.wants(trimmed(first)...)
	require.Equal(t, trimmed(first), r.sink.taken())
	more := numbered("b", 0, 10)
	r.write("app.log", more...)
	r.write("new.log", "hello\n")
	r.wants(append(trimmed(first, more), "hello")...)
	require.Equal(t, int64(5011), r.counter("tidewatch_tail_records"))
}

func TestARestartContinuesAtTheCheckpoint(t *testing.T) {
	r := newRig(t, nil)
	r.write("app.log", "one\n", "two\n")
	r.start()
	r.wants("one", "two")
	r.stop()
	r.write("app.log", "three\n")
	r.start()
	r.wants("one", "two", "three")
}

func TestACrashReadsAgainFromTheLastCheckpointAndSkipsNothing(t *testing.T) {
	r := newRig(t, func(c *tailreceiver.Config) { c.CheckpointInterval = time.Hour })
	r.write("app.log", "one\n")
	r.start()
	r.wants("one")
	crashed := r.memory.clone()
	r.stop()
	r.memory = crashed
	r.write("app.log", "two\n")
	r.start()
	require.Eventually(t, func() bool { return strings.HasSuffix(strings.Join(r.sink.taken(), " "), "two") }, patience, time.Millisecond)
	for _, b := range []string{"one", "two"} {
		require.Contains(t, r.sink.taken(), b)
	}
}

func TestACrashDoublesNoMoreThanABatchOrTwo(t *testing.T) {
	r := newRig(t, func(c *tailreceiver.Config) { c.CheckpointInterval, c.MaxBatchRecords = time.Hour, 10 })
	lines := numbered("x", 0, 500)
	r.sink.refuse = func([]string) error {
		if len(r.sink.bodies) >= 300 {
			return errors.New("down")
		}
		return nil
	}
	r.write("app.log", lines...)
	r.start()
	require.Eventually(t, func() bool { return len(r.sink.taken()) == 300 }, patience, time.Millisecond)
	time.Sleep(10 * time.Millisecond)
	crashed := r.memory.clone()
	r.stop()
	r.memory = crashed
	r.sink.setRefuse(nil)
	r.start()
	require.Eventually(t, func() bool {
		taken := r.sink.taken()
		return taken[len(taken)-1] == strings.TrimSuffix(lines[499], "\n")
	}, patience, time.Millisecond)
	require.LessOrEqual(t, len(r.sink.taken()), 520)
	require.Subset(t, r.sink.taken(), trimmed(lines))
}

func TestDamagedCheckpointsMeanReadingAgain(t *testing.T) {
	r := newRig(t, nil)
	r.write("app.log", "one\n")
	r.start()
	r.wants("one")
	r.stop()
	for k, v := range r.memory.data {
		if len(v) > 4 {
			r.memory.data[k] = v[:len(v)-1]
		}
	}
	r.start()
	r.wants("one", "one")
	require.Equal(t, int64(1), r.counter("tidewatch_tail_checkpoint_errors"))
	require.Equal(t, 1, r.logs.FilterMessageSnippet("damaged").Len())
}

func TestStartAt(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*tailreceiver.Config)
		want   []string
	}{
		"tail":      {func(c *tailreceiver.Config) { c.StartAt, c.InitialBytes = "tail", 8 }, []string{"three", "new"}},
		"line edge": {func(c *tailreceiver.Config) { c.StartAt, c.InitialBytes = "tail", 6 }, []string{"three", "new"}},
		"end":       {func(c *tailreceiver.Config) { c.StartAt = "end" }, []string{"new"}},
		"max_age":   {func(c *tailreceiver.Config) { c.MaxAge = time.Hour }, []string{"new"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, c.change)
			r.write("app.log", "one\n", "two\n", "three\n")
			long := time.Now().Add(-2 * time.Hour)
			require.NoError(t, os.Chtimes(r.path("app.log"), long, long))
			r.start()
			require.Eventually(t, func() bool { return r.memory.clone().data["started"] != nil && len(r.memory.clone().data) > 1 }, patience, time.Millisecond)
			r.write("app.log", "new\n")
			r.wants(c.want...)
		})
	}
}

func TestAFileThatAppearsLaterIsReadFromItsBeginning(t *testing.T) {
	r := newRig(t, func(c *tailreceiver.Config) { c.StartAt = "end" })
	r.start()
	require.Eventually(t, func() bool { return r.memory.clone().data["started"] != nil }, patience, time.Millisecond)
	time.Sleep(20 * time.Millisecond) // the first look must be over
	r.write("late.log", "one\n")
	r.wants("one")
}

func TestARefusingConsumerHoldsReadingAndLosesNothing(t *testing.T) {
	r := newRig(t, nil)
	lines := numbered("x", 0, 2500)
	tries := 0
	r.sink.refuse = func([]string) error {
		if tries++; tries%2 == 1 {
			return errors.New("queue is full")
		}
		return nil
	}
	r.write("app.log", lines...)
	r.start()
	r.wants(trimmed(lines)...)
	require.Equal(t, trimmed(lines), r.sink.taken())
}

func TestAStopWhileTheConsumerRefusesKeepsTheLines(t *testing.T) {
	r := newRig(t, nil)
	r.sink.refuse = func([]string) error { return errors.New("down") }
	r.write("app.log", "one\n", "two\n")
	r.start()
	time.Sleep(20 * time.Millisecond)
	r.stop()
	require.Empty(t, r.sink.taken())
	r.sink.refuse = nil
	r.start()
	r.wants("one", "two")
}

func TestAPermanentErrorDropsAndCounts(t *testing.T) {
	r := newRig(t, nil)
	r.sink.refuse = func(bodies []string) error {
		if bodies[0] == "bad" {
			return consumererror.NewPermanent(errors.New("no"))
		}
		return nil
	}
	r.write("app.log", "bad\n")
	r.start()
	require.Eventually(t, func() bool { return r.counter("tidewatch_tail_dropped_records") == 1 }, patience, time.Millisecond)
	r.write("app.log", "good\n")
	r.wants("good")
}

func TestOnlyTheRecordsThatFailedAreTriedAgain(t *testing.T) {
	r := newRig(t, nil)
	failed := false
	r.sink.refuse = func(bodies []string) error {
		if failed || len(bodies) < 2 {
			return nil
		}
		failed = true
		r.sink.bodies = append(r.sink.bodies, bodies[0])
		rest := plog.NewLogs()
		for _, b := range bodies[1:] {
			rest.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr(b)
		}
		return consumererror.NewLogs(errors.New("half"), rest)
	}
	r.write("app.log", "one\n", "two\n", "three\n")
	r.start()
	r.wants("one", "two", "three")
}

func TestAnIncompleteLastLineWaitsForItsEnd(t *testing.T) {
	r := newRig(t, nil)
	r.write("app.log", "one\n", "tw")
	r.start()
	r.wants("one")
	r.write("app.log", "o\n")
	r.wants("one", "two")
}

func TestFlushTimeoutEndsTheWait(t *testing.T) {
	r := newRig(t, func(c *tailreceiver.Config) { c.FlushTimeout = 30 * time.Millisecond })
	r.write("app.log", "one\n", "two")
	r.start()
	r.wants("one", "two")
}

func TestLongLinesAreCutCountedAndMarked(t *testing.T) {
	r := newRig(t, func(c *tailreceiver.Config) { c.MaxLineBytes = 1024 })
	r.write("app.log", "before\n", strings.Repeat("x", 3_000_000), "\n", strings.Repeat("é", 600), "\n", "after\n")
	r.start()
	r.wants("before", strings.Repeat("x", 1024), strings.Repeat("é", 512), "after")
	require.Equal(t, int64(2), r.counter("tidewatch_tail_truncated_lines"))
}

func TestInvalidBytesStayReadable(t *testing.T) {
	r := newRig(t, nil)
	r.write("app.log", "caf\xe9 \xff\n", "naïve\n")
	r.start()
	r.wants("café ÿ", "naïve")
	require.Equal(t, int64(1), r.counter("tidewatch_tail_invalid_lines"))
}

func TestBinaryAndCompressedFilesAreLeftAlone(t *testing.T) {
	r := newRig(t, func(c *tailreceiver.Config) { c.Include = append(c.Include, c.Include[0]+".gz") })
	r.write("bin.log", "a\x00b\n")
	r.write("zip.log", "\x1f\x8b\x08 whatever\n")
	r.write("named.log.gz", "text\n")
	r.write("ok.log", "ok\n")
	r.start()
	r.wants("ok")
	require.Equal(t, int64(3), r.counter("tidewatch_tail_refused_files"))
}

func TestExcludedFilesAreNotRead(t *testing.T) {
	r := newRig(t, func(c *tailreceiver.Config) { c.Exclude = []string{"**/no*.log"} })
	r.write("nope.log", "no\n")
	r.write("yes.log", "yes\n")
	r.start()
	r.wants("yes")
}

func TestManyFilesWithFewHandles(t *testing.T) {
	r := newRig(t, func(c *tailreceiver.Config) { c.MaxOpenFiles = 3 })
	var want []string
	for i := range 40 {
		name := string(rune('a'+i%26)) + strings.Repeat("z", i/26) + ".log"
		r.write(name, "one "+name+"\n")
		want = append(want, "one "+name)
	}
	r.start()
	r.wants(want...)
	for _, w := range want {
		name := strings.TrimPrefix(w, "one ")
		r.write(name, "two "+name+"\n")
		want = append(want, "two "+name)
	}
	r.wants(want...)
}
