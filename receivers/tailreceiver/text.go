package tailreceiver

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// textOf copies data to a string of the same length, NUL bytes as spaces, and
// reports whether it is UTF-8. All strings of the records are parts of it, so it
// lives as long as the last of them: a consumer that keeps one, and not the batch,
// must clone it.
func textOf(data []byte) (text string, valid bool) {
	valid = isASCII(data) || utf8.Valid(data)
	if bytes.IndexByte(data, 0) >= 0 {
		data = bytes.ReplaceAll(data, []byte{0}, []byte{' '})
	}
	return string(data), valid
}

// isASCII is several times as fast as utf8.Valid.
func isASCII(b []byte) bool {
	const high = 0x8080808080808080
	for ; len(b) >= 64; b = b[64:] {
		w := b[:64:64]
		x := binary.LittleEndian.Uint64(w) | binary.LittleEndian.Uint64(w[8:]) | binary.LittleEndian.Uint64(w[16:]) | binary.LittleEndian.Uint64(w[24:])
		y := binary.LittleEndian.Uint64(w[32:]) | binary.LittleEndian.Uint64(w[40:]) | binary.LittleEndian.Uint64(w[48:]) | binary.LittleEndian.Uint64(w[56:])
		if (x|y)&high != 0 {
			return false
		}
	}
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
