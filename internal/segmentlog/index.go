package segmentlog

import "strconv"

// index knows where the newest value of every key is.
type index struct {
	segments []*segment       // oldest first
	named    map[string]place // all keys but items
	count    int              // of the keys that are numbers
	last     uint64           // largest number of an item so far
	any      bool             // there was an item
}

func (x *index) active() *segment { return x.segments[len(x.segments)-1] }

// find returns where the value of key is.
func (x *index) find(key string) (place, bool) {
	if p, ok := x.named[key]; ok {
		return p, true
	}
	num, ok := number(key)
	if !ok {
		return place{}, false
	}
	for _, s := range x.segments {
		if it := s.find(num); it != nil {
			return place{seg: s, off: int64(it.off), size: int(it.size)}, true
		}
	}
	return place{}, false
}

// set notes that a record of s set key.
func (x *index) set(s *segment, key string, off int64, size int) {
	num, ok := number(key)
	if ok && (!x.any || num > x.last) {
		s.items = append(s.items, item{num: num, off: uint32(off), size: uint32(size)})
		x.last, x.any = num, true
		x.count++
		s.gain(size)
		return
	}
	x.deleted(s, key)
	if ok {
		x.count++
	}
	x.named[key] = place{seg: s, off: off, size: size}
	s.gain(size)
}

// remove forgets key and returns the segment it was in, nil if there is no such key.
func (x *index) remove(key string) *segment {
	num, isItem := number(key)
	if p, ok := x.named[key]; ok {
		if isItem {
			x.count--
		}
		delete(x.named, key)
		p.seg.lose(p.size)
		return p.seg
	}
	if !isItem {
		return nil
	}
	for _, s := range x.segments {
		if it := s.find(num); it != nil {
			x.count--
			s.lose(int(it.size))
			it.size = 0
			return s
		}
	}
	return nil
}

// deleted notes that a record of s deleted key, or set it again.
func (x *index) deleted(s *segment, key string) {
	if from := x.remove(key); from != nil && from != s {
		s.deletes = append(s.deletes, key)
	}
}

// keys calls f for every key until it returns false; first items in the order of
// their numbers.
func (x *index) keys(f func(key string, p place) bool) {
	for _, s := range x.segments {
		for i := range s.items {
			it := &s.items[i]
			if it.size != 0 && !f(strconv.FormatUint(it.num, 10), place{seg: s, off: int64(it.off), size: int(it.size)}) {
				return
			}
		}
	}
	for key, p := range x.named {
		if !f(key, p) {
			return
		}
	}
}
