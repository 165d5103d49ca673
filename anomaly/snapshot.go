package anomaly

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// snapshotVersion changes with the fields. Older versions down to
// oldestSnapshot are read; what they did not hold starts anew.
const (
	snapshotVersion = 2
	oldestSnapshot  = 1
)

// ErrSnapshot is wrapped by the errors of Restore.
var ErrSnapshot = errors.New("snapshot is not usable")

// AppendSnapshot appends the state of the detector to b. Settings are not part of
// it.
func (d *Detector) AppendSnapshot(b []byte) []byte {
	w := codec{out: append(b, snapshotVersion), version: snapshotVersion}
	w.detector(d)
	return w.out
}

// Restore returns a detector that goes on where the one that wrote the snapshot
// stopped, and what follows the snapshot in b. A snapshot of an unknown version,
// a truncated or an impossible one is an error that wraps ErrSnapshot.
func Restore(settings *Settings, b []byte) (*Detector, []byte, error) {
	if len(b) == 0 {
		return nil, b, fmt.Errorf("restore detector: %w: empty", ErrSnapshot)
	}
	if b[0] < oldestSnapshot || b[0] > snapshotVersion {
		return nil, b, fmt.Errorf("restore detector: %w: version %d, want %d to %d", ErrSnapshot, b[0], oldestSnapshot, snapshotVersion)
	}
	d := New(settings)
	r := codec{in: b[1:], reading: true, version: b[0]}
	r.detector(d)
	if r.short {
		return nil, b, fmt.Errorf("restore detector: %w: truncated", ErrSnapshot)
	}
	if r.bad || !d.sound() {
		return nil, b, fmt.Errorf("restore detector: %w: values out of range", ErrSnapshot)
	}
	return d, r.in, nil
}

// sound says whether the parts that index or divide are in range.
func (d *Detector) sound() bool {
	for _, n := range []*noise{&d.near, &d.far} {
		for _, t := range []*tail{&n.scaled, &n.raw} {
			if !(t.inc >= 1e-3 && t.inc <= 2*maxWeight && t.total > 0 && t.cut > 0 && t.base > 0 && t.slope > 0) {
				return false
			}
		}
		if n.slow < 0 || n.local < 0 || n.square < 0 {
			return false
		}
	}
	c := &d.clock
	return d.alarm.state <= Adapting && c.step >= 0 && c.step <= maxStep && c.history >= 0 && c.history < 1e10 &&
		d.recent.surprise >= 0 && d.recent.aftershock >= 0 && d.spread >= 0 && d.typical >= 0 && d.season.slotN >= 0 && d.season.hourN >= 0
}

// codec walks the fields of a detector, writing or reading them, so that both
// directions can't disagree.
type codec struct {
	out        []byte
	in         []byte
	reading    bool
	short, bad bool
	version    uint8
}

func (c *codec) detector(d *Detector) {
	c.clock(&d.clock)
	c.level(&d.level)
	c.season(&d.season)
	c.noise(&d.near)
	c.noise(&d.far)
	c.float64(&d.spread)
	c.float64(&d.typical)
	c.floats32(d.reach[:])
	c.episode(&d.episode)
	c.alarm(&d.alarm)
	c.uint32(&d.points)
	c.uint8(&d.outliers)
	if c.version >= 2 {
		c.recent(&d.recent)
	}
}

func (c *codec) clock(k *clock) {
	c.int64(&k.last)
	c.int64(&k.previous)
	c.float64(&k.step)
	c.float64(&k.history)
	c.uint8(&k.late)
}

func (c *codec) level(l *level) {
	for _, p := range []*float64{&l.slow, &l.mid, &l.fast, &l.rawMid, &l.rawFast, &l.last} {
		c.float64(p)
	}
	for i := range l.errors {
		c.float64(&l.errors[i])
	}
}

