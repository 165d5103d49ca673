package segmentlog_test

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/segmentlog"
)

func open(t testing.TB, dir string, opt segmentlog.Options) *segmentlog.Log {
	t.Helper()
	l, err := segmentlog.Open(dir, opt)
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	return l
}

func set(key, value string) []segmentlog.Op {
	return []segmentlog.Op{{Key: key, Value: []byte(value)}}
}

func del(key string) []segmentlog.Op { return []segmentlog.Op{{Key: key}} }

func get(t testing.TB, l *segmentlog.Log, key string) string {
	t.Helper()
	v, err := l.Get(key)
	require.NoError(t, err)
	return string(v)
}

func TestValuesComeBackAfterReopening(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, segmentlog.Options{})
	require.NoError(t, l.Apply([]segmentlog.Op{{Key: "meta", Value: []byte("a")}, {Key: "0", Value: []byte("zero")}, {Key: "1", Value: []byte{}}}, true))
	require.NoError(t, l.Apply(set("meta", "b"), true))
	require.NoError(t, l.Apply(set("gone", "x"), true))
	require.NoError(t, l.Apply(del("gone"), true))
	require.NoError(t, l.Close())

	l = open(t, dir, segmentlog.Options{})
	require.Equal(t, "b", get(t, l, "meta"))
	require.Equal(t, "zero", get(t, l, "0"))
	v, err := l.Get("1")
	require.NoError(t, err)
	require.NotNil(t, v, "an empty value is a value")
	require.Empty(t, v)
	v, err = l.Get("gone")
	require.NoError(t, err)
	require.Nil(t, v)
	require.Equal(t, []uint64{0, 1}, l.Items())
}

func TestALazyChangeIsSeenAtOnceAndKeptByTheNextUrgentOne(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, segmentlog.Options{})
	require.NoError(t, l.Apply(set("a", "1"), false))
	require.Equal(t, "1", get(t, l, "a"))
	require.Empty(t, get(t, killed(t, dir), "a"))
	require.NoError(t, l.Apply(set("b", "2"), true))
	after := killed(t, dir)
	require.Equal(t, "1", get(t, after, "a"))
	require.Equal(t, "2", get(t, after, "b"))
}

// killed opens a copy of the log as the end of the process would leave it now.
func killed(t testing.TB, dir string) *segmentlog.Log {
	t.Helper()
	to := t.TempDir()
	require.NoError(t, os.CopyFS(to, os.DirFS(dir)))
	return open(t, to, segmentlog.Options{SegmentBytes: 1000})
}

func TestAQueueGivesItsSpaceBack(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, segmentlog.Options{SegmentBytes: 4 << 10})
	value := strings.Repeat("v", 500)
	const backlog = 20
	for i := range uint64(1000) {
		require.NoError(t, l.Apply([]segmentlog.Op{{Key: "meta", Value: fmt.Append(nil, i)}, {Key: segmentlog.Key(i), Value: []byte(value)}}, true))
		if i >= backlog {
			require.NoError(t, l.Apply(del(segmentlog.Key(i-backlog)), false))
		}
		require.Less(t, l.Stats().Bytes, int64(backlog*600+3*4<<10))
	}
	require.Equal(t, backlog+1, l.Stats().Keys)
}

func TestAStragglerDoesNotKeepTheSpaceOfOthers(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, segmentlog.Options{SegmentBytes: 4 << 10})
	for i := range uint64(1000) {
		require.NoError(t, l.Apply(set(segmentlog.Key(i), strings.Repeat("v", 500)), true))
		if i > 0 {
			require.NoError(t, l.Apply(del(segmentlog.Key(i)), false))
		}
		require.Less(t, l.Stats().Bytes, int64(6*4<<10))
	}
	require.Equal(t, strings.Repeat("v", 500), get(t, l, "0"))
	require.NoError(t, l.Close())
	require.Equal(t, []uint64{0}, open(t, dir, segmentlog.Options{}).Items())
}

