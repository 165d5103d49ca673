package catalogue

import "slices"

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
// a word's hash, says whether a sequence begins with the word, and another, found by
// that of two words, whether it goes on so; only then the table is asked. A line
// without any code costs the hashing of its bytes.
type Matcher struct {
	begins [1 << 14]byte          // alone, inPair, isPair, known; may say so too often
	table  map[uint64][]candidate // by the hash of the first word, or of the first two
}

const (
	alone  = 1 << iota // a sequence of this one word, or one that goes on with a code or any word
	inPair             // one of more words begins with it
	isPair             // one of more words begins with these two
	known              // by other bits of the hash: the table has it
)

type candidate struct {
	meant
	codes map[uint64]meant // of a form: by the hash of the code; nil otherwise
	rest  []uint64         // the words after those of the key
	words int              // in all
}

// meant is what a sequence tells of, if the line has one of with as well.
type meant struct {
	match   Match
	with    [][]uint64
	general bool
}

// rank is higher for longer sequences, and for all that are not general above all
// that are.
func (w *meant) rank(words int) int {
	if w.general {
		return words
	}
	return words + maxWords
}

func place(h uint64) uint64 { return h >> 8 & (1<<14 - 1) }

func otherPlace(h uint64) uint64 { return h >> 40 & (1<<14 - 1) }

// pair joins the hashes of two neighbours.
func pair(a, b uint64) uint64 { return mix(a + b>>7) }

// Matcher returns one for all entries.
func (c *Catalogue) Matcher() *Matcher {
	m := &Matcher{table: map[uint64][]candidate{}}
	codes := map[string]map[uint64]meant{}
	for _, e := range c.entries {
		what := meant{match: Match{ID: e.ID(), Class: e.Class}, general: e.General}
		for _, w := range e.With {
			what.with = append(what.with, sequence(w))
		}
		for _, s := range e.Matchers {
			m.add(sequence(s), what, nil)
		}
		if code := sequence(e.Code); len(code) == 1 {
			if codes[e.Family] == nil {
				codes[e.Family] = map[uint64]meant{}
			}
			codes[e.Family][code[0]] = what
		}
	}
	for family, forms := range c.forms {
		for _, f := range forms {
			m.add(sequence(f), meant{}, codes[family])
		}
	}
	return m
}

func (m *Matcher) add(words []uint64, what meant, codes map[uint64]meant) {
	cand := candidate{meant: what, codes: codes, rest: words[1:], words: len(words)}
	key, how := words[0], byte(alone)
	if len(words) > 1 && words[1] != codeWord && words[1] != anyWord {
		key, how = pair(words[0], words[1]), inPair
		cand.rest = words[2:]
		m.begins[place(key)] |= isPair
	}
	m.begins[place(words[0])] |= how
	m.begins[otherPlace(key)] |= known
	m.table[key] = append(m.table[key], cand)
}

// Find returns the code that line tells of. Of several, one that is not general, then
// the one with the longest sequence of words, then the one that comes first in the
// line. Nothing of line is kept.
func (m *Matcher) Find(line string) (best Match, ok bool) {
	highest := 0
	before, last := uint64(0), 0 // a word that may begin a sequence, and its end
	for i := 0; ; {
		h, begin, end := word(line, i)
		if end == 0 {
			return best, highest > 0
		}
		if before != 0 && near(line, last, begin) {
			if two := pair(before, h); m.begins[place(two)]&isPair != 0 && m.begins[otherPlace(two)]&known != 0 {
				highest, best = m.try(two, line, end, highest, best)
			}
		}
		how := m.begins[place(h)]
		if how&alone != 0 && m.begins[otherPlace(h)]&known != 0 {
			highest, best = m.try(h, line, end, highest, best)
		}
		if before = 0; how&inPair != 0 {
			before, last = h, end
		}
		i = end
	}
}

// try compares what may begin before end.
func (m *Matcher) try(key uint64, line string, end, highest int, best Match) (int, Match) {
	for i := range m.table[key] {
		c := &m.table[key][i]
		if c.words+maxWords <= highest {
			continue
		}
		code, ok := follows(line, end, c.rest)
		if !ok {
			continue
		}
		what := c.meant
		if c.codes != nil {
			what, ok = c.codes[code]
		}
		if r := what.rank(c.words); ok && r > highest && what.hasCompany(line) {
			highest, best = r, what.match
		}
	}
	return highest, best
}

func (w *meant) hasCompany(line string) bool {
	if len(w.with) == 0 {
		return true
	}
	return slices.ContainsFunc(w.with, func(words []uint64) bool { return contains(line, words) })
}