func (c *codec) season(s *season) {
	c.floats32(s.day[:])
	c.floats32(s.week[:])
	for i := range s.lastWeek {
		c.uint16(&s.lastWeek[i])
	}
	for i := range s.daySeen {
		c.uint8(&s.daySeen[i])
	}
	for i := range s.weekSeen {
		c.uint8(&s.weekSeen[i])
	}
	c.bool(&s.coarse)
	c.bool(&s.off)
	c.int64(&s.slot)
	c.int64(&s.hour)
	c.float64(&s.slotSum)
	c.float64(&s.hourSum)
	c.float64(&s.vSum)
	c.int32(&s.slotN)
	c.int32(&s.hourN)
}

func (c *codec) noise(n *noise) {
	c.float64(&n.slow)
	c.float64(&n.local)
	c.float64(&n.square)
	c.floats32(n.hours[:])
	c.tail(&n.scaled)
	c.tail(&n.raw)
	c.uint32(&n.n)
}

func (c *codec) tail(t *tail) {
	c.floats32(t.weights[:])
	for _, p := range []*float32{&t.total, &t.inc, &t.cut, &t.base, &t.slope} {
		c.float32(p)
	}
	c.uint32(&t.n)
}

func (c *codec) episode(e *episode) {
	for _, p := range []*float32{&e.nearScaled, &e.nearRaw, &e.farScaled, &e.farRaw} {
		c.float32(p)
	}
	c.uint16(&e.n)
	c.uint8(&e.quiet)
}

func (c *codec) recent(r *recent) {
	c.float32(&r.surprise)
	c.float32(&r.aftershock)
	c.uint8(&r.quiet)
}

func (c *codec) alarm(a *alarm) {
	c.int64(&a.start)
	c.int64(&a.first)
	c.float64(&a.mean)
	c.uint64(&a.recent)
	c.uint32(&a.adapting)
	s := uint8(a.state)
	c.uint8(&s)
	a.state = State(s)
}

// take returns the next n bytes to read, or nil.
func (c *codec) take(n int) []byte {
	if len(c.in) < n {
		c.short, c.in = true, nil
		return nil
	}
	b := c.in[:n]
	c.in = c.in[n:]
	return b
}

func (c *codec) uint8(p *uint8) {
	if !c.reading {
		c.out = append(c.out, *p)
	} else if b := c.take(1); b != nil {
		*p = b[0]
	}
}

func (c *codec) bool(p *bool) {
	var v uint8
	if *p {
		v = 1
	}
	c.uint8(&v)
	c.bad = c.bad || v > 1
	*p = v == 1
}

func (c *codec) uint16(p *uint16) {
	if !c.reading {
		c.out = binary.LittleEndian.AppendUint16(c.out, *p)
	} else if b := c.take(2); b != nil {
		*p = binary.LittleEndian.Uint16(b)
	}
}

func (c *codec) uint32(p *uint32) {
	if !c.reading {
		c.out = binary.LittleEndian.AppendUint32(c.out, *p)
	} else if b := c.take(4); b != nil {
		*p = binary.LittleEndian.Uint32(b)
	}
}

func (c *codec) uint64(p *uint64) {
	if !c.reading {
		c.out = binary.LittleEndian.AppendUint64(c.out, *p)
	} else if b := c.take(8); b != nil {
		*p = binary.LittleEndian.Uint64(b)
	}
}

func (c *codec) int32(p *int32) {
	v := uint32(*p)
	c.uint32(&v)
	*p = int32(v)
}

func (c *codec) int64(p *int64) {
	v := uint64(*p)
	c.uint64(&v)
	*p = int64(v)
}

func (c *codec) float64(p *float64) {
	v := math.Float64bits(*p)
	c.uint64(&v)
	*p = math.Float64frombits(v)
	c.bad = c.bad || !(math.Abs(*p) <= math.MaxFloat64)
}

func (c *codec) float32(p *float32) {
	v := math.Float32bits(*p)
	c.uint32(&v)
	*p = math.Float32frombits(v)
	c.bad = c.bad || !(math.Abs(float64(*p)) <= math.MaxFloat32)
}

func (c *codec) floats32(p []float32) {
	for i := range p {
		c.float32(&p[i])
	}
}
