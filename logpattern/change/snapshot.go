package change

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/tidewatch/tidewatch/logpattern/internal/wire"
)

const snapshotMagic = "TWLC\x02" // with the version

// ErrSnapshot is wrapped by every error of Restore.
var ErrSnapshot = errors.New("not a usable snapshot of pattern changes")

// Snapshot returns the history and the open changes. Pending changes that
// Advance has not returned are not part of it.
func (d *Detector) Snapshot() []byte {
	b := []byte(snapshotMagic)
	b = binary.AppendVarint(b, d.began)
	b = binary.AppendUvarint(b, uint64(len(d.patterns)))
	for _, p := range d.patterns {
		b = p.appendTo(b)
	}
	b = d.all.appendTo(b)
	b = binary.AppendVarint(b, d.deploy.start)
	b = append(b, boolByte(d.deploy.subject != nil))
	if s := d.deploy.subject; s != nil {
		b = s.appendTo(b)
	}
	return b
}

func (p *pattern) appendTo(b []byte) []byte {
	b = wire.AppendString(b, p.id)
	b = wire.AppendString(b, p.template)
	b = wire.AppendString(b, p.example)
	b = append(b, byte(p.severity), boolByte(p.fresh))
	b = binary.AppendVarint(b, p.first)
	b = binary.AppendVarint(b, p.last)
	b = binary.AppendUvarint(b, p.total)
	b = binary.AppendUvarint(b, p.calm)
	b = binary.AppendUvarint(b, p.bad)
	b = append(b, boolByte(p.retired))
	b = binary.AppendVarint(b, p.pause)
	b = p.history.appendTo(b)
	for _, r := range p.open {
		b = append(b, boolByte(r != nil))
		if r == nil {
			continue
		}
		b = binary.AppendVarint(b, r.start)
		b = binary.AppendVarint(b, r.sent)
		b = binary.AppendVarint(b, r.above)
		for _, v := range [...]float64{r.observed, r.expected, r.upper} {
			b = appendFloat(b, v)
		}
	}
	return b
}

func (h *history) appendTo(b []byte) []byte {
	b = binary.AppendVarint(b, h.end)
	b = binary.AppendVarint(b, h.first)
	for _, v := range [...]float64{h.count, h.hourly, h.total, h.age, h.squares, h.sum, h.peak} {
		b = appendFloat(b, v)
	}
	for i := range h.profile {
		b = append(b, h.known[i])
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(h.profile[i]))
	}
	return b
}

func boolByte(v bool) byte {
	if v {
		return 1
	}
	return 0
}

func appendFloat(b []byte, v float64) []byte {
	return binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
}

// Restore replaces the state. On error the Detector is left without history.
func (d *Detector) Restore(b []byte) error {
	fresh := NewDetector(d.opt)
	*d = *fresh
	if err := d.restore(b); err != nil {
		*d = *NewDetector(d.opt)
		return fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	return nil
}

func (d *Detector) restore(b []byte) error {
	if len(b) < len(snapshotMagic) || string(b[:len(snapshotMagic)]) != snapshotMagic {
		return errors.New("no magic number of this version")
	}
	r := wire.NewReader(b[len(snapshotMagic):])
	d.began = r.Varint()
	for n := r.Uvarint(); n > 0 && r.OK(); n-- {
		p := readPattern(r)
		if !r.OK() {
			break
		}
		if len(d.patterns) >= d.opt.MaxPatterns || d.patterns[p.id] != nil {
			continue
		}
		d.patterns[p.id] = p
		d.openCount += p.reports()
	}
	d.all = readHistory(r)
	d.deploy.start = r.Varint()
	if r.Byte() == 1 {
		d.deploy.subject = readPattern(r)
		d.openCount += d.deploy.subject.reports()
	}
	return r.Err()
}

// reports is the number of open reports.
func (p *pattern) reports() (n int) {
	for _, r := range p.open {
		if r != nil {
			n++
		}
	}
	return n
}

func readPattern(r *wire.Reader) *pattern {
	p := &pattern{id: r.String(), template: r.String(), example: r.String(), severity: Severity(r.Byte()), fresh: r.Byte() == 1}
	p.first, p.last, p.total = r.Varint(), r.Varint(), r.Uvarint()
	p.calm, p.bad, p.retired = r.Uvarint(), r.Uvarint(), r.Byte() == 1
	p.pause = r.Varint()
	p.history = readHistory(r)
	for k := range p.open {
		if r.Byte() == 0 {
			continue
		}
		rep := &report{start: r.Varint(), sent: r.Varint(), above: r.Varint()}
		rep.observed, rep.expected, rep.upper = readFloat(r), readFloat(r), readFloat(r)
		p.open[k] = rep
	}
	return p
}

func readHistory(r *wire.Reader) history {
	h := history{end: r.Varint(), first: r.Varint()}
	h.count, h.hourly, h.total, h.age, h.squares, h.sum, h.peak = readFloat(r), readFloat(r), readFloat(r), readFloat(r), readFloat(r), readFloat(r), readFloat(r)
	for i := range h.profile {
		h.known[i] = min(r.Byte(), days)
		h.profile[i] = math.Float32frombits(r.Uint32())
		if v := float64(h.profile[i]); math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
			r.Fail(errors.New("a rate is not valid"))
		}
	}
	h.age = min(h.age, memory)
	if h.end < 0 || h.first < 0 {
		r.Fail(errors.New("a time is not valid"))
	}
	return h
}

func readFloat(r *wire.Reader) float64 {
	v := math.Float64frombits(r.Uint64())
	if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
		r.Fail(errors.New("a number is not valid"))
		return 0
	}
	return v
}
