package logpattern

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// The snapshot is: magic, version, aliases and patterns as varints and strings,
// CRC-32 (Castagnoli) of all before it.
const (
	snapshotMagic   = "TWLP"
	snapshotVersion = 1
)

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
		b = append(b, byte(t.kind))
		b = binary.AppendUvarint(b, uint64(t.elem))
		b = appendString(b, t.lit)
		b = appendString(b, t.word)
	}
	return appendString(b, p.tail)
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
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
	if b[4] != snapshotVersion {
		return fmt.Errorf("version %d is not %d", b[4], snapshotVersion)
	}
	body, sum := b[:len(b)-4], binary.LittleEndian.Uint32(b[len(b)-4:])
	if crc32.Checksum(body, castagnoli) != sum {
		return errors.New("checksum does not match")
	}
	r := reader{b: body[5:]}
	m.stats.Lines = r.uvarint()
	for n := r.uvarint(); n > 0 && r.ok(); n-- {
		p := r.pattern()
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
	for n := r.uvarint(); n > 0 && r.ok(); n-- {
		key, to := r.uint64(), m.patterns[r.uint64()]
		if to == nil || m.patterns[key] != nil || len(m.order) >= 4*m.opt.MaxPatterns {
			continue
		}
		if _, dup := m.aliases[key]; dup {
			continue
		}
		m.aliases[key] = &pattern{id: idOf(key), key: key, into: to}
		m.order = append(m.order, key)
	}
	return r.err
}

// reader decodes; after an error everything is zero.
type reader struct {
	b   []byte
	err error
}

var errShort = errors.New("unexpected end")

func (r *reader) ok() bool { return r.err == nil }

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.b = nil
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail(errShort)
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.fail(errShort)
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) uint64() uint64 {
	if len(r.b) < 8 {
		r.fail(errShort)
		return 0
	}
	v := binary.LittleEndian.Uint64(r.b)
	r.b = r.b[8:]
	return v
}

func (r *reader) string() string {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.fail(errShort)
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}

func (r *reader) pattern() *pattern {
	p := &pattern{key: r.uint64(), count: r.uvarint(), first: r.varint(), last: r.varint()}
	p.id = idOf(p.key)
	elems, parts := r.uvarint(), r.uvarint()
	if elems > parts || parts > uint64(len(r.b))/3 {
		r.fail(errors.New("sizes do not fit"))
		return nil
	}
	p.elems = make([]uint64, elems)
	p.parts = make([]part, 0, parts)
	text := 0
	last := int32(-1)
	for range parts {
		if len(r.b) == 0 {
			r.fail(errShort)
			return nil
		}
		t := part{kind: Kind(r.b[0])}
		r.b = r.b[1:]
		e := r.uvarint()
		t.lit, t.word = r.string(), r.string()
		if !r.ok() || t.kind >= kinds || e >= elems || (t.kind == Word) != (t.word != "") {
			r.fail(errors.New("a part is not valid"))
			return nil
		}
		t.elem = int32(e)
		if t.elem < last || t.elem > last+1 || t.kind == Word && t.elem == last {
			r.fail(errors.New("parts are not in order"))
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
		r.fail(errors.New("elements are missing"))
		return nil
	}
	p.tail = r.string()
	p.size = patternOverhead + 2*(text+len(p.tail)) + len(p.parts)*partSize + 8*len(p.elems)
	if !r.ok() {
		return nil
	}
	return p
}