func TestTheBudgetRefusesValuesAndTakesDeletions(t *testing.T) {
	budget := segmentlog.NewBudget(10_000)
	l := open(t, t.TempDir(), segmentlog.Options{SegmentBytes: 2000, Budget: budget})
	value := strings.Repeat("v", 900)
	n := uint64(0)
	for ; ; n++ {
		err := l.Apply(set(segmentlog.Key(n), value), true)
		if err != nil {
			require.ErrorIs(t, err, segmentlog.ErrFull)
			break
		}
	}
	require.InDelta(t, 10, n, 2)
	for i := range n / 2 {
		require.NoError(t, l.Apply(del(segmentlog.Key(i)), false))
	}
	require.NoError(t, l.Apply(set(segmentlog.Key(n), value), true), "the space of what was deleted is there again")
}

// fullDisk takes so many bytes more and then no others.
type fullDisk struct{ room int }

func (d *fullDisk) open(path string, create bool) (segmentlog.File, error) {
	flag := os.O_RDWR
	if create {
		flag |= os.O_CREATE
	}
	f, err := os.OpenFile(path, flag, 0o600)
	if err != nil {
		return nil, err
	}
	return &fullFile{File: f, disk: d}, nil
}

type fullFile struct {
	*os.File
	disk *fullDisk
}

func (f *fullFile) WriteAt(b []byte, off int64) (int, error) {
	if len(b) > f.disk.room {
		n, _ := f.File.WriteAt(b[:f.disk.room], off)
		f.disk.room = 0
		return n, &os.PathError{Op: "write", Path: f.Name(), Err: syscall.ENOSPC}
	}
	f.disk.room -= len(b)
	return f.File.WriteAt(b, off)
}

func TestAFullDiskRefusesAndGoesOnLater(t *testing.T) {
	disk := &fullDisk{room: 5000}
	dir := t.TempDir()
	l := open(t, dir, segmentlog.Options{SegmentBytes: 2000, OpenFile: disk.open})
	accepted := uint64(0)
	for {
		if err := l.Apply(set(segmentlog.Key(accepted), strings.Repeat("v", 300)), true); err != nil {
			require.ErrorIs(t, err, segmentlog.ErrFull)
			require.ErrorIs(t, err, syscall.ENOSPC)
			break
		}
		accepted++
	}
	require.Error(t, l.Stats().Failing)
	for i := range accepted {
		require.Equal(t, strings.Repeat("v", 300), get(t, l, segmentlog.Key(i)))
	}
	require.NoError(t, l.Apply(del("0"), false), "deletions are taken")
	disk.room = 1 << 20
	require.NoError(t, l.Apply(set(segmentlog.Key(accepted+7), "later"), true))
	require.NoError(t, l.Stats().Failing)
	after := killed(t, dir)
	require.Equal(t, int(accepted), after.Stats().Keys)
	require.Zero(t, after.Stats().Damage)
}

func TestADamagedValueIsAnErrorOnceAndKept(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, segmentlog.Options{})
	require.NoError(t, l.Apply(set("0", "sound"), true))
	require.NoError(t, l.Apply(set("1", "unsound"), true))
	flip(t, segments(t, dir)[0], -1)
	_, err := l.Get("1")
	require.ErrorIs(t, err, segmentlog.ErrDamaged)
	v, err := l.Get("1")
	require.NoError(t, err)
	require.Nil(t, v)
	require.Equal(t, "sound", get(t, l, "0"))
	require.Equal(t, int64(1), l.Stats().Damage.Records)
	copies, err := os.ReadDir(filepath.Join(dir, "quarantine"))
	require.NoError(t, err)
	require.Len(t, copies, 1)
}

func segments(t testing.TB, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.seg"))
	require.NoError(t, err)
	return files
}

// flip inverts a byte of a file, counted from its end if negative.
func flip(t testing.TB, path string, at int) {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	if at < 0 {
		at += len(b)
	}
	b[at] ^= 0xff
	require.NoError(t, os.WriteFile(path, b, 0o600))
}

