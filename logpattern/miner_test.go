package logpattern_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/logpattern"
)

// sample is a stream of messages of many statements with fresh values.
func sample(n int, seed uint64) []string {
	rng := rand.New(rand.NewPCG(seed, 1))
	users := []string{"anna", "bert", "carla", "dora", "emil", "frida"}
	forms := []func() string{
		func() string {
			return fmt.Sprintf("Accepted key for %s from 10.0.%d.%d port %d", users[rng.IntN(6)], rng.IntN(256), rng.IntN(256), rng.IntN(65536))
		},
		func() string { return fmt.Sprintf("job %d finished in %dms", rng.IntN(1e6), rng.IntN(1e4)) },
		func() string { return fmt.Sprintf("job %d failed: exit code %d", rng.IntN(1e6), rng.IntN(10)) },
		func() string { return fmt.Sprintf("GET /api/items/%d 200 %d", rng.IntN(1e6), rng.IntN(1e5)) },
		func() string {
			return fmt.Sprintf("checkpoint %x written to /data/chk/%d", rng.Uint64(), rng.IntN(100))
		},
		func() string {
			return fmt.Sprintf("volume \"%s\" is now attached to node-%d", users[rng.IntN(6)], rng.IntN(50))
		},
		func() string { return "queue drained" },
	}
	lines := make([]string, n)
	for i := range lines {
		at := start.Add(time.Duration(i) * time.Millisecond).UTC().Format("2006-01-02T15:04:05.000Z")
		lines[i] = at + " INFO [worker-" + fmt.Sprint(rng.IntN(9)) + "] " + forms[rng.IntN(len(forms))]()
	}
	return lines
}

func TestIDsAreStableFromTheFirstLine(t *testing.T) {
	one, two := logpattern.New(logpattern.Options{}), logpattern.New(logpattern.Options{})
	lines := sample(2000, 7)
	first := one.Observe(lines[0], start)
	require.True(t, first.New)
	require.Len(t, first.ID, 16)
	for _, l := range lines {
		one.Observe(l, start)
	}
	require.Equal(t, one.Resolve(first.ID), one.Observe(lines[0], start).ID)
	require.Equal(t, first.ID, two.Observe(lines[0], start).ID, "another process gives the same id")
	require.Equal(t, 7, one.Stats().Patterns)
}

func TestMergedIDIsAnAlias(t *testing.T) {
	m := logpattern.New(logpattern.Options{})
	var ids []string
	for _, u := range []string{"anna", "bert", "carla", "dora"} {
		ids = append(ids, m.Observe("Session opened on the desk of "+u+" today", start).ID)
	}
	last := ids[len(ids)-1]
	for _, id := range ids {
		require.Equal(t, last, m.Resolve(id))
		template, ok := m.Template(id)
		require.True(t, ok)
		require.Equal(t, "Session opened on the desk of <*> today", template)
	}
	require.Equal(t, uint64(4), m.Patterns()[0].Count)
	require.Positive(t, m.Stats().Merges)
}

func TestRestartKeepsIDs(t *testing.T) {
	lines := sample(5000, 3)
	whole, before := logpattern.New(logpattern.Options{}), logpattern.New(logpattern.Options{})
	for _, l := range lines[:2500] {
		whole.Observe(l, start)
		before.Observe(l, start)
	}
	after := logpattern.New(logpattern.Options{})
	require.NoError(t, after.Restore(before.Snapshot()))
	require.Equal(t, before.Patterns(), after.Patterns())
	for _, l := range lines[2500:] {
		require.Equal(t, whole.Observe(l, start), after.Observe(l, start))
	}
}

func TestBoundsHold(t *testing.T) {
	m := logpattern.New(logpattern.Options{MaxPatterns: 100, MaxBytes: 64 << 10})
	now := start
	word := func(i int) string { // letters only: nothing to type
		var b strings.Builder
		for ; i > 0; i /= 26 {
			b.WriteByte(byte('a' + i%26))
		}
		return b.String()
	}
	for i := range 20_000 {
		now = now.Add(10 * time.Millisecond)
		m.Observe(word(i+1000)+" "+word(i*7+2000)+" "+word(i*13+3000), now)
		require.LessOrEqual(t, m.Stats().Patterns, 100)
	}
	s := m.Stats()
	require.LessOrEqual(t, s.Bytes, 64<<10)
	require.Positive(t, s.Overflow)
	require.Positive(t, s.Evictions)
	require.Equal(t, logpattern.OtherID, m.Observe("zzz yyy xxx", now).ID)
	require.NotEqual(t, logpattern.OtherID, m.Observe("zzz yyy xxx", now.Add(time.Hour)).ID, "old patterns make room")
}

func TestBurstDoesNotPushOutWhatIsSeen(t *testing.T) {
	m := logpattern.New(logpattern.Options{MaxPatterns: 10})
	id := m.Observe("the steady message", start).ID
	for i := range 1000 {
		m.Observe(strings.Repeat(string(rune('a'+i%26)), 3+i/26)+" unlike", start.Add(time.Duration(i)*time.Millisecond))
	}
	got := m.Observe("the steady message", start.Add(2*time.Second))
	require.Equal(t, id, got.ID)
	require.False(t, got.New)
}

