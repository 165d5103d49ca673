package change

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"

	"github.com/tidewatch/tidewatch/logpattern/internal/wire"
)

// The snapshot is: magic, version, the fields in the order of code, CRC-32
// (Castagnoli) of all before it. Version 2 had fewer fields and no sum; it is
// read.
const (
	snapshotMagic   = "TWLC"
	snapshotVersion = 3
	firstVersion    = 2
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ErrSnapshot is wrapped by every error of Restore.
var ErrSnapshot = errors.New("not a usable snapshot of pattern changes")

// Snapshot returns the history and the open changes. Pending changes that
// Advance has not returned are not part of it.
func (d *Detector) Snapshot() []byte {
	c := &coder{out: append([]byte(snapshotMagic), snapshotVersion), version: snapshotVersion}
	d.code(c)
	return binary.LittleEndian.AppendUint32(c.out, crc32.Checksum(c.out, castagnoli))
}

// Restore replaces the state. A Detector that goes on within a minute goes on as
// if nothing had happened; of a longer break it learns nothing. On error it is
// left without history.
func (d *Detector) Restore(b []byte) error {
	*d = *NewDetector(d.opt)
	if err := d.restore(b); err != nil {
		*d = *NewDetector(d.opt)
		return fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	return nil
}

func (d *Detector) restore(b []byte) error {
	head := len(snapshotMagic)
	if len(b) < head+1 || string(b[:head]) != snapshotMagic {
		return errors.New("no magic number")
	}
	v := b[head]
	if v < firstVersion || v > snapshotVersion {
		return fmt.Errorf("version %d is not between %d and %d", v, firstVersion, snapshotVersion)
	}
	if v >= 3 {
		body := b[:max(head+1, len(b)-4)]
		if len(b) < head+5 || crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(b[len(b)-4:]) {
			return errors.New("checksum does not match")
		}
		b = body
	}
	c := &coder{in: wire.NewReader(b[head+1:]), version: v}
	d.code(c)
	if err := c.in.Err(); err != nil {
		return err
	}
	d.restored = true
	return nil
}

func (d *Detector) code(c *coder) {
	c.int(&d.began)
	if c.version >= 3 {
		for _, t := range [...]*int64{&d.clock, &d.now, &d.watching, &d.resumed, &d.arrived, &d.searched} {
			c.int(t)
		}
	}
	before := d.codePatterns(c)
	d.all.code(c)
	c.int(&d.deploy.start)
	has := d.deploy.subject != nil
	if c.bool(&has); has {
		if c.reading() {
			d.deploy.subject = &pattern{}
		}
		d.codeSubject(c, d.deploy.subject)
	}
	if c.version < 3 {
		return
	}
	d.codeSubject(c, &d.service)
	d.limit.code(c)
	if c.reading() {
		d.openCount += d.limit.subject.reports()
		d.rejoin(before)
	}
}

func (d *Detector) codeSubject(c *coder, p *pattern) {
	var before string
	p.code(c, &before)
	if c.reading() {
		d.openCount += p.reports()
	}
}

// codePatterns returns, when reading, the ids of the patterns that fresh ones may
// replace.
func (d *Detector) codePatterns(c *coder) map[*pattern]string {
	before := map[*pattern]string{}
	n := c.count(len(d.patterns))
	if !c.reading() {
		for _, p := range d.sorted() {
			id := ""
			if p.before != nil && p.fresh {
				id = p.before.id
			}
			p.code(c, &id)
		}
		return nil
	}
	for ; n > 0 && c.ok(); n-- {
		p, id := &pattern{}, ""
		p.code(c, &id)
		if !c.ok() || len(d.patterns) >= d.opt.MaxPatterns || d.patterns[p.id] != nil {
			continue
		}
		d.patterns[p.id] = p
		d.openCount += p.reports()
		if id != "" {
			before[p] = id
		}
	}
	return before
}

// rejoin restores what points from pattern to pattern.
func (d *Detector) rejoin(before map[*pattern]string) {
	for p, id := range before {
		if p.before = d.patterns[id]; p.before != nil && p.example != "" && !p.waited {
			d.waiting = append(d.waiting, p)
		}
	}
	slices.SortFunc(d.waiting, func(a, b *pattern) int { return strings.Compare(a.id, b.id) })
}

func (p *pattern) code(c *coder, before *string) {
	c.string(&p.id)
	c.string(&p.template)
	c.string(&p.example)
	c.byte((*byte)(&p.severity))
	p.severity = min(p.severity, Error)
	c.bool(&p.fresh)
	c.int(&p.first)
	c.int(&p.last)
	c.uint(&p.total)
	c.uint(&p.levels.calm)
	c.uint(&p.levels.bad)
	c.bool(&p.retired)
	c.int(&p.pause)
	p.history.code(c)
	for k := range p.open {
		if c.version < 3 && Kind(k) > Deploy {
			break
		}
		has := p.open[k] != nil
		if c.bool(&has); has {
			if c.reading() {
				p.open[k] = &report{}
			}
			p.open[k].code(c)
		}
	}
	if c.version < 3 {
		return
	}
	c.uint(&p.number)
	c.int(&p.arrived)
	c.bool(&p.isNew)
	c.bool(&p.waited)
	c.uint(&p.since)
	c.int(&p.back)
	c.int(&p.looked)
	c.int(&p.told)
	c.int(&p.heir)
	for _, v := range [...]*float64{&p.levels.recentCalm, &p.levels.recentBad, &p.recent, &p.judged, &p.likeness} {
		c.float(v)
	}
	c.string(before)
	p.codeShifts(c)
}

func (r *report) code(c *coder) {
	c.int(&r.start)
	c.int(&r.sent)
	c.int(&r.above)
	c.float(&r.observed)
	c.float(&r.expected)
	c.float(&r.upper)
	if c.version < 3 {
		return
	}
	c.bool(&r.dirty)
	c.bool(&r.updated)
	c.bool(&r.muted)
	r.position = c.count(r.position)
	c.string(&r.value)
}

func (p *pattern) codeShifts(c *coder) {
	has := p.shifts != nil
	if c.bool(&has); !has {
		return
	}
	if c.reading() {
		p.shifts = &shifts{literals: literals(p.template)}
	}
	s := p.shifts
	c.int(&s.start)
	s.values = min(c.count(s.values), windowMost)
	for i := range s.positions {
		q := &s.positions[i]
		for j := range q.top {
			t := &q.top[j]
			c.string(&t.text)
			t.n, t.err = uint16(c.count(int(t.n))), uint16(c.count(int(t.err)))
			if t.err > t.n {
				c.fail("a count is not valid")
			}
		}
		q.windows = uint32(c.count(int(q.windows)))
		c.string(&q.usual)
		c.float32(&q.share)
		c.float32(&q.most)
	}
}

func (h *history) code(c *coder) {
	if c.version < 3 {
		h.codeOld(c)
		return
	}
	c.int(&h.end)
	c.int(&h.done)
	c.int(&h.first)
	for i := range h.ring {
		h.ring[i] = uint32(c.count(int(h.ring[i])))
	}
	for _, v := range [...]*float64{&h.seen, &h.hourly, &h.minutes, &h.total, &h.age, &h.squares, &h.sum, &h.peak, &h.burst, &h.gap} {
		c.float(v)
	}
	h.profile.code(c)
	h.check(c)
}

// codeOld reads what version 2 wrote.
func (h *history) codeOld(c *coder) {
	var count float64
	c.int(&h.end)
	c.int(&h.first)
	h.end, h.first = h.end*perMinute+perMinute-1, h.first*minute
	for _, v := range [...]*float64{&count, &h.hourly, &h.total, &h.age, &h.squares, &h.sum, &h.peak} {
		c.float(v)
	}
	h.burst, h.done, h.hourly = h.peak, h.end/perMinute+1, 0
	for i := range h.profile.day {
		c.byte(&h.profile.known[i])
		c.float32(&h.profile.day[i])
		h.profile.day[i] /= 60 // it was lines an hour
	}
	h.check(c)
}

func (h *history) check(c *coder) {
	for i := range h.profile.known {
		h.profile.known[i] = min(h.profile.known[i], days)
	}
	h.age = min(h.age, memory)
	const latest = 1 << 62 / bucket
	if h.end < 0 || h.end > latest || h.first < 0 || h.done < 0 || h.done > h.end/perMinute+1 {
		c.fail("a time is not valid")
	}
}

func (p *profile) code(c *coder) {
	for i := range p.day {
		c.byte(&p.known[i])
		c.float32(&p.day[i])
	}
	has := p.week != nil
	if c.bool(&has); !has {
		return
	}
	if c.reading() {
		p.week = new([week]uint8)
	}
	for i := range p.week {
		c.byte(&p.week[i])
	}
	p.hours = uint16(min(c.count(int(p.hours)), weeks*week))
}

func (l *limiter) code(c *coder) {
	c.int(&l.start)
	l.count = c.count(l.count)
	for k := range l.left {
		l.left[k] = c.count(l.left[k])
	}
	n := min(c.count(len(l.named)), maxNamed)
	if c.reading() {
		l.named = make([]string, n)
	}
	for i := range n {
		c.string(&l.named[i])
	}
	var before string
	l.subject.code(c, &before)
}