func TestASegmentWithADamagedSummaryIsReadWhole(t *testing.T) {
	for _, at := range []int{-1, -20, -12} {
		dir := t.TempDir()
		l := open(t, dir, segmentlog.Options{SegmentBytes: 1000})
		for i := range uint64(20) {
			require.NoError(t, l.Apply(set(segmentlog.Key(i), strings.Repeat("v", 100)), true))
		}
		require.NoError(t, l.Close())
		flip(t, segments(t, dir)[0], at)
		l = open(t, dir, segmentlog.Options{SegmentBytes: 1000})
		require.Len(t, l.Items(), 20)
		require.Zero(t, l.Stats().Damage, "no value was damaged")
		require.NoError(t, l.Close())
		l = open(t, dir, segmentlog.Options{SegmentBytes: 1000})
		require.Len(t, l.Items(), 20)
	}
}

// TestModel compares a log with a map through random changes, ends of the process,
// and damage.
func TestModel(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { model(t, rand.New(rand.NewPCG(seed, 1))) })
	}
}

func model(t *testing.T, r *rand.Rand) {
	dir := t.TempDir()
	opt := segmentlog.Options{SegmentBytes: int64(500 + r.IntN(3000)), NoSync: true}
	l := open(t, dir, opt)
	want := map[string]string{}
	ever := map[string]map[string]bool{} // key -> all values it ever had
	next := uint64(0)
	for step := range 300 {
		var ops []segmentlog.Op
		for range 1 + r.IntN(3) {
			key := []string{"meta", "other", segmentlog.Key(next), segmentlog.Key(r.Uint64N(next + 1))}[r.IntN(4)]
			if key == segmentlog.Key(next) {
				next++
			}
			if r.IntN(3) == 0 {
				ops = append(ops, segmentlog.Op{Key: key})
				delete(want, key)
				continue
			}
			value := fmt.Sprint(step, strings.Repeat("x", r.IntN(200)))
			ops = append(ops, segmentlog.Op{Key: key, Value: []byte(value)})
			want[key] = value
			if ever[key] == nil {
				ever[key] = map[string]bool{}
			}
			ever[key][value] = true
		}
		require.NoError(t, l.Apply(ops, r.IntN(2) == 0))
		switch r.IntN(40) {
		case 0: // a clean restart
			require.NoError(t, l.Close())
			l = open(t, dir, opt)
		case 1: // the end of the process
			require.NoError(t, l.Flush())
			to := t.TempDir()
			require.NoError(t, os.CopyFS(to, os.DirFS(dir)))
			require.NoError(t, l.Close())
			dir, l = to, open(t, to, opt)
		}
	}
	same(t, l, want)
	require.Zero(t, l.Stats().Damage)
	require.NoError(t, l.Close())
	damageAnything(t, r, dir)
	l = open(t, dir, opt)
	missing := 0
	for key, values := range ever {
		v, err := l.Get(key)
		if err != nil {
			require.ErrorIs(t, err, segmentlog.ErrDamaged)
		}
		require.True(t, v == nil || values[string(v)], "%s = %q was never set", key, v)
		if _, ok := want[key]; ok && v == nil {
			missing++
		}
	}
	if missing > 0 {
		require.Positive(t, l.Stats().Damage.Records, "what is missing is counted")
	}
	// What is damaged is counted once, and does not keep the rest from going on.
	require.NoError(t, l.Apply(set("meta", "after"), true))
	require.NoError(t, l.Close())
	l = open(t, dir, opt)
	require.Equal(t, "after", get(t, l, "meta"))
	require.NoError(t, l.Close())
	opt.Deep = true
	require.NoError(t, open(t, dir, opt).Close())
	l = open(t, dir, opt)
	require.Zero(t, l.Stats().Damage)
	require.Equal(t, "after", get(t, l, "meta"))
	found, err := segmentlog.Verify(dir)
	require.NoError(t, err)
	for _, s := range found {
		require.Empty(t, s.Damaged)
	}
}

