package tailreceiver_test

import (
	"bytes"
	"errors"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"

	"github.com/tidewatch/tidewatch/receivers/tailreceiver"
)

// bombMB is how much comes out of the archives of the test.
const bombMB = 128

// zipped is text as a member of a gzip file; members follow each other.
func zipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return b.Bytes()
}

// The rest of a file may be in an archive of some KB that holds much more than memory: it
// is read a piece at a time, and a line without end is cut.
func TestArchivesThatAreBombs(t *testing.T) {
	const member, maxLine = 16 << 20, 64 << 10
	lines := numbered("x", 0, 2000)
	for name, c := range map[string]struct {
		text    string
		members int
		records int64
	}{
		"one line":   {strings.Repeat("x", member), bombMB << 20 / member, 1},
		"zeros":      {strings.Repeat("\x00", member), 1, 0}, // what a crash leaves is no line
		"many lines": {strings.Repeat(strings.Repeat("a", 4095)+"\n", member/4096), bombMB << 20 / member, bombMB << 20 / 4096},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(c *tailreceiver.Config) { c.MaxLineBytes = maxLine })
			globs["glob"](r)
			var records, longest, most atomic.Int64
			var before runtime.MemStats
			r.whileDown(lines[:1000], func() {
				archive := zipped(t, strings.Join(lines, ""))
				archive = append(archive, bytes.Repeat(zipped(t, c.text), c.members)...)
				archive = append(archive, zipped(t, "\nafter\n")...)
				require.NoError(t, os.WriteFile(r.path("app.log.1.gz"), archive, 0o600))
				require.NoError(t, os.Remove(r.path("app.log")))
				require.Less(t, len(archive), 2<<20)
				runtime.GC()
				runtime.ReadMemStats(&before)
				r.sink.setRefuse(func(bodies []string) error {
					records.Add(int64(len(bodies)))
					for _, b := range bodies {
						longest.Store(max(longest.Load(), int64(len(b))))
					}
					if records.Load()%64 < int64(len(bodies)) {
						var m runtime.MemStats
						runtime.ReadMemStats(&m)
						most.Store(max(most.Load(), int64(m.HeapAlloc)))
					}
					if c.records > 1 { // they would be kept
						return consumererror.NewPermanent(errors.New("enough"))
					}
					return nil
				})
			})
			want := 1000 + c.records + 1 // and "after"
			require.Eventually(t, func() bool { return records.Load() >= want }, 2*patience, 5*time.Millisecond)
			require.LessOrEqual(t, longest.Load(), int64(maxLine))
			require.Less(t, most.Load()-int64(before.HeapAlloc), int64(64<<20), "memory in use")
			if c.records == 1 {
				require.Eventually(t, func() bool { return r.counter("tidewatch_tail_truncated_lines") == 1 }, patience, 5*time.Millisecond)
			}
		})
	}
}
