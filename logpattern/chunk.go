package logpattern

import "strings"

// A chunk is what stands between blanks. A value may have signs in it that end a
// word ("LOCAL(0)" where an address is usual), so that lines of one statement
// differ in their number of elements; their chunks still agree.

// chunkHash is fed the words of a message and hashes what is constant, chunk by
// chunk.
type chunkHash struct {
	sum, word uint64
	variable  bool
}

func (c *chunkHash) add(blank bool, elem uint64) {
	if blank {
		c.flush()
	}
	c.variable = c.variable || elem == 0
	c.word = mix(c.word, elem)
}

func (c *chunkHash) flush() {
	if c.variable {
		c.word = 0
	}
	c.sum = mix(c.sum, c.word)
	c.word, c.variable = 1, false
}

func (s *scan) chunks() uint64 {
	c := chunkHash{word: 1}
	for i, t := range s.tokens {
		c.add(i > 0 && s.blankBefore(i), s.elems[t.elem])
	}
	c.flush()
	return c.sum
}

func (p *pattern) chunkHash() uint64 {
	c := chunkHash{word: 1}
	for i, t := range p.parts {
		c.add(i > 0 && t.blankBefore(), p.elems[t.elem])
	}
	c.flush()
	return c.sum
}

func (s *scan) blankBefore(i int) bool {
	return strings.IndexByte(s.msg[s.tokens[i-1].end:s.tokens[i].start], ' ') >= 0
}

func (t *part) blankBefore() bool { return strings.IndexByte(t.lit, ' ') >= 0 }

// sameChunks finds a pattern that agrees with the line in all chunks but one, in
// which one of them has a variable and nothing else. If it is the line, the
// pattern takes its form.
func (m *Miner) sameChunks(s *scan) *pattern {
	p := m.byChunks[s.chunks()]
	if p == nil {
		return nil
	}
	part, token, words := -1, -1, 0
	i, j := 0, 0
	for i < len(p.parts) && j < len(s.tokens) {
		n, w := p.chunkLen(i)
		k := s.chunkLen(j)
		if p.chunkEqual(i, n, s, j, k) {
			words += w
		} else {
			whole := n == 1 && p.elems[p.parts[i].elem] == 0 || k == 1 && s.elems[s.tokens[j].elem] == 0
			if part >= 0 || !whole {
				return nil
			}
			part, token = i, j
		}
		i, j = i+n, j+k
	}
	if i < len(p.parts) || j < len(s.tokens) || part < 0 || words < minChunkWords {
		return nil
	}
	if n, _ := p.chunkLen(part); n > 1 {
		if p.count >= settled {
			return p
		}
		m.reshape(p, s)
		part = token
	}
	p.widen(part, Any)
	return p
}

// settled is how many lines settle the form of a pattern.
const settled = 16

// minChunkWords is how many constant words must be the same.
const minChunkWords = 3

// chunkLen is the number of parts of the chunk that begins with part i, and how
// many of them are constant.
func (p *pattern) chunkLen(i int) (n, words int) {
	for n = 0; i+n < len(p.parts) && (n == 0 || !p.parts[i+n].blankBefore()); n++ {
		if p.elems[p.parts[i+n].elem] != 0 {
			words++
		}
	}
	return n, words
}

func (s *scan) chunkLen(j int) int {
	n := 1
	for j+n < len(s.tokens) && !s.blankBefore(j+n) {
		n++
	}
	return n
}

func (p *pattern) chunkEqual(i, n int, s *scan, j, k int) bool {
	if n != k {
		return false
	}
	for x := range n {
		if p.elems[p.parts[i+x].elem] != s.elems[s.tokens[j+x].elem] {
			return false
		}
	}
	return true
}

// reshape gives p the form of the line; id and counts stay.
func (m *Miner) reshape(p *pattern, s *scan) {
	m.unlink(p)
	q := newPattern(s, p.key, p.first)
	p.parts, p.elems, p.tail, p.template, p.slots, p.size = q.parts, q.elems, q.tail, "", nil, q.size
	m.link(p)
}
