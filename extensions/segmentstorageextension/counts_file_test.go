package segmentstorageextension

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCountsSurviveAStepThatWasCutShort(t *testing.T) {
	dir := t.TempDir()
	c := openCounts(dir, false)
	_, ok := c.newest()
	require.False(t, ok, "a new file says nothing")
	for step := range uint64(5) {
		c.write(&tally{step: step, waiting: int64(10 * step), notes: []byte("notes"), moved: map[uint64]uint64{7: step}})
	}
	other := openCounts(dir, true)
	got, ok := other.newest()
	require.True(t, ok)
	require.Equal(t, tally{step: 4, waiting: 40, notes: []byte("notes"), moved: map[uint64]uint64{7: 4}}, got)

	c.slots[9] ^= 1 // in the newer slot
	got, ok = c.newest()
	require.True(t, ok)
	require.Equal(t, uint64(3), got.step)
	c.close()

	path := filepath.Join(dir, countsName)
	require.NoError(t, os.Truncate(path, 100))
	c = openCounts(dir, false)
	_, ok = c.newest()
	require.False(t, ok)
	c.write(&tally{step: 8, waiting: 1})
	got, ok = c.newest()
	require.True(t, ok)
	require.Equal(t, int64(1), got.waiting)
	require.NoError(t, os.Truncate(path, 0))
	c.write(&tally{step: 9}) // a page that is gone is no reason to end
	c.write(&tally{step: 10, notes: make([]byte, slotBytes)})
	c.close()
}

func FuzzParseSlot(f *testing.F) {
	c := counts{slots: make([]byte, 2*slotBytes)}
	c.write(&tally{step: 2, waiting: 3, notes: []byte("notes"), moved: map[uint64]uint64{1: 2}})
	f.Add(c.slots[:100])
	f.Fuzz(func(_ *testing.T, b []byte) {
		slot := make([]byte, slotBytes)
		copy(slot, b)
		_, _ = parseSlot(slot)
	})
}
