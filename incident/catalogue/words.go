package catalogue

import (
	"math/bits"
	"strings"
)

const (
	// maxWords bounds a word sequence.
	maxWords = 16
	// maxGap is how many characters may stand between two words of a sequence: as in
	// `"status" : 503`.
	maxGap = 4
	// anyWord is the hash that stands for "*", codeWord the one for {code} in a form.
	anyWord  = 0
	codeWord = 1
)

// inWord tells the bytes of words: letters, digits, _ and all beyond ASCII.
var inWord = func() (t [256]bool) {
	for c := range 256 {
		b := byte(c)
		t[c] = b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z' || b >= '0' && b <= '9' || b == '_' || b >= 0x80
	}
	return t
}()

// ends is 1 for the bytes that end a word.
var ends = func() (t [256]uint8) {
	for b, in := range inWord {
		if !in {
			t[b] = 1
		}
	}
	return t
}()

// word finds the next word of text at or after i: its hash, where it begins and ends.
// The end is zero if there is none.
func word(text string, i int) (hash uint64, begin, end int) {
	for i < len(text) && !inWord[text[i]] {
		i++
	}
	if i == len(text) {
		return 0, 0, 0
	}
	begin = i
	for i++; i+8 <= len(text); i += 8 { // eight bytes without a branch
		w := text[i : i+8]
		out := ends[w[0]] | ends[w[1]]<<1 | ends[w[2]]<<2 | ends[w[3]]<<3 |
			ends[w[4]]<<4 | ends[w[5]]<<5 | ends[w[6]]<<6 | ends[w[7]]<<7
		if out != 0 {
			i += bits.TrailingZeros8(out)
			return hashOf(text, begin, i), begin, i
		}
	}
	for i < len(text) && inWord[text[i]] {
		i++
	}
	return hashOf(text, begin, i), begin, i
}

const (
	lower  = 0x2020202020202020 // makes letters lower case and leaves digits as they are
	primeA = 0x9E3779B97F4A7C15
	primeB = 0xC2B2AE3D27D4EB4F
)

// hashOf mixes the bytes of text from begin to end eight at a time, whatever their case.
func hashOf(text string, begin, end int) uint64 {
	h := uint64(end-begin) * primeB
	for ; end-begin >= 8; begin += 8 {
		h = mix(h ^ (load(text[begin:]) | lower))
	}
	var rest uint64
	if begin+8 <= len(text) {
		rest = load(text[begin:]) & (1<<(8*uint(end-begin)) - 1)
	} else {
		for i := end - 1; i >= begin; i-- {
			rest = rest<<8 | uint64(text[i])
		}
	}
	h = mix(h ^ (rest | lower))
	return max(h, codeWord+1)
}

func load(w string) uint64 {
	_ = w[7]
	return uint64(w[0]) | uint64(w[1])<<8 | uint64(w[2])<<16 | uint64(w[3])<<24 |
		uint64(w[4])<<32 | uint64(w[5])<<40 | uint64(w[6])<<48 | uint64(w[7])<<56
}

func mix(x uint64) uint64 {
	x *= primeA
	return x ^ x>>32
}

// codeText stands in a form for the code of each entry.
const codeText = "{code}"

// sequence returns the hashes of the words of a matcher or form.
func sequence(s string) []uint64 {
	var hashes []uint64
	for i := 0; i < len(s); {
		if strings.HasPrefix(s[i:], codeText) {
			hashes = append(hashes, codeWord)
			i += len(codeText)
			continue
		}
		if s[i] == '*' {
			hashes = append(hashes, anyWord)
			i++
			continue
		}
		if !inWord[s[i]] {
			i++
			continue
		}
		h, _, end := word(s, i)
		hashes = append(hashes, h)
		i = end
	}
	return hashes
}

// near reports whether a word that begins at begin belongs to one that ended at end:
// not far from it, not in the next field of a JSON object and not in a URL's query.
func near(text string, end, begin int) bool {
	if begin-end > maxGap {
		return false
	}
	for i := end; i < begin; i++ {
		switch text[i] {
		case '+', '&', '?':
			return false
		case '"':
			if text[i+1] == ',' {
				return false
			}
		}
	}
	return true
}

// follows reports whether the words of rest stand in text from i on, each close to
// the one before it, and which word stands at the place of codeWord.
func follows(text string, i int, rest []uint64) (code uint64, ok bool) {
	for _, want := range rest {
		h, begin, end := word(text, i)
		if end == 0 || !near(text, i, begin) {
			return 0, false
		}
		switch want {
		case anyWord:
		case codeWord:
			if text[begin-1] == '/' { // a path: /status/503
				return 0, false
			}
			code = h
		case h:
		default:
			return 0, false
		}
		i = end
	}
	return code, true
}

// contains reports whether the sequence stands anywhere in text.
func contains(text string, words []uint64) bool {
	for i := 0; ; {
		h, _, end := word(text, i)
		if end == 0 {
			return false
		}
		if h == words[0] {
			if _, ok := follows(text, end, words[1:]); ok {
				return true
			}
		}
		i = end
	}
}
