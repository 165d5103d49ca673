package segmentstorageextension_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestDamageIsNamedExactly ends the process while a queue is being delivered, with and
// without what waits in memory, and damages or cuts its files anywhere: what does not
// arrive in either life is what the ledger calls damaged, no more and no less.
func TestDamageIsNamedExactly(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { damageIsNamed(t, rand.New(rand.NewPCG(seed, 3))) })
	}
}

func damageIsNamed(t *testing.T, r *rand.Rand) {
	dir, written, arrived := t.TempDir(), 0, map[string]bool{}
	for life := range 1 + r.IntN(3) {
		m := startMeasured(t, dir, "block")
		b := &backend{permits: make(chan struct{}, 1000)}
		e := startQueue(t, m.ext, b, 1+r.IntN(4))
		in := m.value("items")
		for i := range 5 + r.IntN(40) {
			n := 1 + r.IntN(30)
			require.NoError(t, e.ConsumeLogs(t.Context(), several(fmt.Sprint("item ", life, i), n)))
			written += n
			in += int64(n)
		}
		deliveries := r.IntN(5)
		for range deliveries {
			b.permits <- struct{}{}
		}
		require.Eventually(t, func() bool {
			return b.successes() == deliveries && m.value("items") == in-int64(len(b.delivered()))
		}, time.Minute, time.Millisecond)
		if r.IntN(2) == 0 {
			time.Sleep(300 * time.Millisecond) // what waited in memory is in the file
		}
		dir = copyOf(t, dir)
		for _, body := range b.delivered() {
			arrived[body] = true
		}
		close(b.permits)
		require.NoError(t, e.Shutdown(context.Background()))
		m.stop()
	}
	for range 12 {
		again := copyOf(t, dir)
		hurt := hurtQueue(t, r, again)
		m := startMeasured(t, again, "block")
		last := &backend{}
		e := startQueue(t, m.ext, last, 1+r.IntN(3))
		require.Eventually(t, func() bool { return m.value("items") == 0 }, time.Minute, time.Millisecond)
		dropped, carried := m.value("dropped_items"), m.value("carried_items")
		require.NoError(t, e.Shutdown(context.Background()))
		m.stop()
		distinct := maps.Clone(arrived)
		for _, body := range last.delivered() {
			distinct[body] = true
		}
		require.Equal(t, written-len(distinct), int(dropped), "%d of %d arrived before, %d then; %s", len(arrived), written, len(last.delivered()), hurt)
		require.Len(t, last.delivered(), int(carried-dropped))
	}
}

// hurtQueue damages a file of a queue and says how.
func hurtQueue(t *testing.T, r *rand.Rand, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, queueFolder, "*.seg"))
	require.NoError(t, err)
	path := files[r.IntN(len(files))]
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	if len(b) == 0 {
		return "empty"
	}
	from := r.IntN(len(b))
	to := min(len(b), from+1+r.IntN(20_000))
	kind := r.IntN(3)
	switch kind {
	case 0:
		b = b[:from]
	case 1:
		clear(b[from:to])
	case 2:
		b[from] ^= 1 << r.IntN(8)
	}
	require.NoError(t, os.WriteFile(path, b, 0o600))
	return fmt.Sprintf("%s of %d, %d bytes, kind %d at %d to %d", filepath.Base(path), len(files), len(b), kind, from, to)
}
