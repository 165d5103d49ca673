package logpattern

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
	"unsafe"
)

// TopValues is how many values of a position are known by name.
const TopValues = 4

// ManyValues is what Param.Distinct says of as many different values, or more.
const ManyValues = 200

// Param sums up the values that were seen at one position of a pattern: in its
// first lines, except the very first, and later in one of eight.
type Param struct {
	// Position and Label are as in Value.
	Position int
	Label    string
	// Kind covers all values seen.
	Kind Kind
	// Count is the number of values that were looked at.
	Count uint64
	// Top are the most frequent values, at most TopValues, each with at least a
	// fiftieth of the values. Counts of values that are not frequent are estimates
	// (randomized admission: Ben Basat and others, INFOCOM 2017).
	Top []ValueCount
	// Distinct estimates how many different values there were, up to ManyValues
	// (linear counting: Whang and others, TODS 1990).
	Distinct int
	// Min and Max are the range of the values that are numbers, in seconds for a
	// Duration and in bytes for a Size; Numbers says how many are.
	Min, Max float64
	Numbers  uint64
}

// ValueCount is a value and how often it was seen.
type ValueCount struct {
	// Text is cut after maxSample bytes.
	Text  string
	Count uint64
}

const (
	// maxParams is how many positions of a pattern have statistics: the most
	// telling ones.
	maxParams = 4
	// maxSample is how many bytes of a value are kept: an address, a name.
	maxSample = 19
	slotSize  = int(unsafe.Sizeof(slot{}))
)

// slot holds the statistics of one position. It has a fixed size.
type slot struct {
	part     int32 // in pattern.parts
	elem     int32
	nth      int8
	count    uint64
	numbers  uint64
	min, max float64
	distinct uint64 // bitmap of hashes
	top      [TopValues]counted
}

// counted is a value with its count; a count of zero is a free place.
type counted struct {
	hash uint32
	n    uint32
	size uint8
	text [maxSample]byte
}

func (c *counted) set(hash uint32, n uint32, text string) {
	c.hash, c.n = hash, n
	c.size = uint8(copy(c.text[:], text))
}

// telling ranks kinds by what is learned from their values; zero is nothing, as
// of a time that is never the same.
func telling(k Kind) int {
	switch k {
	case Any, Str, ID, IP, Path, URL, Num:
		return 2
	case Duration, Size, Hex:
		return 1
	}
	return 0
}

// chooseSlots makes slots for the positions of p that tell most, of equals the
// first, keeping what is known. It changes p.size.
func (p *pattern) chooseSlots() {
	chosen := make([]slot, 0, p.worthSlots())
	for rank := 2; rank > 0; rank-- {
		last, nth := int32(-1), int8(0)
		for i, t := range p.parts {
			if nth++; t.elem != last {
				last, nth = t.elem, 0
			}
			if t.kind == Word || telling(t.kind) != rank || len(chosen) == cap(chosen) || nth >= inElement {
				continue
			}
			chosen = append(chosen, slot{part: int32(i), elem: t.elem, nth: nth})
		}
	}
	for i := range chosen {
		if old := p.slotAt(chosen[i].elem, chosen[i].nth); old != nil {
			part := chosen[i].part
			chosen[i] = *old
			chosen[i].part = part
		}
	}
	p.size += (len(chosen) - len(p.slots)) * slotSize
	p.slots = chosen
}

// worthSlots is how many slots p needs.
func (p *pattern) worthSlots() int {
	n := 0
	for _, t := range p.parts {
		if t.kind != Word && telling(t.kind) > 0 {
			n++
		}
	}
	return min(n, maxParams)
}

func (p *pattern) slotAt(elem int32, nth int8) *slot {
	for i := range p.slots {
		if p.slots[i].elem == elem && p.slots[i].nth == nth {
			return &p.slots[i]
		}
	}
	return nil
}

// eachLine is how many lines of a pattern have their values counted before it is
// one of eight.
const eachLine = 128

// sampled reports whether the values of the line that was counted last are
// looked at. Multiples of the golden ratio do not fall in step with logs that
// repeat themselves.
func (p *pattern) sampled() bool {
	return p.count <= eachLine || p.count*mix1>>61 == 0
}

// record counts the values of a line that matched p.
func (p *pattern) record(s *scan) {
	whole := len(s.tokens) == len(p.parts)
	for i := range p.slots {
		sl := &p.slots[i]
		t := token{elem: -1}
		if whole {
			t = s.tokens[sl.part]
		}
		if t.elem != sl.elem {
			if t = s.nthOf(sl.elem, sl.nth); t.elem != sl.elem {
				continue
			}
		}
		sl.add(s.msg[t.start:t.end], t.kind)
	}
}

// nthOf is the nth token of an element, one of element -1 if there is none.
func (s *scan) nthOf(elem int32, nth int8) token {
	for i := min(int(elem), len(s.tokens)); i < len(s.tokens) && s.tokens[i].elem <= elem; i++ {
		if s.tokens[i].elem == elem {
			if j := i + int(nth); j < len(s.tokens) {
				return s.tokens[j] // of another element if this one is short
			}
			break
		}
	}
	return token{elem: -1}
}

