package frame_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/logpattern/frame"
)

func TestRoundTrip(t *testing.T) {
	in := []frame.Frame{{Name: "a", Data: []byte("one")}, {Name: "", Data: []byte{}}, {Name: "c", Data: []byte("three")}}
	out, err := frame.Unpack(frame.Pack(in), 10)
	require.NoError(t, err)
	require.Equal(t, in, out)
	out, err = frame.Unpack(frame.Pack(in), 2)
	require.NoError(t, err)
	require.Equal(t, in[:2], out)
}

func FuzzUnpack(f *testing.F) {
	f.Add(frame.Pack([]frame.Frame{{Name: "a", Data: []byte("one")}}))
	f.Add([]byte("TWFR\x01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := frame.Unpack(b, 4); err != nil {
			require.ErrorIs(t, err, frame.ErrCorrupt)
		}
	})
}
