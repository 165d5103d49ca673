package logformat

import (
	"encoding/binary"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	// leastUTF16 is how many bytes tell UTF-16 without a byte order mark.
	leastUTF16 = 16
	// mostUTF16 is how many bytes are looked at.
	mostUTF16 = 4 << 10
)

// DetectUTF16 looks at the beginning of a file and returns the byte order of its
// UTF-16 text, and how many bytes of byte order mark stand in front of it. The
// order is nil if the text is not UTF-16. Without a mark it takes text to be
// UTF-16 of which nearly every second byte is NUL and hardly any other one is,
// as in any language of the Latin script; that needs 16 bytes at least.
func DetectUTF16(head []byte) (order binary.ByteOrder, bom int) {
	if len(head) >= 2 {
		switch {
		case head[0] == 0xff && head[1] == 0xfe:
			return binary.LittleEndian, 2
		case head[0] == 0xfe && head[1] == 0xff:
			return binary.BigEndian, 2
		}
	}
	if len(head) < leastUTF16 {
		return nil, 0
	}
	head = head[:min(len(head), mostUTF16)&^1]
	var zero [2]int
	for i, c := range head {
		if c == 0 {
			zero[i&1]++
		}
	}
	switch units := len(head) / 2; {
	case zero[1]*10 >= units*9 && zero[0]*100 <= units:
		return binary.LittleEndian, 0
	case zero[0]*10 >= units*9 && zero[1]*100 <= units:
		return binary.BigEndian, 0
	}
	return nil, 0
}

// AppendUTF16 appends src, which is UTF-16 in the order, to dst as UTF-8. A
// surrogate without its pair becomes U+FFFD. What src cuts at its end, half a
// unit or the first half of a pair, is left for the next call: consumed says how
// many bytes of src were read.
func AppendUTF16(dst, src []byte, order binary.ByteOrder) (out []byte, consumed int) {
	high := 1 // where the high byte of a unit is
	if order == binary.BigEndian {
		high = 0
	}
	low := 1 - high
	i := 0
	for i+1 < len(src) {
		if src[i+high] == 0 && src[i+low] < utf8.RuneSelf {
			dst = append(dst, src[i+low])
			i += 2
			continue
		}
		r := rune(src[i+high])<<8 | rune(src[i+low])
		size := 2
		if utf16.IsSurrogate(r) {
			if r < 0xdc00 && i+3 >= len(src) {
				break
			}
			pair := rune(utf8.RuneError)
			if i+3 < len(src) {
				pair = utf16.DecodeRune(r, rune(src[i+2+high])<<8|rune(src[i+2+low]))
			}
			if r = pair; r != utf8.RuneError {
				size = 4
			}
		}
		dst = utf8.AppendRune(dst, r)
		i += size
	}
	return dst, i
}

// utf16Reader decodes what it reads.
type utf16Reader struct {
	r     io.Reader
	order binary.ByteOrder
	src   []byte // read and not decoded yet, in front of free room
	n     int
	out   []byte // decoded and not handed out yet
	err   error
}

// NewUTF16Reader returns a reader of the text of r, which is UTF-16 in the order
// without a byte order mark, as UTF-8. Half a character at the end becomes U+FFFD.
func NewUTF16Reader(r io.Reader, order binary.ByteOrder) io.Reader {
	return &utf16Reader{r: r, order: order, src: make([]byte, 64<<10)}
}

func (u *utf16Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for len(u.out) == 0 {
		if u.err != nil {
			return 0, u.err
		}
		n, err := u.r.Read(u.src[u.n:])
		u.n, u.err = u.n+n, err
		var used int
		u.out, used = AppendUTF16(u.out[:0], u.src[:u.n], u.order)
		u.n = copy(u.src, u.src[used:u.n])
		if u.err != nil && u.n > 0 {
			u.out, u.n = utf8.AppendRune(u.out, utf8.RuneError), 0
		}
	}
	n := copy(p, u.out)
	u.out = u.out[n:]
	return n, nil
}
