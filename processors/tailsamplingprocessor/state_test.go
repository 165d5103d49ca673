package tailsamplingprocessor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestRestart carries what is usual, and the counts of what was dropped, over a restart.
func TestRestart(t *testing.T) {
	r := newRig(t, func(c *Config) { c.SpansPerSecond = 5 })
	for range 700 {
		r.trace("home", 5, 10*time.Millisecond, false)
		r.trace("home", 5, 10*time.Millisecond, false)
		r.pass(time.Second)
	}
	r.pass(10 * time.Second)
	before := r.kept().counts["rest"]
	saved, err := r.s.history.snapshot()
	require.NoError(t, err)

	after := newRig(t, func(c *Config) { c.SpansPerSecond = 5 })
	after.now = r.now
	require.NoError(t, after.s.history.restore(saved))
	after.trace("home", 5, 100*time.Millisecond, false)
	after.trace("once a night", 5, 10*time.Millisecond, false)
	after.pass(10 * time.Second)
	after.trace("home", 5, 10*time.Millisecond, false)
	after.pass(10 * time.Second)
	o := after.kept()
	require.Equal(t, 1, o.traces["slow"])
	require.Equal(t, 1, o.traces["rare"])
	require.Equal(t, 1401, before+o.counts["rest"], "what was dropped before is counted")
}

func TestRestoreRefuses(t *testing.T) {
	for _, bad := range []string{
		"{", `{"version":9}`, `{"version":1,"operations":[{"id":1,"counts":[-1]}]}`, `{"version":1,"operations":[{"id":1,"first":-1,"counts":[1]}]}`,
		`{"version":1,"operations":[{"id":1,"first":135,"counts":[1,1]}]}`,
	} {
		r := newRig(t, nil)
		require.Error(t, r.s.history.restore([]byte(bad)), bad)
	}
	r := newRig(t, func(c *Config) { c.MaxOperations, c.MaxPaths = 1, 1 })
	require.NoError(t, r.s.history.restore(nil))
	require.NoError(t, r.s.history.restore([]byte(`{"version":1,"operations":[{"id":1,"counts":[1]},{"id":2}],"paths":[{"id":1,"weight":1},{"id":2,"weight":1,"dropped":[0,0,0,5]}],"orphaned":[1,0,0,2]}`)))
	require.Len(t, r.s.history.operations, 1)
	require.Len(t, r.s.history.paths, 1)
	require.Equal(t, [reasons]int64{1, 0, 0, 7}, r.s.history.orphaned)
}

func FuzzRestore(f *testing.F) {
	f.Add([]byte(`{"version":1,"operations":[{"id":1,"first":3,"counts":[1,2]}],"paths":[{"id":1,"weight":1}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := newRig(t, nil)
		if r.s.history.restore(b) != nil {
			return
		}
		r.trace("a", 3, time.Millisecond, false)
		r.pass(time.Minute)
		_, err := r.s.history.snapshot()
		require.NoError(t, err)
	})
}
