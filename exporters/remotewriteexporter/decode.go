package remotewriteexporter

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/golang/snappy"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tidewatch/tidewatch/internal/promseries"
)

var errBroken = errors.New("message is broken")

// decoder reads requests of version 2 back into a batch.
type decoder struct {
	table   *table
	now     int64
	symbols []string
	batch   *batch
	samples []sample
	labels  []*symbol
}

// decode reads a body that an encoder made.
func (d *decoder) decode(body []byte) (*batch, error) {
	// Snappy makes 64 bytes of three at best: what claims more would only take memory.
	if n, err := snappy.DecodedLen(body); err != nil || n > 32*len(body) {
		return nil, fmt.Errorf("decode remote write request: %w", errBroken)
	}
	raw, err := snappy.Decode(nil, body)
	if err != nil {
		return nil, fmt.Errorf("decode remote write request: %w", err)
	}
	d.batch = &batch{}
	err = fields(raw, func(f protowire.Number, _ uint64, v []byte) error {
		switch f {
		case 4:
			d.symbols = append(d.symbols, string(v))
		case 5: // after all symbols
			return d.series(v)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("decode remote write request: %w", err)
	}
	d.batch.samples = [][]sample{d.samples}
	return d.batch, nil
}

func (d *decoder) text(ref uint64) (string, error) {
	if ref >= uint64(len(d.symbols)) {
		return "", errBroken
	}
	return d.symbols[ref], nil
}

// refs calls fn with the texts of packed references.
func (d *decoder) refs(v []byte, fn func(string)) error {
	for len(v) > 0 {
		ref, n := protowire.ConsumeVarint(v)
		if n < 0 {
			return errBroken
		}
		v = v[n:]
		text, err := d.text(ref)
		if err != nil {
			return err
		}
		fn(text)
	}
	return nil
}

func (d *decoder) series(raw []byte) error {
	var kind, help, unit uint64
	d.labels = d.labels[:0]
	err := fields(raw, func(f protowire.Number, _ uint64, v []byte) error {
		switch f {
		case 1:
			return d.refs(v, func(s string) { d.labels = append(d.labels, d.table.symbol(s)) })
		case 5:
			return fields(v, func(f protowire.Number, n uint64, _ []byte) error {
				switch f {
				case 1:
					kind = n
				case 3:
					help = n
				case 4:
					unit = n
				}
				return nil
			})
		}
		return nil
	})
	if err != nil {
		return err
	}
	s, err := d.known(kind, help, unit)
	if err != nil {
		return err
	}
	return fields(raw, func(f protowire.Number, _ uint64, v []byte) error {
		switch f {
		case 2:
			return d.sample(s, v)
		case 3:
			return d.native(s, v)
		case 4:
			return d.exemplar(s, v)
		}
		return nil
	})
}

func (d *decoder) known(kind, help, unit uint64) (*series, error) {
	if len(d.labels)%2 != 0 {
		return nil, errBroken
	}
	if s, ok := d.table.series[hashSymbols(d.labels)]; ok {
		s.seen = d.now
		return s, nil
	}
	helpText, err := d.text(help)
	if err != nil {
		return nil, err
	}
	unitText, err := d.text(unit)
	if err != nil {
		return nil, err
	}
	name := ""
	for i := 0; i < len(d.labels); i += 2 {
		if d.labels[i].text == "__name__" {
			name = d.labels[i+1].text
		}
	}
	k := promseries.KindGauge
	for i, n := range metadataTypes {
		if uint64(n) == kind {
			k = promseries.Kind(i) //nolint:gosec // one of six
			break
		}
	}
	if k == promseries.KindHistogram || k == promseries.KindSummary {
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			name = strings.TrimSuffix(name, suffix)
		}
	}
	return d.table.known(d.table.family(name, k, helpText, unitText), d.labels, d.now), nil
}

func (d *decoder) sample(s *series, raw []byte) error {
	x := sample{series: s}
	err := fields(raw, func(f protowire.Number, n uint64, _ []byte) error {
		switch f {
		case 1:
			x.value = math.Float64frombits(n)
		case 2:
			x.time = int64(n) //nolint:gosec // two's complement is the wire's form
		case 3:
			x.start = int64(n) //nolint:gosec // as above
		}
		return nil
	})
	d.samples = append(d.samples, x)
	return err
}

func (d *decoder) native(s *series, raw []byte) error {
	h := native{series: s, body: raw}
	err := fields(raw, func(f protowire.Number, n uint64, _ []byte) error {
		switch f {
		case fieldTime:
			h.time = int64(n) //nolint:gosec // as above
		case fieldStart:
			h.start = int64(n) //nolint:gosec // as above
		}
		return nil
	})
	if h.start != 0 { // it is the last field
		h.body = raw[:len(raw)-len(appendVarint(nil, fieldStart, uint64(h.start)))] //nolint:gosec // as above
	}
	d.batch.natives = append(d.batch.natives, h)
	return err
}

func (d *decoder) exemplar(s *series, raw []byte) error {
	x := exemplar{series: s}
	err := fields(raw, func(f protowire.Number, n uint64, v []byte) error {
		switch f {
		case 1:
			var texts []string
			if err := d.refs(v, func(s string) { texts = append(texts, s) }); err != nil || len(texts)%2 != 0 {
				return errBroken
			}
			for i := 0; i < len(texts); i += 2 {
				x.labels = append(x.labels, promseries.Label{Name: texts[i], Value: texts[i+1]})
			}
		case 2:
			x.value = math.Float64frombits(n)
		case 3:
			x.time = int64(n) //nolint:gosec // as above
		}
		return nil
	})
	d.batch.exemplars = append(d.batch.exemplars, x)
	return err
}

// fields calls fn with each field of a message: n for numbers, v for the others.
func fields(b []byte, fn func(f protowire.Number, n uint64, v []byte) error) error {
	for len(b) > 0 {
		f, kind, size := protowire.ConsumeTag(b)
		if size < 0 {
			return errBroken
		}
		b = b[size:]
		var n uint64
		var v []byte
		switch kind {
		case protowire.VarintType:
			n, size = protowire.ConsumeVarint(b)
		case protowire.Fixed64Type:
			n, size = protowire.ConsumeFixed64(b)
		case protowire.BytesType:
			v, size = protowire.ConsumeBytes(b)
		default:
			size = protowire.ConsumeFieldValue(f, kind, b)
		}
		if size < 0 {
			return errBroken
		}
		if err := fn(f, n, v); err != nil {
			return err
		}
		b = b[size:]
	}
	return nil
}
