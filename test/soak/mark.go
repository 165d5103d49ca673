package main

import (
	"bytes"
	"strconv"
)

// Every record carries its number. A line has a mark, a word that no format takes apart:
// markWord, the letter of its stream, ten digits and an x.
const (
	markWord = "twq"
	markLen  = len(markWord) + 1 + 10 + 1
	// spanPrefix begins the id of every span; the rest is its number.
	spanPrefix = 0x7e57_0000_0000_0000
	spanDigits = "7e57"
)

func appendMark(b []byte, stream, n int) []byte {
	b = append(b, markWord...)
	b = append(b, byte('a'+stream))
	var digits [10]byte
	for i := len(digits) - 1; i >= 0; i-- {
		digits[i] = byte('0' + n%10)
		n /= 10
	}
	return append(append(b, digits[:]...), 'x')
}

// findMark finds the first mark.
func findMark(b []byte) (stream, n int, ok bool) {
	for {
		i := bytes.Index(b, []byte(markWord))
		if i < 0 || len(b) < i+markLen {
			return 0, 0, false
		}
		m := b[i : i+markLen]
		b = b[i+len(markWord):]
		stream = int(m[len(markWord)]) - 'a'
		if stream < 0 || stream >= len(streams) || m[markLen-1] != 'x' {
			continue
		}
		n, err := strconv.Atoi(string(m[len(markWord)+1 : markLen-1]))
		if err == nil && n >= 0 {
			return stream, n, true
		}
	}
}

// findSpan finds the number in a span's id as Elasticsearch gets it.
func findSpan(doc []byte) (n int, ok bool) {
	const field = `"span.id":"` + spanDigits
	i := bytes.Index(doc, []byte(field))
	if i < 0 || len(doc) < i+len(field)+12 {
		return 0, false
	}
	v, err := strconv.ParseUint(string(doc[i+len(field):i+len(field)+12]), 16, 63)
	return int(v), err == nil
}