func TestHugeLine(t *testing.T) {
	m := logpattern.New(logpattern.Options{})
	for _, unit := range []string{"x", "{", "[", "a=", "\"", "a b", "1:", "../", "\\", "<", "::", "=", "é"} {
		line := strings.Repeat(unit, (10<<20)/len(unit))
		require.NotEmpty(t, m.Observe(line, start).ID)
		require.NotEmpty(t, m.Observe("2026-03-01 10:00:00 INFO "+line, start).ID)
	}
	require.Less(t, m.Stats().Bytes, 1<<20)
}

func TestObserveDoesNotAllocate(t *testing.T) {
	m := logpattern.New(logpattern.Options{})
	lines := sample(1000, 5)
	for range 2 {
		for _, l := range lines {
			m.Observe(l, start)
		}
	}
	i := 0
	require.Zero(t, testing.AllocsPerRun(2000, func() {
		m.Observe(lines[i%len(lines)], start)
		i++
	}))
}

func TestRestoreRefuses(t *testing.T) {
	m := logpattern.New(logpattern.Options{})
	m.Observe("job 1 done", start)
	good := m.Snapshot()
	for name, b := range map[string][]byte{
		"empty": nil, "other": []byte("something else entirely"), "short": good[:len(good)-3],
		"version": append(append([]byte("TWLP"), 9), good[5:]...),
	} {
		t.Run(name, func(t *testing.T) {
			fresh := logpattern.New(logpattern.Options{})
			require.ErrorIs(t, fresh.Restore(b), logpattern.ErrSnapshot)
			require.Zero(t, fresh.Stats().Patterns)
			require.True(t, fresh.Observe("job 1 done", start).New)
		})
	}
}

func FuzzObserve(f *testing.F) {
	for _, l := range sample(14, 1) {
		f.Add(l)
	}
	f.Add(`{"msg":"a \" b","x":{"y":[1,2`)
	f.Add(`level=info msg="unterminated \`)
	f.Add("[[[[((((<<<<")
	f.Add("Jan")
	f.Add("2026-03-01T")
	f.Add("1:2:3:4:5:6:7:8 ::1 \xff\xfe=\x00")
	f.Fuzz(func(t *testing.T, line string) {
		m := logpattern.New(logpattern.Options{MaxPatterns: 16})
		a := m.Observe(line, start)
		b := m.Observe(line, start)
		logpattern.LevelOf(line)
		require.True(t, a.New)
		require.Equal(t, a.ID, b.ID)
		require.False(t, b.New)
		require.NotEmpty(t, a.Template)
		m.Observe(line+" x", start)
		again := logpattern.New(logpattern.Options{MaxPatterns: 16})
		require.NoError(t, again.Restore(m.Snapshot()))
		require.Equal(t, m.Observe(line, start), again.Observe(line, start))
	})
}

func FuzzRestore(f *testing.F) {
	m := logpattern.New(logpattern.Options{})
	for _, l := range sample(50, 1) {
		m.Observe(l, start)
	}
	f.Add(m.Snapshot())
	f.Fuzz(func(_ *testing.T, b []byte) {
		m := logpattern.New(logpattern.Options{MaxPatterns: 16})
		_ = m.RestoreUnchecked(b)
		m.Observe("job 1 done", start)
		m.Snapshot()
		m.Patterns()
	})
}

// BenchmarkHostile observes lines of which none is like another.
func BenchmarkHostile(b *testing.B) {
	word := func(rng *rand.Rand, n int) string {
		w := make([]byte, n)
		for i := range w {
			w[i] = byte('a' + rng.IntN(26))
		}
		return string(w)
	}
	for name, form := range map[string]func(*rand.Rand) string{
		"words": func(r *rand.Rand) string { return word(r, 6) + " " + word(r, 7) + " " + word(r, 8) },
		"last":  func(r *rand.Rand) string { return strings.Repeat("same words ", 100) + word(r, 6) + " " + word(r, 7) },
		"colon": func(r *rand.Rand) string { return strings.Repeat("a:", 4000) + word(r, 6) },
		"brace": func(r *rand.Rand) string { return strings.Repeat("[{(<", 2000) + word(r, 6) },
	} {
		b.Run(name, func(b *testing.B) {
			m, rng, now := logpattern.New(logpattern.Options{}), rand.New(rand.NewPCG(1, 2)), start
			for b.Loop() {
				now = now.Add(time.Millisecond)
				m.Observe(form(rng), now)
			}
		})
	}
}

func BenchmarkObserve(b *testing.B) {
	m := logpattern.New(logpattern.Options{})
	lines := sample(10_000, 2)
	bytes := 0
	for _, l := range lines {
		m.Observe(l, start)
		bytes += len(l)
	}
	b.SetBytes(int64(bytes / len(lines)))
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		m.Observe(lines[i], start)
		if i++; i == len(lines) {
			i = 0
		}
	}
}
