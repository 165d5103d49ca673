package logpattern

import (
	"slices"
	"strings"
)

// OtherID is both id and template of the pattern that takes the lines for which
// there is no room.
const OtherID = "<other>"

// part is a word of a template and the text before it.
type part struct {
	lit, word string // word is empty for a variable
	elem      int32
	kind      Kind
	list      bool // one or more values, in lines of different length
}

// pattern is what the miner knows of one pattern.
type pattern struct {
	id       string
	key      uint64
	parts    []part
	tail     string
	elems    []uint64 // zero where variable
	template string   // rendered; empty after a change
	count    uint64
	first    int64 // Unix ns
	last     int64
	size     int
	at       int      // in its bucket
	chunks   uint64   // hash of what is constant between blanks
	slots    []slot   // nil until the second line
	into     *pattern // set once merged
	gone     bool     // set once evicted
}

const (
	patternOverhead = 240 // struct, map entries and slice headers
	partSize        = 48 + 8
)

func idOf(key uint64) string {
	const hexDigits = "0123456789abcdef"
	var b [16]byte
	for i := 15; i >= 0; i-- {
		b[i] = hexDigits[key&15]
		key >>= 4
	}
	return string(b[:])
}

// newPattern copies what it needs of s.
func newPattern(s *scan, key uint64, now int64) *pattern {
	p := &pattern{id: idOf(key), key: key, first: now, last: now}
	p.elems = append(make([]uint64, 0, len(s.elems)), s.elems...)
	p.parts = make([]part, 0, len(s.tokens))

	var text strings.Builder
	type span struct{ lit, word int }
	spans := make([]span, 0, len(s.tokens))
	prev := 0
	for _, t := range s.tokens {
		var sp span
		sp.lit = appendLiteral(&text, s.msg[prev:t.start], len(spans) == 0)
		if t.kind == Word {
			sp.word = int(t.end - t.start)
			text.WriteString(s.msg[t.start:t.end])
		}
		spans = append(spans, sp)
		prev = int(t.end)
	}
	rest := s.msg[prev:]
	if s.cut {
		rest = " …"
	}
	tail := appendLiteral(&text, strings.TrimRight(rest, " \t\r\n"), len(spans) == 0)
	all := text.String()
	for i, t := range s.tokens {
		sp := spans[i]
		p.parts = append(p.parts, part{lit: all[:sp.lit], word: all[sp.lit : sp.lit+sp.word], elem: t.elem, kind: t.kind})
		all = all[sp.lit+sp.word:]
	}
	p.tail = all[:tail]
	p.size = patternOverhead + 2*text.Len() + len(p.parts)*partSize + 8*len(p.elems)
	return p
}

// maxLiteral bounds the punctuation between two words that a template keeps.
const maxLiteral = 64

// appendLiteral writes the text between words with blanks collapsed.
func appendLiteral(b *strings.Builder, lit string, first bool) int {
	n := b.Len()
	space := first
	for i := 0; i < len(lit) && b.Len()-n < maxLiteral; i++ {
		if isSpace(lit[i]) {
			if !space {
				b.WriteByte(' ')
			}
			space = true
			continue
		}
		space = false
		b.WriteByte(lit[i])
	}
	return b.Len() - n
}

// Template renders the pattern; it is kept until the pattern changes.
func (p *pattern) text() string {
	if p.template != "" {
		return p.template
	}
	var b strings.Builder
	for _, t := range p.parts {
		b.WriteString(t.lit)
		if t.kind == Word {
			b.WriteString(t.word)
		} else {
			b.WriteString(t.kind.String())
		}
		if t.list {
			b.WriteString("…")
		}
	}
	b.WriteString(p.tail)
	p.template = b.String()
	if p.template == "" {
		p.template = "<empty>"
	}
	return p.template
}

// wordAt is the text of element e of p, empty if it is variable.
func (p *pattern) wordAt(e int) string {
	for i := min(e, len(p.parts)-1); i < len(p.parts); i++ {
		if int(p.parts[i].elem) == e {
			return p.parts[i].word
		}
	}
	return ""
}

// kindAt is the kind of the first word of element e.
func (p *pattern) kindAt(e int) Kind {
	for i := min(e, len(p.parts)-1); i < len(p.parts); i++ {
		if int(p.parts[i].elem) == e {
			return p.parts[i].kind
		}
	}
	return Word
}

// loosen makes element e a variable.
func (p *pattern) loosen(e int) {
	word := p.wordAt(e)
	p.elems[e] = 0
	for i := range p.parts {
		if int(p.parts[i].elem) == e {
			p.parts[i].kind, p.parts[i].word = Any, ""
		}
	}
	p.template = ""
	p.chooseSlots()
	if sl := p.slotAt(int32(e), 0); sl != nil {
		sl.addValue(word, p.count)
	}
}

// learn widens the kinds of p's variables by those of a line that matched.
func (p *pattern) learn(s *scan) {
	for i, j := 0, 0; i < len(p.parts) && j < len(s.tokens); {
		e := p.parts[i].elem
		if s.tokens[j].elem < e {
			j++
			continue
		}
		n, m := 1, 1
		for i+n < len(p.parts) && p.parts[i+n].elem == e {
			n++
		}
		for j+m < len(s.tokens) && s.tokens[j+m].elem == e {
			m++
		}
		if p.elems[e] == 0 {
			if n != m && !p.parts[i].list {
				p.collapse(i, n)
				n = 1
			}
			for k := range m {
				p.widen(i+min(k, n-1), s.tokens[j+k].kind)
			}
		}
		i, j = i+n, j+m
	}
}

// widen makes the kind of a part cover another.
func (p *pattern) widen(i int, k Kind) {
	t := &p.parts[i]
	if k == Word {
		k = Any
		if t.kind == Str || t.kind == Empty {
			k = Str // behind an equals sign or in quotes
		}
	}
	if k = join(t.kind, k); k != t.kind {
		t.kind, p.template = k, ""
	}
}

// collapse makes one list of n parts.
func (p *pattern) collapse(i, n int) {
	for k := i + 1; k < i+n; k++ {
		p.widen(i, p.parts[k].kind)
	}
	p.parts[i].list = true
	p.parts = slices.Delete(p.parts, i+1, i+n)
	p.template = ""
	for k := range p.slots {
		if sl := &p.slots[k]; int(sl.part) > i {
			sl.part = max(int32(i), sl.part-int32(n-1))
		}
	}
}
