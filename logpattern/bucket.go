package logpattern

import "math/bits"

// bucket holds the patterns that have the same number of elements. The words of
// each are summed up in one integer, so that a line is compared only with those
// that may be like it.
type bucket struct {
	patterns []*pattern
	words    []uint64
}

// wordSetOf sets a bit for each constant word and counts the variables.
func wordSetOf(elems []uint64) (set uint64, variables int) {
	for _, e := range elems {
		if e == 0 {
			variables++
			continue
		}
		set |= 1 << (e >> 58)
	}
	return set, variables
}

func (b *bucket) add(p *pattern) {
	set, _ := wordSetOf(p.elems)
	p.at = len(b.patterns)
	b.patterns, b.words = append(b.patterns, p), append(b.words, set)
}

func (b *bucket) remove(p *pattern) {
	last := len(b.patterns) - 1
	b.patterns[p.at], b.words[p.at] = b.patterns[last], b.words[last]
	b.patterns[p.at].at = p.at
	b.patterns[last] = nil
	b.patterns, b.words = b.patterns[:last], b.words[:last]
}

// update is to be called when p has a word less.
func (b *bucket) update(p *pattern) { b.words[p.at], _ = wordSetOf(p.elems) }

// near appends the patterns that may differ from the line in one word at most,
// apart from places where one of them is variable.
func (b *bucket) near(dst []*pattern, elems []uint64) []*pattern {
	set, variables := wordSetOf(elems)
	for i, w := range b.words {
		if bits.OnesCount64(w&^set) <= 1+variables {
			dst = append(dst, b.patterns[i])
		}
	}
	return dst
}
