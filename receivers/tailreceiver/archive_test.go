package tailreceiver_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/receivers/tailreceiver"
)

// compress does what gzip does with a file.
func compress(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.ReadFile(from)
	require.NoError(t, err)
	out, err := os.Create(to)
	require.NoError(t, err)
	zip := gzip.NewWriter(out)
	_, err = zip.Write(in)
	require.NoError(t, err)
	require.NoError(t, zip.Close())
	require.NoError(t, out.Close())
	require.NoError(t, os.Remove(from))
}

func TestTheRestOfAFileIsReadFromItsArchive(t *testing.T) {
	for name, rotate := range map[string]func(t *testing.T, r *rig) string{
		"compressed at once": func(t *testing.T, r *rig) string {
			compress(t, r.path("app.log"), r.path("app.log.1.gz"))
			return "app.log.1.gz"
		},
		"dated": func(t *testing.T, r *rig) string {
			compress(t, r.path("app.log"), r.path("app.log-20260309.gz"))
			return "app.log-20260309.gz"
		},
		"copied, truncated and compressed": func(t *testing.T, r *rig) string {
			copyTruncate(t, r.path("app.log"), r.path("app.log.1"))
			compress(t, r.path("app.log.1"), r.path("app.log.1.gz"))
			return "app.log.1.gz"
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachGlob(t, func(t *testing.T, r *rig) {
				lines := numbered("x", 0, 3000)
				r.whileDown(lines[:1000], func() {
					r.write("app.log", lines[1000:]...)
					r.write("app.log", "no end")
					rotate(t, r)
					r.write("app.log", "fresh\n")
				})
				want := append(trimmed(lines), "no end", "fresh")
				r.wants(want...)
				for _, ld := range r.sink.logs {
					path, _ := ld.ResourceLogs().At(0).Resource().Attributes().Get("log.file.path")
					require.Equal(t, r.path("app.log"), path.Str())
				}
				r.stop()
				r.start()
				r.write("app.log", "end\n")
				r.wants(append(want, "end")...)
			})
		})
	}
}

func TestAnArchiveThatIsCutIsReadOnWhenItIsWhole(t *testing.T) {
	r := newRig(t, nil)
	globs["glob"](r)
	lines := numbered("x", 0, 40_000)
	var whole []byte
	r.whileDown(lines[:1000], func() {
		r.write("app.log", lines[1000:]...)
		compress(t, r.path("app.log"), r.path("app.log.1.gz"))
		var err error
		whole, err = os.ReadFile(r.path("app.log.1.gz"))
		require.NoError(t, err)
		require.NoError(t, os.Truncate(r.path("app.log.1.gz"), int64(len(whole)/2)))
		r.write("app.log", "fresh\n")
	})
	require.Eventually(t, func() bool { return len(r.sink.taken()) > 1001 }, patience, time.Millisecond)
	require.NoError(t, os.WriteFile(r.path("app.log.1.gz"), whole, 0o600))
	r.wants(append(trimmed(lines), "fresh")...)
}

func TestArchivesOfWhatWasReadOrNeverSeenAreLeftAlone(t *testing.T) {
	r := newRig(t, nil)
	globs["glob"](r)
	r.write("app.log.7", numbered("unknown", 0, 100)...)
	compress(t, r.path("app.log.7"), r.path("app.log.7.gz"))
	lines := numbered("x", 0, 100)
	r.whileDown(lines, func() {
		compress(t, r.path("app.log"), r.path("app.log.1.gz"))
		r.write("app.log", "fresh\n")
	})
	r.wants(append(trimmed(lines), "fresh")...)
	r.stop()
	r.start()
	r.write("app.log", "end\n")
	r.wants(append(trimmed(lines), "fresh", "end")...)
}

func utf16le(s string) string {
	var b strings.Builder
	for _, c := range s {
		b.WriteByte(byte(c))
		b.WriteByte(byte(c >> 8))
	}
	return b.String()
}

func TestUTF16IsDecodedAndItsPositionsAreThoseOfTheFile(t *testing.T) {
	for name, mark := range map[string]string{"mark": "\ufeff", "no mark": ""} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			lines := numbered("été line", 0, 300)
			r.whileDown(nil, func() { r.write("app.log", utf16le(mark+strings.Join(lines, ""))) })
			r.wants(trimmed(lines)...)
			r.stop()
			r.write("app.log", utf16le("more and "))
			r.start()
			r.write("app.log", utf16le("more\n"))
			r.wants(append(trimmed(lines), "more and more")...)
			record := r.sink.logs[len(r.sink.logs)-1].ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
			at, _ := record.Attributes().Get("log.file.position")
			require.Equal(t, int64(len(utf16le(mark+strings.Join(lines, "")))), at.Int())
		})
	}
}

func TestAMarkOfUTF8IsNoPartOfTheFirstLine(t *testing.T) {
	r := newRig(t, nil)
	r.write("app.log", "\xef\xbb\xbfone\n", "two\n")
	r.start()
	r.wants("one", "two")
}

func TestARateLimitMakesAFileWaitAndLosesNothing(t *testing.T) {
	r := newRig(t, func(c *tailreceiver.Config) { c.RateLimit.RecordsPerSecond, c.RateLimit.Burst = 100, 10 })
	lines := numbered("x", 0, 150) // more than a second's worth, however slow the machine is
	r.write("app.log", lines...)
	r.start()
	r.wants(trimmed(lines)...)
	require.Positive(t, r.counter("tidewatch_tail_rate_limited"))
}

func TestARateLimitCanKeepASample(t *testing.T) {
	r := newRig(t, func(c *tailreceiver.Config) {
		c.RateLimit = tailreceiver.RateLimitConfig{RecordsPerSecond: 0.001, Burst: 50, Over: "sample"}
		c.Multiline.Mode = "off"
	})
	r.write("app.log", numbered("x", 0, 500)...)
	r.start()
	require.Eventually(t, func() bool { return r.counter("tidewatch_tail_dropped_records") == 450 }, patience, time.Millisecond)
	require.Eventually(t, func() bool { return len(r.sink.taken()) >= 50 }, patience, time.Millisecond) // they are given on after the others are counted
	require.Len(t, r.sink.taken(), 50)
}
