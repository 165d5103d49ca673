package logpattern

import (
	"slices"
)

// twin looks for a pattern of the same length that differs from the line in one
// constant word at most, and merges when that word is evidently a value.
func (m *Miner) twin(s *scan) *pattern {
	b := m.byLen[len(s.elems)]
	if b == nil {
		return nil
	}
	m.list = b.near(m.list[:0], s.elems)
	var (
		best     *pattern
		bestSame int
		siblings []*pattern // differ in one word only
		places   []int
	)
	for _, p := range m.list {
		same, half, place, ok := compare(p.elems, s.elems)
		if !ok {
			continue
		}
		if place < 0 {
			if same > bestSame && (same > half || half == 1 && same >= 1) && m.halvesFit(p, s, half) {
				best, bestSame = p, same
			}
			continue
		}
		if half == 0 && len(siblings) < maxSiblings {
			siblings = append(siblings, p)
			places = append(places, place)
		}
	}
	if best != nil {
		loosened := false
		for e := range s.elems {
			if s.elems[e] == 0 && best.elems[e] != 0 {
				m.loosen(best, e)
				loosened = true
			}
		}
		if loosened {
			m.sweep(best)
		}
		return best
	}
	return m.mergeSiblings(s, siblings, places)
}

const maxSiblings = 64

// compare counts the words that a and b share and the places at which only one
// of them is variable; place is that of the one differing word, -1 if none. Not
// ok: more than one word differs, or nothing is shared.
func compare(a, b []uint64) (same, half, place int, ok bool) {
	place = -1
	for e := range a {
		x, y := a[e], b[e]
		switch {
		case x == y:
			if x != 0 {
				same++
			}
		case x == 0 || y == 0:
			half++
		case place >= 0:
			return 0, 0, 0, false
		default:
			place = e
		}
	}
	return same, half, place, same > 0
}

// halvesFit reports whether the words that stand against variables may be
// values.
func (m *Miner) halvesFit(p *pattern, s *scan, half int) bool {
	if half == 0 {
		return true
	}
	for e := range s.elems {
		if e == 0 && (p.elems[0] == 0) != (s.elems[0] == 0) && p.kindAt(0) != Any {
			return false // a message begins with what it is about
		}
		switch {
		case p.elems[e] == 0 && s.elems[e] != 0:
			if isState(s.wordAt(e)) || strict(p.kindAt(e), s.wordAt(e)) {
				return false
			}
		case p.elems[e] != 0 && s.elems[e] == 0:
			if isState(p.wordAt(e)) || strict(s.tokenAt(e).kind, p.wordAt(e)) {
				return false
			}
		}
	}
	return true
}

// mergeSiblings makes one pattern of those that differ from the line in the same
// place, if there are enough of them.
func (m *Miner) mergeSiblings(s *scan, siblings []*pattern, places []int) *pattern {
	for i, place := range places {
		if slices.Index(places, place) < i || isState(s.wordAt(place)) {
			continue
		}
		group := make([]*pattern, 0, 8)
		for j, p := range siblings {
			if places[j] == place && !isState(p.wordAt(place)) {
				group = append(group, p)
			}
		}
		if len(group) > 0 && len(group)+1 >= s.needed(place, group) {
			return m.merge(group, place)
		}
	}
	return nil
}

// merge joins the group into its most frequent pattern, whose element at place
// becomes variable; the ids of the others become aliases.
func (m *Miner) merge(group []*pattern, place int) *pattern {
	into := group[0]
	for _, p := range group[1:] {
		if p.count > into.count || p.count == into.count && p.first < into.first {
			into = p
		}
	}
	m.loosen(into, place)
	for _, p := range group {
		if p == into {
			continue
		}
		m.absorb(into, p)
	}
	m.sweep(into)
	return into
}

// loosen makes element e of p a variable.
func (m *Miner) loosen(p *pattern, e int) {
	m.resized(p, func() { p.loosen(e) })
	m.byLen[len(p.elems)].update(p)
	m.indexChunks(p)
}

// sweep absorbs the patterns that p covers, now that it has one more variable.
func (m *Miner) sweep(p *pattern) {
	for _, q := range slices.Clone(m.byLen[len(p.elems)].patterns) {
		if q != p && p.covers(q) {
			m.absorb(p, q)
		}
	}
}

// covers reports whether q differs from p only where p is variable, by words
// that may be values.
func (p *pattern) covers(q *pattern) bool {
	same := 0
	for e, x := range p.elems {
		y := q.elems[e]
		switch {
		case x == y:
			if x != 0 {
				same++
			}
		case x != 0, e == 0 && p.kindAt(0) != Any, isState(q.wordAt(e)), strict(p.kindAt(e), q.wordAt(e)):
			return false
		}
	}
	return same > 0
}

// absorb makes p an alias of into.
func (m *Miner) absorb(into, p *pattern) {
	for i := range into.parts {
		if len(into.parts) != len(p.parts) || into.parts[i].kind == Word || p.parts[i].kind == Word {
			continue
		}
		into.parts[i].kind = join(into.parts[i].kind, p.parts[i].kind)
	}
	into.template = ""
	if into.slots == nil {
		m.resized(into, into.chooseSlots)
	}
	into.joinParams(p)
	into.count += p.count
	into.first = min(into.first, p.first)
	into.last = max(into.last, p.last)
	m.drop(p)
	p.gone, p.into = false, into
	p.parts, p.elems, p.slots, p.template = nil, nil, nil, ""
	m.merged = append(m.merged, p.id)
	m.stats.Merges++
	if len(m.order) >= 4*m.opt.MaxPatterns {
		n := len(m.order) / 4
		for _, key := range m.order[:n] {
			delete(m.aliases, key)
		}
		m.order = append(m.order[:0], m.order[n:]...)
	}
	if _, dup := m.aliases[p.key]; !dup {
		m.order = append(m.order, p.key)
	}
	m.aliases[p.key] = p
}

// strict reports whether values of kind k are of a form that a plain word is
// none of.
func strict(k Kind, w string) bool {
	switch k {
	case Any, Str, ID, Empty:
		return false
	}
	return !nameLike(w) || k == Path
}
