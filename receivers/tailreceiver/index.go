package tailreceiver

import "slices"

// maxCandidates bounds how many contents with the same beginning a new file is
// compared with; the newest are the likeliest.
const maxCandidates = 64

// index finds content by its beginning. The store's lock guards it.
type index struct {
	heads    map[uint64][]contentID
	families map[uint64]int // how many contents have a name of the family
}

// headKey is what a file and its rotated copies have in common: the family of
// their names and their first bytes.
func headKey(path string, mark uint32) uint64 { return family(path) ^ uint64(mark)<<17 }

func (x *index) keys(c *checkpoint) (keys [2]uint64) {
	if len(c.Marks) > 0 {
		keys[0] = headKey(c.Path, c.Marks[0])
	}
	if c.PrefixLen == maxPrefix {
		keys[1] = c.PrefixHash
	}
	return keys
}

// update takes note that was becomes c; either may be nil.
func (x *index) update(was, c *checkpoint) {
	var before, after [2]uint64
	if was != nil {
		if c != nil && was.Path == c.Path && (len(was.Marks) > 0) == (len(c.Marks) > 0) && was.PrefixLen == c.PrefixLen &&
			was.PrefixHash == c.PrefixHash && (len(c.Marks) == 0 || was.Marks[0] == c.Marks[0]) {
			return
		}
		before = x.keys(was)
		x.family(was.Path, -1)
	}
	if c != nil {
		after = x.keys(c)
		x.family(c.Path, 1)
	}
	for i := range before {
		if before[i] == after[i] {
			continue
		}
		x.removeKey(before[i], was)
		if after[i] != 0 {
			if x.heads == nil {
				x.heads = map[uint64][]contentID{}
			}
			ids := x.heads[after[i]]
			if len(ids) >= 4*maxCandidates {
				ids = slices.Delete(ids, 0, 2*maxCandidates)
			}
			x.heads[after[i]] = append(ids, c.id())
		}
	}
}

func (x *index) removeKey(key uint64, c *checkpoint) {
	if key == 0 {
		return
	}
	ids := x.heads[key]
	if i := slices.Index(ids, c.id()); i >= 0 {
		ids = slices.Delete(ids, i, i+1)
	}
	if x.heads[key] = ids; len(ids) == 0 {
		delete(x.heads, key)
	}
}

func (x *index) family(path string, n int) {
	if x.families == nil {
		x.families = map[uint64]int{}
	}
	key := family(path)
	if x.families[key] += n; x.families[key] <= 0 {
		delete(x.families, key)
	}
}

// related reports whether more than one content has a name like this one, or one
// that is not the file's own.
func (s *store) related(path string, own contentID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.kin.families[family(path)]
	if c := s.files[bucketOf(own)][own]; c != nil && family(c.Path) == family(path) {
		n--
	}
	return n > 0
}

// candidates returns the contents that begin like a file, the newest first:
// relatives by name, then, if prefix is not zero, those with the same prefix.
func (s *store) candidates(path string, mark uint32, prefix uint64) []checkpoint {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []checkpoint
	for _, key := range []uint64{headKey(path, mark), prefix} {
		ids := s.kin.heads[key]
		for i := len(ids) - 1; key != 0 && i >= 0 && len(out) < maxCandidates; i-- {
			c := s.files[bucketOf(ids[i])][ids[i]]
			if c != nil && !slices.ContainsFunc(out, func(o checkpoint) bool { return o.id() == c.id() }) {
				out = append(out, *c)
			}
		}
	}
	return out
}
