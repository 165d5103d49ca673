//go:build faults

package faults

import (
	"bytes"
	"math/rand/v2"
	"strings"
)

// tokens are what parsers look for.
var tokens = []string{
	"{", "}", `"`, `\`, `\u12`, "[", "]", "<", ">", "=", ":", "\r", "\r\n", "\n", "\t", "\x00", "\xff", "\xc3", "\xe2\x80\xa8", "\ufeff", "\x1b[31m",
	" P ", " F ", " stdout ", `"log":"`, `"time":`, "null", "1e999", "-0", "2026-13-45T99:99:99Z", "Caused by: ", "Traceback (most recent call last):",
	"\tat com.acme.A.b(A.java:1)", "panic: ", "goroutine 1 [running]:", "<191>1 ", "<999999999999>", "I0309 ", strings.Repeat("[", 300), strings.Repeat(`{"a":`, 300),
}

// mutate appends a line that was sound once. Its marks are gone, so that it does
// not count as a numbered one.
func (d *dialect) mutate(rng *rand.Rand, b []byte, i int) []byte {
	if d.binary {
		for range 1 + rng.IntN(300) {
			b = append(b, byte(rng.Uint32()))
		}
		return append(unmarked(b), '\n')
	}
	b = unmarked(d.line(b, i)) // before, too: who reads it may mend what a mutation broke
	b = b[:len(b)-1]
	for range 1 + rng.IntN(4) {
		at := rng.IntN(len(b) + 1)
		switch rng.IntN(7) {
		case 0: // another byte; of text that is encoded later, another character
			if at < len(b) {
				b[at] = d.anyByte(rng)
			}
		case 1:
			b = b[:at]
		case 2:
			b = b[at:]
		case 3:
			token := tokens[rng.IntN(len(tokens))]
			if d.encode != nil && token >= "\x80" {
				token = "x"
			}
			b = append(b[:at:at], token+string(b[at:])...)
		case 4: // twice the same
			b = append(b, b[at:]...)
		case 5: // another format goes on
			other := separate[rng.IntN(len(separate))]
			line := unmarked(other.line(nil, i))
			b = append(b[:at], line[rng.IntN(len(line)):len(line)-1]...)
		case 6:
			if rng.IntN(3000) == 0 {
				b = append(b, bytes.Repeat([]byte("long "), 210_000)...)
			}
		}
	}
	return append(unmarked(b), '\n')
}

func (d *dialect) anyByte(rng *rand.Rand) byte {
	if d.encode != nil {
		return byte(32 + rng.IntN(95))
	}
	return byte(rng.Uint32())
}

// unmarked takes the marks out of a line, in place, so that no change of one
// byte brings them back.
func unmarked(b []byte) []byte {
	for i := bytes.Index(b, []byte(mark)); i >= 0; i = bytes.Index(b, []byte(mark)) {
		b[i], b[i+1] = 'T', 'x'
	}
	return b
}

// splitLines returns the lines as the receiver defines them: without their line
// ends, and without the zero bytes that a hole in a file reads as.
func splitLines(b []byte) [][]byte {
	lines := bytes.Split(bytes.TrimSuffix(b, []byte("\n")), []byte("\n"))
	for i, line := range lines {
		lines[i] = bytes.TrimLeft(bytes.TrimSuffix(line, []byte("\r")), "\x00")
	}
	return lines
}

const byteOrderMark = "\xff\xfe"

// utf16 encodes ASCII, little endian.
func utf16(b []byte) []byte {
	out := make([]byte, 0, 2*len(b))
	for _, c := range b {
		out = append(out, c, 0)
	}
	return out
}
