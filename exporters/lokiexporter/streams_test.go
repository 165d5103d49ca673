package lokiexporter

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// ofStream is what one batch has of a stream.
func ofStream(labels string, at time.Time, size int) *stream {
	return &stream{id: streamID{labels: labels}, oldest: at.UnixNano(), newest: at.UnixNano(), size: size}
}

func TestStreamsThatMayBeRefusedGoAlone(t *testing.T) {
	s := newStreams(0, 0)
	st := ofStream("{a}", start, 100)
	require.True(t, s.alone(st, start), "it is new")
	s.take(st, st.newest, start)
	require.False(t, s.alone(ofStream("{a}", start.Add(time.Second), 100), start))
	require.False(t, s.alone(ofStream("{a}", start.Add(-10*time.Minute), 100), start), "a little late")
	require.True(t, s.alone(ofStream("{a}", start.Add(-11*time.Minute), 100), start), "maybe too late")
	require.True(t, s.alone(ofStream("{a}", start, 256<<10), start), "maybe too much at once")
	require.True(t, s.alone(st, start.Add(21*time.Minute)), "the server may have let go of it")
	other := &stream{id: streamID{tenant: "b", labels: "{a}"}}
	require.True(t, s.alone(other, start), "another tenant's")
	s.doubt(st, start)
	require.True(t, s.alone(st, start.Add(59*time.Second)))
	require.False(t, s.alone(st, start.Add(time.Minute)))
}

func TestPatienceBeginsWithTheFirstRefusal(t *testing.T) {
	s := newStreams(time.Minute, 0)
	st := ofStream("{a}", start, 100)
	require.False(t, s.refuse(st, start))
	require.False(t, s.refuse(st, start.Add(59*time.Second)))
	require.True(t, s.refuse(st, start.Add(time.Minute)))
	s.take(st, st.newest, start.Add(time.Minute))
	require.False(t, s.refuse(st, start.Add(2*time.Minute)), "it had been taken")
	for d := range time.Duration(100) {
		require.False(t, newStreams(0, 0).refuse(st, start.Add(d*time.Hour)), "without end")
	}
}

func TestStreamsAreBounded(t *testing.T) {
	s := newStreams(0, 0)
	for i := range 3 * maxStreams {
		st := ofStream(fmt.Sprint(i), start, 100)
		s.take(st, st.newest, start.Add(time.Duration(i)*time.Millisecond))
		require.LessOrEqual(t, len(s.known), maxStreams)
	}
	require.False(t, s.alone(ofStream(fmt.Sprint(3*maxStreams-1), start, 100), start), "the last one is there")
}

func TestLateStreamsAreBounded(t *testing.T) {
	s := newStreams(0, 2)
	a, b, c := streamID{labels: "{a}"}, streamID{labels: "{b}"}, streamID{labels: "{c}"}
	require.True(t, s.open(a, start))
	require.True(t, s.open(b, start.Add(time.Minute)))
	require.False(t, s.open(c, start.Add(time.Hour)))
	require.True(t, s.open(a, start.Add(time.Hour)))
	require.True(t, s.open(c, start.Add(time.Hour+2*time.Minute)), "b is gone")
	require.False(t, newStreams(0, 0).open(a, start))
}

func TestALabelIsPutInItsPlace(t *testing.T) {
	for set, want := range map[string]string{
		`{}`:                              `{m="x\"y"}`,
		`{a="b"}`:                         `{a="b", m="x\"y"}`,
		`{z="b"}`:                         `{m="x\"y", z="b"}`,
		`{a="b, m=\"c\"}", l="d", z=","}`: `{a="b, m=\"c\"}", l="d", m="x\"y", z=","}`,
	} {
		require.Equal(t, want, withLabel(set, "m", `x"y`))
	}
}

func TestNamesAreBounded(t *testing.T) {
	n := newNames()
	for i := range 3 * maxNames {
		k := n.member(&n.root, nil, fmt.Sprintf("attribute.%d", i))
		require.Equal(t, fmt.Sprintf("attribute_%d", i), n.of(k).text)
		n.tidy()
		require.LessOrEqual(t, len(n.known), maxNames)
		require.LessOrEqual(t, len(n.root.members), maxNames)
	}
}
