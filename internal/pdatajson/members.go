package pdatajson

import "go.opentelemetry.io/collector/pdata/pcommon"

// Members finds names that occur twice in a map: pdata allows it, JSON servers
// refuse the document. The first occurrence counts. The zero value is ready.
type Members struct {
	seen [4]uint64 // a set of hashes, to look closer only where two agree
	n    int
	at   int
}

// Len is how many names were added.
func (s *Members) Len() int { return s.n }

// Add takes the next key of m, in the order of iteration, and reports false
// where the same key came before.
func (s *Members) Add(m pcommon.Map, key string) bool {
	at := s.at
	s.at++
	h := hash(key)
	bit := uint64(1) << (h & 63)
	word := &s.seen[h>>6&3]
	if *word&bit != 0 && occursBefore(m, key, at) {
		return false
	}
	*word |= bit
	s.n++
	return true
}

func occursBefore(m pcommon.Map, key string, at int) bool {
	i := 0
	for k := range m.All() {
		if i == at {
			return false
		}
		if k == key {
			return true
		}
		i++
	}
	return false
}

// hash mixes the length and three bytes of a key: enough to tell most keys of
// one record apart.
func hash(key string) uint32 {
	n := len(key)
	if n == 0 {
		return 0
	}
	h := uint32(n) + uint32(key[0])<<7 + uint32(key[n/2])<<14 + uint32(key[n-1])<<20
	return h * 2654435761 >> 24
}
