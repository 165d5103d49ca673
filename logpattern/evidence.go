package logpattern

import (
	"math/bits"
	"slices"
	"strings"
)

// How many different words in one place make a variable. The results on logs of
// many kinds hardly depend on these numbers.
const (
	inFirstPlace = 10 // messages begin with what they are about
	ofNames      = 2  // two words or more in common
	ofNames1     = 3  // one word in common
	ofValues     = 4  // behind an equals sign: less may be an enumeration
	ofWords3     = 3  // three words or more in common
	ofWords2     = 5
	ofWords1     = 10
)

// needed is how many different words at element e of the line and of the
// patterns of group, which are the same otherwise, make it a variable.
func (s *scan) needed(e int, group []*pattern) int {
	same := 0
	for _, h := range s.elems {
		if h != 0 {
			same++
		}
	}
	same-- // the one that differs
	switch {
	case s.enclosed(e) && same >= 2:
		return ofNames
	case e == 0 && same >= 3 && s.names(e, group):
		return ofValues + steadiness(group)
	case e == 0:
		return inFirstPlace + steadiness(group)
	case s.valued(e):
		return max(ofValues, ofWords(same)) + steadiness(group)
	case s.labelled(e) || s.names(e, group):
		if same >= 2 {
			return ofNames + steadiness(group)
		}
		return ofNames1 + steadiness(group)
	}
	return ofWords(same) + steadiness(group)
}

func ofWords(same int) int {
	switch {
	case same >= 3:
		return ofWords3
	case same == 2:
		return ofWords2
	default:
		return ofWords1
	}
}

// steadiness is how many more different words are needed because few were seen
// in many lines: a word that stays the same in hundreds of lines is part of the
// message.
func steadiness(group []*pattern) int {
	n := uint64(0)
	for _, p := range group {
		n += p.count
	}
	return bits.Len64(n/uint64(len(group))) / 4
}

// names reports whether the words at e all look like names.
func (s *scan) names(e int, group []*pattern) bool {
	return nameLike(s.wordAt(e)) && !slices.ContainsFunc(group, func(p *pattern) bool { return !nameLike(p.wordAt(e)) })
}

// nameLike reports whether a word looks like the name of a thing rather than
// like a word of a sentence.
func nameLike(w string) bool {
	return !isEnum(w) && (strings.ContainsAny(w, "_.-$@/\\:#") || humps(w) >= 2)
}

// isEnum reports whether w is a constant in capitals ("SCREEN_ON"), perhaps
// behind a qualifier ("intent.action.SCREEN_ON").
func isEnum(w string) bool {
	return len(w) > 1 && all(w, clLetter|clUnder|clDot) && allCaps(w[strings.LastIndexByte(w, '.')+1:])
}

// labels are nouns behind which the name of such a thing follows.
var labels = wordSet(`
user host node server machine service daemon process thread worker session container pod namespace job task stage step
file directory dir folder path device disk drive volume partition interface nic port address addr peer client member
group role account name named id key token queue topic table database schema index shard replica bucket cluster zone
region domain realm module plugin driver package class method function command cmd program application app component
instance image tag branch version param parameter option property attribute variable field column channel room vm guest
tenant project stream consumer producer broker exchange link bridge network subnet route by as via called event type
rule policy profile unit target sensor cpu flag feature
`)

// labelled reports whether the word before element e is a label.
func (s *scan) labelled(e int) bool {
	if e == 0 || s.elems[e-1] == 0 {
		return false
	}
	var buf [longestListed]byte
	b, ok := lowered(s.wordAt(e-1), &buf)
	if !ok {
		return false
	}
	_, ok = labels[string(b)]
	return ok
}

// enclosed reports whether element e is a single word in parentheses.
func (s *scan) enclosed(e int) bool {
	t := s.tokenAt(e)
	return t.start > 0 && s.msg[t.start-1] == '(' && at(s.msg, int(t.end)) == ')'
}

// valued reports whether element e is behind an equals sign.
func (s *scan) valued(e int) bool {
	t := s.tokenAt(e)
	return t.start > 0 && s.msg[t.start-1] == '='
}

// tokenAt is the first token of element e.
func (s *scan) tokenAt(e int) token {
	for i := min(e, len(s.tokens)-1); i < len(s.tokens); i++ {
		if t := s.tokens[i]; int(t.elem) == e {
			return t
		}
	}
	return token{}
}

// wordAt is the text of the first token of element e.
func (s *scan) wordAt(e int) string {
	t := s.tokenAt(e)
	return s.msg[t.start:t.end]
}
