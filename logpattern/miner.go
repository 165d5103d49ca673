package logpattern

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
	"unsafe"
)

// Match says to which pattern a line belongs. Its strings stay valid.
type Match struct {
	// ID is 16 hexadecimal digits, or OtherID.
	ID string
	// Template is the pattern's text as known now.
	Template string
	// New is set for the first line of a pattern.
	New bool
	// Merged are the ids that this line showed to mean the same as ID, and that are
	// its aliases from now on; almost always nil.
	Merged []string
	// Count is how many lines the pattern has had with this one; for OtherID, how many
	// found no room.
	Count uint64
}

// Stats are running totals of a Miner, except Patterns and Bytes.
type Stats struct {
	// Patterns and Bytes are what is held now; Bytes is an estimate.
	Patterns, Bytes int
	// Lines were observed; Overflow of them found no room and went to OtherID.
	Lines, Overflow uint64
	// Merges of a pattern into another; its id is now an alias.
	Merges uint64
	// Evictions of patterns that were not seen for longest.
	Evictions uint64
}

// Miner assigns lines to patterns. It is not safe for concurrent use.
type Miner struct {
	opt      Options
	scan     scan
	seen     map[uint64]*pattern // exact hash of a line's shape; a cache
	patterns map[uint64]*pattern // by the key of their first line
	byLen    map[int]*bucket     // by number of elements
	byChunks map[uint64]*pattern // by what is constant between blanks
	aliases  map[uint64]*pattern // keys of merged patterns
	order    []uint64            // of aliases, oldest first
	full     int64               // no room could be made at this time
	list     []*pattern          // reused
	last     *pattern            // of the line observed last
	merged   []string            // by that line
	coarse   bool
	stats    Stats
}

// New returns an empty Miner.
func New(opt Options) *Miner {
	m := &Miner{opt: opt.withDefaults()}
	m.reset()
	return m
}

func (m *Miner) reset() {
	m.seen = map[uint64]*pattern{}
	m.patterns = map[uint64]*pattern{}
	m.byLen = map[int]*bucket{}
	m.byChunks = map[uint64]*pattern{}
	m.aliases = map[uint64]*pattern{}
	m.order, m.full, m.last, m.merged = nil, 0, nil, nil
	m.stats = Stats{}
}

// ObserveBytes is Observe for a line that the caller may change afterwards.
func (m *Miner) ObserveBytes(line []byte, now time.Time) Match {
	return m.Observe(unsafe.String(unsafe.SliceData(line), len(line)), now)
}

// Observe counts a line and returns its pattern. Nothing of line is kept. The
// time should not go backwards by much; it decides which patterns are old.
func (m *Miner) Observe(line string, now time.Time) Match {
	m.stats.Lines++
	m.scan.readLine(line, &m.opt)
	m.merged = nil
	ns := now.UnixNano()
	p, isNew := m.familiar(), false
	switch {
	case p == nil && m.coarse:
		p = m.known(&m.scan)
	case p == nil:
		p, isNew = m.find(ns)
	}
	m.last = p
	if p == nil {
		m.stats.Overflow++
		return Match{ID: OtherID, Template: OtherID, Count: m.stats.Overflow}
	}
	p.count++
	p.last = max(p.last, ns)
	if !isNew && !m.coarse && p.sampled() {
		m.record(p)
	}
	return Match{ID: p.id, Template: p.text(), New: isNew, Merged: m.merged, Count: p.count}
}

// Coarse lets the Miner learn nothing while it is on: lines of a form that it has not seen
// go to OtherID, and the values in those that it has seen are not looked at.
func (m *Miner) Coarse(on bool) { m.coarse = on }

// record counts the values of the line, if there is memory for them.
func (m *Miner) record(p *pattern) {
	if len(p.elems) != len(m.scan.elems) {
		return // it has the same chunks only
	}
	if p.slots == nil {
		if m.stats.Bytes+p.worthSlots()*slotSize > m.opt.MaxBytes {
			return
		}
		m.resized(p, p.chooseSlots)
	}
	p.record(&m.scan)
}

// resized runs change, which changes the size of p.
func (m *Miner) resized(p *pattern, change func()) {
	m.stats.Bytes -= p.size
	change()
	m.stats.Bytes += p.size
}

// familiar is the pattern of a line of exactly a form that was seen lately.
func (m *Miner) familiar() *pattern {
	p := m.seen[m.scan.exact]
	if p == nil {
		return nil
	}
	for p.into != nil {
		p = p.into
	}
	if p.gone {
		return nil
	}
	return p
}

func (m *Miner) find(now int64) (p *pattern, isNew bool) {
	s := &m.scan
	if p = m.known(s); p == nil {
		if p = m.twin(s); p == nil {
			p = m.sameChunks(s)
		}
		if p == nil {
			if p = m.add(s, now); p == nil {
				return nil, false
			}
			isNew = true
		}
	}
	if !isNew && len(p.elems) == len(s.elems) {
		p.learn(s)
	}
	if len(m.seen) >= 8*m.opt.MaxPatterns {
		clear(m.seen)
	}
	m.seen[s.exact] = p
	return p, isNew
}

// known finds the pattern whose first line had the same shape.
func (m *Miner) known(s *scan) *pattern {
	shape := s.shape()
	p := m.patterns[shape]
	if p == nil {
		p = m.aliases[shape]
	}
	if p == nil {
		return nil
	}
	for p.into != nil {
		p = p.into
	}
	if p.gone || len(p.elems) != len(s.elems) {
		return nil
	}
	return p
}

