package logpattern

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"

	"github.com/tidewatch/tidewatch/logpattern/internal/wire"
)

// The snapshot is: magic, version, aliases and patterns as varints and strings,
// CRC-32 (Castagnoli) of all before it.
const (
	snapshotMagic   = "TWLP"
	snapshotVersion = 2 // 1 had no values
)

// listFlag marks the kind of a list.
const listFlag = 0x80

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ErrSnapshot is wrapped by every error of Restore.
var ErrSnapshot = errors.New("not a usable pattern snapshot")

// Snapshot returns the state: patterns with their counts, and aliases.
func (m *Miner) Snapshot() []byte {
	b := append([]byte(snapshotMagic), snapshotVersion)
	b = binary.AppendUvarint(b, m.stats.Lines)
	b = binary.AppendUvarint(b, uint64(len(m.patterns)))
	for _, p := range m.patterns {
		b = p.appendTo(b)
	}
	b = binary.AppendUvarint(b, uint64(len(m.order)))
	for _, key := range m.order {
		p := m.aliases[key]
		for p.into != nil {
			p = p.into
		}
		b = binary.LittleEndian.AppendUint64(b, key)
		b = binary.LittleEndian.AppendUint64(b, p.key)
	}
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

func (p *pattern) appendTo(b []byte) []byte {
	b = binary.LittleEndian.AppendUint64(b, p.key)
	b = binary.AppendUvarint(b, p.count)
	b = binary.AppendVarint(b, p.first)
	b = binary.AppendVarint(b, p.last)
	b = binary.AppendUvarint(b, uint64(len(p.elems)))
	b = binary.AppendUvarint(b, uint64(len(p.parts)))
	for _, t := range p.parts {
		k := byte(t.kind)
		if t.list {
			k |= listFlag
		}
		b = append(b, k)
		b = binary.AppendUvarint(b, uint64(t.elem))
		b = wire.AppendString(b, t.lit)
		b = wire.AppendString(b, t.word)
	}
	b = wire.AppendString(b, p.tail)
	b = binary.AppendUvarint(b, uint64(len(p.slots)))
	for i := range p.slots {
		b = p.slots[i].appendTo(b)
	}
	return b
}

func (sl *slot) appendTo(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(sl.elem))
	b = append(b, byte(sl.nth))
	for _, v := range [...]uint64{sl.count, sl.numbers} {
		b = binary.AppendUvarint(b, v)
	}
	for _, v := range [...]uint64{math.Float64bits(sl.min), math.Float64bits(sl.max), sl.distinct} {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	for i := range sl.top {
		c := &sl.top[i]
		b = binary.AppendUvarint(b, uint64(c.n))
		b = binary.LittleEndian.AppendUint32(b, c.hash)
		b = wire.AppendString(b, string(c.text[:c.size]))
	}
	return b
}

func readSlot(r *wire.Reader) (sl slot) {
	sl.elem, sl.nth = int32(r.Uvarint()), int8(r.Byte())
	sl.count, sl.numbers = r.Uvarint(), r.Uvarint()
	sl.min, sl.max = math.Float64frombits(r.Uint64()), math.Float64frombits(r.Uint64())
	sl.distinct = r.Uint64()
	for i := range sl.top {
		n := uint32(min(r.Uvarint(), math.MaxInt32))
		hash := r.Uint32()
		sl.top[i].set(hash, n, r.String())
	}
	return sl
}

// Restore replaces the state by that of a snapshot, within the bounds of the
// options. On error the Miner is left empty and usable.
func (m *Miner) Restore(b []byte) error {
	m.reset()
	if err := m.restore(b); err != nil {
		m.reset()
		return fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	return nil
}

func (m *Miner) restore(b []byte) error {
	if len(b) < len(snapshotMagic)+1+4 || string(b[:4]) != snapshotMagic {
		return errors.New("no magic number")
	}
	if b[4] == 0 || b[4] > snapshotVersion {
		return fmt.Errorf("version %d is newer than %d", b[4], snapshotVersion)
	}
	body, sum := b[:len(b)-4], binary.LittleEndian.Uint32(b[len(b)-4:])
	if crc32.Checksum(body, castagnoli) != sum {
		return errors.New("checksum does not match")
	}
	r := wire.NewReader(body[5:])
	m.stats.Lines = r.Uvarint()
	for n := r.Uvarint(); n > 0 && r.OK(); n-- {
		p := readPattern(r, b[4])
		if p == nil {
			break
		}
		if len(m.patterns) >= m.opt.MaxPatterns || m.stats.Bytes >= m.opt.MaxBytes {
			continue
		}
		if m.patterns[p.key] == nil {
			m.insert(p)
		}
	}
	for n := r.Uvarint(); n > 0 && r.OK(); n-- {
		key, to := r.Uint64(), m.patterns[r.Uint64()]
		if to == nil || m.patterns[key] != nil || len(m.order) >= 4*m.opt.MaxPatterns {
			continue
		}
		if _, dup := m.aliases[key]; dup {
			continue
		}
		m.aliases[key] = &pattern{id: idOf(key), key: key, into: to}
		m.order = append(m.order, key)
	}
	return r.Err()
}

func readPattern(r *wire.Reader, version byte) *pattern {
	p := &pattern{key: r.Uint64(), count: r.Uvarint(), first: r.Varint(), last: r.Varint()}
	p.id = idOf(p.key)
	elems, parts := r.Uvarint(), r.Uvarint()
	if elems > parts || parts > uint64(r.Len())/3 {
		r.Fail(errors.New("sizes do not fit"))
		return nil
	}
	p.elems = make([]uint64, elems)
	p.parts = make([]part, 0, parts)
	text := 0
	last := int32(-1)
	for range parts {
		k := r.Byte()
		t := part{kind: Kind(k &^ listFlag), list: k&listFlag != 0}
		e := r.Uvarint()
		t.lit, t.word = r.String(), r.String()
		if !r.OK() || t.kind >= kinds || e >= elems || (t.kind == Word) != (t.word != "") {
			r.Fail(errors.New("a part is not valid"))
			return nil
		}
		t.elem = int32(e)
		if t.elem < last || t.elem > last+1 || t.kind == Word && t.elem == last {
			r.Fail(errors.New("parts are not in order"))
			return nil
		}
		last = t.elem
		if t.kind == Word {
			p.elems[e] = wordHash(t.word)
		}
		text += len(t.lit) + len(t.word)
		p.parts = append(p.parts, t)
	}
	if last != int32(elems)-1 {
		r.Fail(errors.New("elements are missing"))
		return nil
	}
	p.tail = r.String()
	p.size = patternOverhead + 2*(text+len(p.tail)) + len(p.parts)*partSize + 8*len(p.elems)
	if version > 1 {
		p.readSlots(r)
	}
	if !r.OK() {
		return nil
	}
	return p
}

// readSlots takes the slots that fit the parts of p.
func (p *pattern) readSlots(r *wire.Reader) {
	n := r.Uvarint()
	if n > maxParams {
		r.Fail(errors.New("too many values"))
		return
	}
	saved := make([]slot, 0, n)
	for range n {
		saved = append(saved, readSlot(r))
	}
	if n > 0 {
		p.slots = saved
		p.size += len(saved) * slotSize
		p.chooseSlots()
	}
}
