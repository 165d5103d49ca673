package logformat_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/logformat"
)

var orders = []binary.ByteOrder{binary.LittleEndian, binary.BigEndian}

func encodeUTF16(s string, order binary.ByteOrder) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, 0, 0)
		order.PutUint16(b[len(b)-2:], u)
	}
	return b
}

func TestDetectUTF16(t *testing.T) {
	text := "2026-03-09 22:14:58 Größe überschritten\r\n"
	for _, order := range orders {
		got, bom := logformat.DetectUTF16(encodeUTF16("\ufeff"+text, order))
		require.Equal(t, order, got)
		require.Equal(t, 2, bom)
		got, bom = logformat.DetectUTF16(encodeUTF16(text, order))
		require.Equal(t, order, got)
		require.Zero(t, bom)
		got, bom = logformat.DetectUTF16(encodeUTF16("\ufeff", order))
		require.Equal(t, order, got)
		require.Equal(t, 2, bom)
	}
	for name, head := range map[string][]byte{
		"empty": nil, "one byte": {0xff}, "UTF-8": []byte(text), "UTF-8 with a mark": []byte("\ufeff" + text), "hole": make([]byte, 100),
		"hole, then text": append(make([]byte, 100), text...), "too short": []byte("a\x00b\x00"), "binary": bytes.Repeat([]byte{1, 0, 0, 0}, 20),
	} {
		got, bom := logformat.DetectUTF16(head)
		require.Nil(t, got, name)
		require.Zero(t, bom, name)
	}
}

func TestAppendUTF16LeavesWhatIsCut(t *testing.T) {
	for _, order := range orders {
		src := encodeUTF16("aé世😀z", order)
		for cut := range len(src) + 1 {
			out, n := logformat.AppendUTF16([]byte(">"), src[:cut], order)
			require.LessOrEqual(t, cut-n, 3)
			out, m := logformat.AppendUTF16(out, src[n:], order)
			require.Equal(t, ">aé世😀z", string(out))
			require.Equal(t, len(src), n+m)
		}
	}
}

func TestAppendUTF16ReplacesLoneSurrogates(t *testing.T) {
	src := []byte{0x00, 0xd8, 'a', 0, 0x00, 0xdc, 'b', 0, 0x00, 0xdc}
	out, n := logformat.AppendUTF16(nil, src, binary.LittleEndian)
	require.Equal(t, "\ufffda\ufffdb\ufffd", string(out))
	require.Equal(t, len(src), n)
}

func FuzzAppendUTF16AgreesWithTheStandardLibrary(f *testing.F) {
	f.Add([]byte("a\x00b\x00\x3d\xd8\x00\xde"), true, 3)
	f.Add([]byte("\x00a\xd8"), false, 0)
	f.Fuzz(func(t *testing.T, src []byte, little bool, cut int) {
		order := orders[0]
		if !little {
			order = orders[1]
		}
		logformat.DetectUTF16(src)
		cut = min(max(cut, 0), len(src))
		out, n := logformat.AppendUTF16(nil, src[:cut], order)
		out, m := logformat.AppendUTF16(out, src[n:], order)
		require.True(t, utf8.Valid(out))
		units := make([]uint16, (n+m)/2)
		for i := range units {
			units[i] = order.Uint16(src[2*i:])
		}
		require.Equal(t, string(utf16.Decode(units)), string(out))
		require.LessOrEqual(t, len(src)-n-m, 3)
	})
}

func BenchmarkAppendUTF16(b *testing.B) {
	src := encodeUTF16(strings.Repeat("2026-03-09 22:14:58 INFO größer\r\n", 100), binary.LittleEndian)
	var out []byte
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		out, _ = logformat.AppendUTF16(out[:0], src, binary.LittleEndian)
	}
}

func TestUTF16ReaderReadsInPiecesOfAnySize(t *testing.T) {
	text := strings.Repeat("2026-03-09 22:14:58 größer 😀\r\n", 5000)
	for _, order := range orders {
		src := encodeUTF16(text, order)
		got, err := io.ReadAll(logformat.NewUTF16Reader(iotest.OneByteReader(bytes.NewReader(src[:2000])), order))
		require.NoError(t, err)
		require.Equal(t, text[:len(got)], string(got))
		got, err = io.ReadAll(logformat.NewUTF16Reader(iotest.DataErrReader(bytes.NewReader(src)), order))
		require.NoError(t, err)
		require.Equal(t, text, string(got))
		got, err = io.ReadAll(logformat.NewUTF16Reader(bytes.NewReader(src[:len(src)-1]), order))
		require.NoError(t, err)
		require.Equal(t, strings.TrimSuffix(text, "\n")+"\ufffd", string(got))
		_, err = io.ReadAll(logformat.NewUTF16Reader(iotest.ErrReader(io.ErrClosedPipe), order))
		require.ErrorIs(t, err, io.ErrClosedPipe)
	}
}
