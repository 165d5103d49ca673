package logpattern

import "strings"

// twin looks for a pattern of the same length that differs from the line in one
// constant word at most, and merges when that word is evidently a value.
func (m *Miner) twin(s *scan) *pattern {
	list := m.byLen[len(s.elems)]
	var (
		best     *pattern
		bestSame int
		siblings []*pattern // differ in one word only
		places   []int
	)
	for _, p := range list {
		same, half, place, ok := compare(p.elems, s.elems)
		if !ok {
			continue
		}
		if place < 0 {
			if same > bestSame && same >= half && m.halvesFit(p, s, half) {
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
		for e := range s.elems {
			if s.elems[e] == 0 && best.elems[e] != 0 {
				best.loosen(e)
			}
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
			if isState(s.wordAt(e)) {
				return false
			}
		case p.elems[e] != 0 && s.elems[e] == 0:
			if isState(p.wordAt(e)) {
				return false
			}
		}
	}
	return true
}

func (s *scan) wordAt(e int) string {
	for i := min(e, len(s.tokens)-1); i < len(s.tokens); i++ {
		if t := s.tokens[i]; int(t.elem) == e {
			return s.msg[t.start:t.end]
		}
	}
	return ""
}

// mergeSiblings makes one pattern of those that differ from the line in the same
// place, if there are enough of them.
func (m *Miner) mergeSiblings(s *scan, siblings []*pattern, places []int) *pattern {
	for i := range siblings {
		place := places[i]
		word := s.wordAt(place)
		if isState(word) {
			continue
		}
		group := make([]*pattern, 0, 8)
		names := nameLike(word)
		for j, q := range siblings {
			if j < i && places[j] == place {
				group = nil // seen before
				break
			}
			if places[j] != place {
				continue
			}
			if w := q.wordAt(place); !isState(w) {
				group = append(group, q)
				names = names && nameLike(w)
			}
		}
		same, _, _, _ := compare(siblings[i].elems, s.elems)
		if group == nil || len(group)+1 < needed(same, place, names) {
			continue
		}
		return m.merge(group, place)
	}
	return nil
}

// needed is how many different words in one place make it a variable: fewer
// when they look like names and when more of the message is the same; many in
// the first place, where messages begin with what they are about.
func needed(same, place int, names bool) int {
	switch {
	case place == 0:
		return tFirst
	case names && same >= 2:
		return tName2
	case same >= 3:
		return tWord3
	case names:
		return tName1
	case same == 2:
		return tWord2
	default:
		return tWord1
	}
}

// nameLike reports whether a word looks like the name of a thing rather than
// like a word of a sentence.
func nameLike(w string) bool {
	return !isEnum(w) && (strings.ContainsAny(w, "_.-$@/\\:#") || humps(w) >= 2)
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
	into.loosen(place)
	for _, p := range group {
		if p == into {
			continue
		}
		m.absorb(into, p)
	}
	return into
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
	into.count += p.count
	into.first = min(into.first, p.first)
	into.last = max(into.last, p.last)
	m.drop(p)
	p.gone, p.into = false, into
	p.parts, p.elems, p.template = nil, nil, ""
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

// isEnum reports whether w is a constant in capitals ("SCREEN_ON"), perhaps
// behind a qualifier ("intent.action.SCREEN_ON").
func isEnum(w string) bool {
	return len(w) > 1 && all(w, clLetter|clUnder|clDot) && allCaps(w[strings.LastIndexByte(w, '.')+1:])
}

// How many different words make a variable. On labelled logs of many kinds the
// results hardly depend on these numbers.
const (
	tFirst = 10 // in the first place
	tName2 = 2  // names, two words or more in common
	tName1 = 3  // names, one word in common
	tWord3 = 3  // words, three or more in common
	tWord2 = 5
	tWord1 = 10
)