func (m *Miner) add(s *scan, now int64) *pattern {
	if len(m.patterns) >= m.opt.MaxPatterns || m.stats.Bytes >= m.opt.MaxBytes {
		if !m.makeRoom(now) {
			return nil
		}
	}
	p := newPattern(s, s.shape(), now)
	if old := m.patterns[p.key]; old != nil {
		m.drop(old) // another length under the same hash
	}
	m.insert(p)
	return p
}

func (m *Miner) insert(p *pattern) {
	m.patterns[p.key] = p
	m.link(p)
}

// link enters p in the indexes of its form, unlink removes it.
func (m *Miner) link(p *pattern) {
	b := m.byLen[len(p.elems)]
	if b == nil {
		b = &bucket{}
		m.byLen[len(p.elems)] = b
	}
	b.add(p)
	m.indexChunks(p)
	m.stats.Bytes += p.size
}

func (m *Miner) indexChunks(p *pattern) {
	if m.byChunks[p.chunks] == p {
		delete(m.byChunks, p.chunks)
	}
	p.chunks = p.chunkHash()
	m.byChunks[p.chunks] = p
}

func (m *Miner) unlink(p *pattern) {
	b := m.byLen[len(p.elems)]
	if b.remove(p); len(b.patterns) == 0 {
		delete(m.byLen, len(p.elems))
	}
	if m.byChunks[p.chunks] == p {
		delete(m.byChunks, p.chunks)
	}
	m.stats.Bytes -= p.size
}

// drop removes p from all indexes.
func (m *Miner) drop(p *pattern) {
	p.gone = true
	delete(m.patterns, p.key)
	m.unlink(p)
}

// minAge protects patterns that were seen just now: a burst of lines without a
// pattern must not push out the patterns of everything else.
const minAge = int64(time.Minute)

// makeRoom evicts a sixteenth of the patterns, those not seen for longest.
func (m *Miner) makeRoom(now int64) bool {
	if now-m.full < minAge/16 && now >= m.full && m.full != 0 {
		return false // asked a moment ago
	}
	old := make([]*pattern, 0, len(m.patterns))
	for _, p := range m.patterns {
		if now-p.last >= minAge {
			old = append(old, p)
		}
	}
	if len(old) == 0 {
		m.full = now
		return false
	}
	slices.SortFunc(old, func(a, b *pattern) int {
		if c := cmp.Compare(a.last, b.last); c != 0 {
			return c
		}
		return cmp.Compare(a.key, b.key)
	})
	old = old[:min(len(old), max(1, m.opt.MaxPatterns/16))]
	for _, p := range old {
		m.drop(p)
	}
	m.stats.Evictions += uint64(len(old))
	m.forgetAliases(func(p *pattern) bool { return p.gone })
	maps.DeleteFunc(m.seen, func(_ uint64, p *pattern) bool { return p.gone })
	return m.stats.Bytes < m.opt.MaxBytes && len(m.patterns) < m.opt.MaxPatterns
}

func (m *Miner) forgetAliases(forget func(*pattern) bool) {
	m.order = slices.DeleteFunc(m.order, func(key uint64) bool {
		p := m.aliases[key]
		for p.into != nil {
			p = p.into
		}
		if !forget(p) {
			return false
		}
		delete(m.aliases, key)
		return true
	})
}

// Stats returns the totals.
func (m *Miner) Stats() Stats {
	s := m.stats
	s.Patterns = len(m.patterns)
	return s
}

// Pattern describes one pattern.
type Pattern struct {
	ID, Template string
	Count        uint64
	First, Last  time.Time
}

// Patterns lists the patterns, the most frequent first, of equals the oldest.
func (m *Miner) Patterns() []Pattern {
	list := make([]Pattern, 0, len(m.patterns))
	for _, p := range m.patterns {
		list = append(list, Pattern{p.id, p.text(), p.count, time.Unix(0, p.first), time.Unix(0, p.last)})
	}
	slices.SortFunc(list, func(a, b Pattern) int {
		if c := cmp.Compare(b.Count, a.Count); c != 0 {
			return c
		}
		if c := a.First.Compare(b.First); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return list
}

// Resolve returns the id that a pattern has now: that of the pattern into which
// it was merged, or id itself.
func (m *Miner) Resolve(id string) string {
	key, ok := parseID(id)
	if !ok {
		return id
	}
	p := m.aliases[key]
	if p == nil {
		return id
	}
	for p.into != nil {
		p = p.into
	}
	return p.id
}

// Template returns the text of a pattern or alias, and whether it is known.
func (m *Miner) Template(id string) (string, bool) {
	key, ok := parseID(m.Resolve(id))
	if !ok {
		return "", false
	}
	p := m.patterns[key]
	if p == nil {
		return "", false
	}
	return p.text(), true
}

func parseID(id string) (key uint64, ok bool) {
	if len(id) != 16 {
		return 0, false
	}
	for i := range len(id) {
		c := id[i]
		switch {
		case isDigit(c):
			key = key<<4 | uint64(c-'0')
		case c >= 'a' && c <= 'f':
			key = key<<4 | uint64(c-'a'+10)
		default:
			return 0, false
		}
	}
	return key, true
}

// Limit is how many patterns are kept.
func (m *Miner) Limit() int { return m.opt.MaxPatterns }
