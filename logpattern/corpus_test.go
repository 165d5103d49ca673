package logpattern_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/logpattern"
)

// BenchmarkCorpus observes the lines of the file that TIDEWATCH_CORPUS names, from
// memory, and reports lines per second of CPU time, of all threads.
func BenchmarkCorpus(b *testing.B) {
	name := os.Getenv("TIDEWATCH_CORPUS")
	if name == "" {
		b.Skip("TIDEWATCH_CORPUS does not name a file of log lines")
	}
	text, err := os.ReadFile(name)
	require.NoError(b, err)
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	began, n := cpuTime(b), 0
	for b.Loop() {
		m := logpattern.New(logpattern.Options{})
		for i, l := range lines {
			m.Observe(l, start.Add(time.Duration(i)*50*time.Millisecond))
		}
		n += len(lines)
	}
	b.ReportMetric(float64(n)/(cpuTime(b)-began).Seconds(), "lines/cpu-s")
}

func cpuTime(t testing.TB) time.Duration {
	var r syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &r))
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// TestMemoryStaysFlat observes lines of which a tenth are made of words that never
// recur. TIDEWATCH_SOAK is how many, by default few.
func TestMemoryStaysFlat(t *testing.T) {
	total := 150_000
	if s := os.Getenv("TIDEWATCH_SOAK"); s != "" {
		n, err := strconv.Atoi(s)
		require.NoError(t, err)
		total = n
	}
	m, rng, now := logpattern.New(logpattern.Options{}), rand.New(rand.NewPCG(1, 2)), start
	lines := sample(5000, 9)
	word := func() string {
		var w [7]byte
		for i := range w {
			w[i] = byte('a' + rng.IntN(26))
		}
		return string(w[:])
	}
	heap := func() uint64 {
		debug.FreeOSMemory()
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		return s.HeapInuse
	}
	var early uint64
	for i := range total {
		now = now.Add(time.Millisecond)
		if i%10 == 0 {
			m.Observe(word()+" "+word()+" of "+word(), now)
		} else {
			m.Observe(lines[i%len(lines)], now)
		}
		if n := i + 1; n == total/4 || n == 1e6 || n == 1e7 || n == 1e8 {
			h := heap()
			if early == 0 {
				early = h
			}
			t.Logf("%9d lines: heap %.1f MiB, resident %s, %d patterns of %d bytes, %d evicted, %d lines to %s", n,
				float64(h)/(1<<20), resident(), m.Stats().Patterns, m.Stats().Bytes, m.Stats().Evictions, m.Stats().Overflow, logpattern.OtherID)
		}
	}
	require.Less(t, heap(), early+early/4+4<<20)
}

// resident is the memory of the process, if the system tells.
func resident() string {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return "unknown"
	}
	var all, pages int
	if _, err := fmt.Sscan(string(b), &all, &pages); err != nil {
		return "unknown"
	}
	return fmt.Sprintf("%.1f MiB", float64(pages*os.Getpagesize())/(1<<20))
}
