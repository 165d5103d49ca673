package segmentstorageextension_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	segmentstorage "github.com/tidewatch/tidewatch/extensions/segmentstorageextension"
)

const queueFolder = "exporter_test_logs"

func TestReplayDeliversTheQueueOfAnotherHost(t *testing.T) {
	from, to := abandoned(t, 10, 2), abandoned(t, 3, 1)
	before := filesOf(t, from)
	done, err := segmentstorage.Replay(to, from)
	require.NoError(t, err)
	require.Equal(t, []segmentstorage.Replayed{{Name: queueFolder, Items: 10, Records: 10, InFlight: 2}}, done)
	require.Equal(t, before, filesOf(t, from), "the other directory stays as it is")

	m := startMeasured(t, to, "block")
	b := &backend{}
	e := startQueue(t, m.ext, b, 1)
	require.Equal(t, int64(13), m.value("carried_items"))
	require.Eventually(t, func() bool { return m.value("items") == 0 }, time.Minute, time.Millisecond)
	require.ElementsMatch(t, append(items(3), items(10)...), b.delivered())
	require.Zero(t, m.value("dropped_items"))
	require.NoError(t, e.Shutdown(context.Background()))
	m.stop()
}

// filesOf returns what is in the files of a directory.
func filesOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	require.NoError(t, filepath.Walk(dir, func(path string, fi os.FileInfo, err error) error {
		if err != nil || fi.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		out[path] = string(b)
		return err
	}))
	return out
}

func TestReplayFindsQueues(t *testing.T) {
	storage := abandoned(t, 4, 1)
	state := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(state, "storage"), os.DirFS(storage)))
	for _, from := range []string{storage, state, filepath.Join(storage, queueFolder)} {
		to := t.TempDir()
		done, err := segmentstorage.Replay(to, from)
		require.NoError(t, err)
		require.Equal(t, []segmentstorage.Replayed{{Name: queueFolder, Items: 4, Records: 4, InFlight: 1, New: true}}, done)
		require.ElementsMatch(t, items(4), recovered(t, to, 4))
	}
}

func TestReplayRefuses(t *testing.T) {
	used, left, empty := t.TempDir(), abandoned(t, 1, 1), t.TempDir()
	ext := start(t, used, nil)
	e := startQueue(t, ext, &backend{}, 1)
	defer func() { require.NoError(t, e.Shutdown(context.Background())) }()
	for name, c := range map[string]struct{ to, from, says string }{
		"an agent here":  {used, left, "in use by another agent"},
		"an agent there": {empty, used, "in use by another agent"},
		"itself":         {left, left, "the queues of this agent"},
		"itself, above":  {left, filepath.Join(left, queueFolder), "the queues of this agent"},
		"no queue":       {left, empty, "there is no queue in"},
		"nothing":        {left, filepath.Join(empty, "none"), "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			done, err := segmentstorage.Replay(c.to, c.from)
			require.ErrorContains(t, err, c.says)
			require.Empty(t, done)
		})
	}
}

// TestReplayAddsNothingTwice ends a replay after every part of what it writes, lets
// the agent deliver what came, and replays again, also what was copied or repaired.
func TestReplayAddsNothingTwice(t *testing.T) {
	const n = 6
	from := abandoned(t, n, 2)
	whole := t.TempDir()
	_, err := segmentstorage.Replay(whole, from)
	require.NoError(t, err)
	segment := filepath.Join(queueFolder, "0000000000000001.seg")
	written, err := os.ReadFile(filepath.Join(whole, segment))
	require.NoError(t, err)
	for size := 0; size <= len(written); size += 1 + len(written)/50 {
		to := t.TempDir()
		require.NoError(t, os.MkdirAll(filepath.Join(to, queueFolder), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(to, segment), written[:size], 0o600))
		var got []string
		if size%2 == 0 {
			got = drained(t, to)
		}
		again := []string{from, copyOf(t, from)}[size%2]
		done, err := segmentstorage.Replay(to, again)
		require.NoError(t, err)
		require.Equal(t, n, done[0].Items+done[0].Earlier, "cut at %d", size)
		require.Zero(t, done[0].Damaged)
		got = append(got, drained(t, to)...)
		require.ElementsMatch(t, items(n), got, "cut at %d", size)
		done, err = segmentstorage.Replay(to, from)
		require.NoError(t, err)
		require.Equal(t, n, done[0].Earlier)
	}
}

func TestReplayLeavesOutWhatIsDamaged(t *testing.T) {
	from, to := abandoned(t, 10, 1), t.TempDir()
	segment := filepath.Join(from, queueFolder, "0000000000000001.seg")
	b, err := os.ReadFile(segment)
	require.NoError(t, err)
	item := []byte("item 5") // its record, and no note of the queue's
	require.Equal(t, 1, bytes.Count(b, item))
	b[bytes.Index(b, item)] ^= 0xff
	require.NoError(t, os.WriteFile(segment, b, 0o600))
	done, err := segmentstorage.Replay(to, from)
	require.NoError(t, err)
	require.Equal(t, 9, done[0].Items)
	require.Equal(t, int64(1), done[0].Damaged)
	_, err = segmentstorage.Repair(from)
	require.NoError(t, err)
	done, err = segmentstorage.Replay(to, from)
	require.NoError(t, err)
	require.Equal(t, 9, done[0].Earlier, "a repair makes no other queue of it")
	require.Zero(t, done[0].Items)
	require.Len(t, drained(t, to), 9)

	// Hosts that were made from one image number their items alike.
	done, err = segmentstorage.Replay(to, twin(t))
	require.NoError(t, err)
	require.Equal(t, 1, done[0].Items)
	require.Equal(t, []string{"twin"}, drained(t, to))
}

// drained lets an agent deliver all that waits in dir, and ends it.
func drained(t *testing.T, dir string) []string {
	t.Helper()
	m := startMeasured(t, dir, "block")
	b := &backend{}
	e := startQueue(t, m.ext, b, 1)
	require.Eventually(t, func() bool { return m.value("items") == 0 }, time.Minute, time.Millisecond)
	require.NoError(t, e.Shutdown(context.Background()))
	m.stop()
	return b.delivered()
}

// twin returns the directory of a queue whose one item has the number of another's.
func twin(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	ext := start(t, dir, nil)
	b := &backend{blocked: make(chan struct{})}
	e := startQueue(t, ext, b, 1)
	require.NoError(t, e.ConsumeLogs(t.Context(), logs("twin")))
	left := copyOf(t, dir)
	close(b.blocked)
	require.NoError(t, e.Shutdown(context.Background()))
	return left
}