func (sl *slot) add(text string, kind Kind) {
	h := wordHash(text)
	sl.addHash(h, text)
	if kind == Num || kind == Duration || kind == Size {
		if v, ok := number(text, kind); ok {
			sl.addRange(v, v, 1)
		}
	}
}

func (sl *slot) addRange(low, high float64, n uint64) {
	if n == 0 {
		return
	}
	if sl.numbers == 0 {
		sl.min, sl.max = low, high
	} else {
		sl.min, sl.max = min(sl.min, low), max(sl.max, high)
	}
	sl.numbers += n
}

// addHash counts one value. One that is not known takes the place of the rarest
// with a chance that falls with the count of that one: a stream of values that
// never recur cannot push out the frequent ones.
func (sl *slot) addHash(h uint64, text string) {
	sl.count++
	sl.distinct |= 1 << (h * mix1 >> 58)
	low := uint32(h >> 8)
	rarest := 0
	for i := range sl.top {
		c := &sl.top[i]
		if c.hash == low && c.n > 0 {
			c.n += uint32(1 &^ (c.n >> 31))
			return
		}
		if c.n < sl.top[rarest].n {
			rarest = i
		}
	}
	c := &sl.top[rarest]
	if chance := uint32(mix(h, sl.count) >> 32); uint64(chance)*(uint64(c.n)+1)>>32 == 0 {
		c.set(low, c.n+1, text)
	}
}

// addValue counts a value that was seen n times elsewhere.
func (sl *slot) addValue(text string, n uint64) {
	if n == 0 {
		return
	}
	h := wordHash(text)
	sl.count += n
	sl.distinct |= 1 << (h * mix1 >> 58)
	var c counted
	c.set(uint32(h>>8), uint32(min(n, math.MaxInt32)), text)
	sl.merge(&c)
}

// merge adds a count to the same value, or puts it in the place of a rarer one.
func (sl *slot) merge(c *counted) {
	rarest := 0
	for i := range sl.top {
		t := &sl.top[i]
		if t.n > 0 && t.hash == c.hash {
			t.n = uint32(min(uint64(t.n)+uint64(c.n), math.MaxInt32))
			return
		}
		if t.n < sl.top[rarest].n {
			rarest = i
		}
	}
	if c.n > sl.top[rarest].n {
		sl.top[rarest] = *c
	}
}

// join adds what another pattern saw at the same position.
func (sl *slot) join(o *slot) {
	sl.count += o.count
	sl.distinct |= o.distinct
	sl.addRange(o.min, o.max, o.numbers)
	for i := range o.top {
		if o.top[i].n > 0 {
			sl.merge(&o.top[i])
		}
	}
}

// joinParams adds the statistics of q, which is merged into p. Where q has a
// constant word all its lines had that value.
func (p *pattern) joinParams(q *pattern) {
	for i := range p.slots {
		sl := &p.slots[i]
		if o := q.slotAt(sl.elem, sl.nth); o != nil {
			sl.join(o)
		} else if sl.nth == 0 && q.elems[sl.elem] != 0 {
			sl.addValue(q.wordAt(int(sl.elem)), q.count)
		}
	}
}

// estimate is the number of different values whose hashes set the bits.
func estimate(bitmap uint64) int {
	free := 64 - bits.OnesCount64(bitmap)
	if free <= 3 {
		return ManyValues
	}
	return int(math.Round(64 * math.Log(64/float64(free))))
}

// Params returns the statistics of a pattern or alias, from left to right; nil
// if it is not known, has no variables, or was seen once.
func (m *Miner) Params(id string) []Param {
	key, ok := parseID(m.Resolve(id))
	if !ok || m.patterns[key] == nil {
		return nil
	}
	p := m.patterns[key]
	var list []Param
	for i := range p.slots {
		if p.slots[i].count > 0 {
			list = append(list, p.param(&p.slots[i]))
		}
	}
	slices.SortFunc(list, func(a, b Param) int { return cmp.Compare(a.Position, b.Position) })
	return list
}

func (p *pattern) param(sl *slot) Param {
	out := Param{
		Position: position(sl.elem, int(sl.nth)), Kind: p.parts[sl.part].kind,
		Count: sl.count, Distinct: estimate(sl.distinct), Min: sl.min, Max: sl.max, Numbers: sl.numbers,
	}
	if i := sl.part; i > 0 {
		out.Label = p.parts[i-1].word
	}
	for i := range sl.top {
		c := &sl.top[i]
		if c.n > 0 && uint64(c.n)*50 >= sl.count {
			out.Top = append(out.Top, ValueCount{string(c.text[:c.size]), uint64(c.n)})
		}
	}
	out.Distinct = max(out.Distinct, len(out.Top)) // few values may share a bit
	slices.SortFunc(out.Top, func(a, b ValueCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Text, b.Text))
	})
	return out
}