func same(t *testing.T, l *segmentlog.Log, want map[string]string) {
	t.Helper()
	got := map[string]string{}
	require.NoError(t, l.Walk(func(key string, value []byte) bool { got[key] = string(value); return true }))
	for key := range want {
		require.Equal(t, want[key], got[key])
	}
	for key := range got {
		require.Contains(t, slices.Collect(maps.Keys(want)), key)
	}
	require.Equal(t, len(want), l.Stats().Keys)
	require.Len(t, l.Items(), l.Len())
}

// damageAnything inverts, cuts off or overwrites some bytes of some segment.
func damageAnything(t *testing.T, r *rand.Rand, dir string) {
	files := segments(t, dir)
	path := files[r.IntN(len(files))]
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	if len(b) == 0 {
		return
	}
	at := r.IntN(len(b))
	switch r.IntN(3) {
	case 0:
		b[at] ^= byte(1 + r.IntN(255))
	case 1:
		b = b[:at]
	case 2:
		copy(b[at:], bytes.Repeat([]byte{byte(r.IntN(256))}, 1+r.IntN(500)))
	}
	require.NoError(t, os.WriteFile(path, b, 0o600))
}

func TestErrorsAfterClose(t *testing.T) {
	l := open(t, t.TempDir(), segmentlog.Options{})
	require.NoError(t, l.Close())
	require.ErrorIs(t, l.Apply(set("a", "b"), true), segmentlog.ErrClosed)
	_, err := l.Get("a")
	require.ErrorIs(t, err, segmentlog.ErrClosed)
	require.NoError(t, l.Close())
}

func FuzzOpen(f *testing.F) {
	dir := f.TempDir()
	l, err := segmentlog.Open(dir, segmentlog.Options{})
	require.NoError(f, err)
	require.NoError(f, l.Apply(set("1", "one"), true))
	require.NoError(f, l.Close())
	b, err := os.ReadFile(segments(f, dir)[0])
	require.NoError(f, err)
	f.Add(b, uint16(3))
	f.Fuzz(func(t *testing.T, b []byte, at uint16) {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "0000000000000001.seg"), b, 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "0000000000000002.seg"), b[min(int(at), len(b)):], 0o600))
		l := open(t, dir, segmentlog.Options{SegmentBytes: 100})
		require.NoError(t, l.Apply(set("k", "v"), true))
		require.Equal(t, "v", get(t, l, "k"))
		require.NoError(t, l.Walk(func(string, []byte) bool { return true }))
	})
}

func TestALogCanBeLookedAtWhileItIsUsed(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, segmentlog.Options{SegmentBytes: 1000})
	for i := range uint64(20) {
		require.NoError(t, l.Apply(set(segmentlog.Key(i), strings.Repeat("v", 100)), true))
	}
	flip(t, segments(t, dir)[0], 300)
	before, err := os.ReadDir(dir)
	require.NoError(t, err)
	look := open(t, dir, segmentlog.Options{SegmentBytes: 1000, ReadOnly: true})
	require.Len(t, look.Items(), 20)
	require.ErrorIs(t, look.Apply(set("a", "b"), true), segmentlog.ErrReadOnly)
	require.ErrorIs(t, look.Apply(del("1"), false), segmentlog.ErrReadOnly)
	_, err = look.Get("2")
	require.ErrorIs(t, err, segmentlog.ErrDamaged)
	found, err := segmentlog.Verify(dir)
	require.NoError(t, err)
	records, damaged := 0, 0
	for _, s := range found {
		records, damaged = records+s.Records, damaged+len(s.Damaged)
		require.Zero(t, s.Unfinished)
	}
	require.Equal(t, 19, records)
	require.Equal(t, 1, damaged)
	after, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, after, len(before))
	require.NoError(t, l.Apply(set("20", "goes on"), true))
}
