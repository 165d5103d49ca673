package catalogue

import (
	"slices"
	"strings"
)

// Match is the code that a line tells of.
type Match struct {
	// ID is that of an entry.
	ID    string
	Class Class
}

// Matcher finds codes in lines. It holds no more of the catalogue than that needs. It
// is safe for concurrent use.
//
// All sequences are looked for in one pass over the words of a line: a byte, found by
// a word's hash, says whether a sequence begins with the word; only then the table is
// asked. A line without any code costs the hashing of its bytes.
type Matcher struct {
	begins [1 << 14]byte          // alone, inPair; may say so too often
	table  map[uint64][]candidate // by the hash of the first word, or of the first two
}

const (
	alone  = 1 << iota // a sequence of this one word
	inPair             // a longer one begins with it
)

type candidate struct {
	match Match
	rest  []uint64 // the words after the first two
	words int      // in all
	with  [][]uint64
}

func place(h uint64) uint64 { return h >> 8 & (1<<14 - 1) }

// pair joins the hashes of two neighbours.
func pair(a, b uint64) uint64 { return mix(a + b>>7) }

// Matcher returns one for all entries.
func (c *Catalogue) Matcher() *Matcher {
	m := &Matcher{table: map[uint64][]candidate{}}
	for _, e := range c.entries {
		with := make([][]uint64, 0, len(e.With))
		for _, w := range e.With {
			with = append(with, sequence(w))
		}
		for _, s := range slices.Concat(e.Matchers, c.forms[e.Family]) {
			words := sequence(strings.ReplaceAll(s, "{code}", e.Code))
			cand := candidate{match: Match{ID: e.ID(), Class: e.Class}, words: len(words), with: with}
			key, how := words[0], byte(alone)
			if len(words) > 1 {
				key, how = pair(words[0], words[1]), inPair
				cand.rest = words[2:]
			}
			m.begins[place(words[0])] |= how
			m.table[key] = append(m.table[key], cand)
		}
	}
	return m
}

// Find returns the code that line tells of. Of several, the one with the longest
// sequence of words, then the one that comes first in the line. Nothing of line is
// kept.
func (m *Matcher) Find(line string) (best Match, ok bool) {
	longest := 0
	before, last := uint64(0), 0 // a word that may begin a sequence, and its end
	for i := 0; ; {
		h, begin, end := word(line, i)
		if end == 0 {
			return best, longest > 0
		}
		if before != 0 && begin-last <= maxGap {
			longest, best = m.try(pair(before, h), line, end, longest, best)
		}
		how := m.begins[place(h)]
		if how&alone != 0 {
			longest, best = m.try(h, line, end, longest, best)
		}
		if before = 0; how&inPair != 0 {
			before, last = h, end
		}
		i = end
	}
}

// try compares what may begin before end.
func (m *Matcher) try(key uint64, line string, end, longest int, best Match) (int, Match) {
	for _, c := range m.table[key] {
		if c.words <= longest || !follows(line, end, c.rest) || !c.hasCompany(line) {
			continue
		}
		longest, best = c.words, c.match
	}
	return longest, best
}

func (c *candidate) hasCompany(line string) bool {
	if len(c.with) == 0 {
		return true
	}
	return slices.ContainsFunc(c.with, func(w []uint64) bool { return contains(line, w) })
}
