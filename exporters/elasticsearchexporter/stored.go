package elasticsearchexporter

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/klauspost/compress/s2"
	"go.opentelemetry.io/collector/exporter/exporterhelper/xexporterhelper"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/xpdata/request"
	"go.opentelemetry.io/collector/pipeline"
	"google.golang.org/protobuf/encoding/protowire"
)

// An item of a stored queue is a message: the number of records, by which the
// storage counts; the documents, compressed; and for each of them the lengths of
// its action and of itself, and its weight.
const (
	storedCount   protowire.Number = 1
	storedBody    protowire.Number = 2
	storedLengths protowire.Number = 3
)

// maxStored bounds what is unpacked of an item that damage may have changed.
const maxStored = 1 << 30

// stored is the form of batches in a queue on disk.
type stored struct{ exporter *elasticsearchExporter }

// Marshal returns a batch as it is stored.
func (s stored) Marshal(_ context.Context, req xexporterhelper.Request) ([]byte, error) {
	b, ok := req.(*batch)
	if !ok {
		return nil, fmt.Errorf("store batch: %T is none", req)
	}
	out := protowire.AppendVarint(protowire.AppendTag(nil, storedCount, protowire.VarintType), uint64(b.ItemsCount())) //nolint:gosec // a count
	out = protowire.AppendTag(out, storedBody, protowire.BytesType)
	out = protowire.AppendBytes(out, s2.Encode(nil, b.body.buf))
	lengths := make([]byte, 0, 5*len(b.body.items))
	for i, it := range b.body.items {
		for _, n := range [...]int{it.doc - it.start, it.end - it.doc, b.body.weight(i, i+1)} {
			lengths = protowire.AppendVarint(lengths, uint64(n)) //nolint:gosec // a length
		}
	}
	out = protowire.AppendTag(out, storedLengths, protowire.BytesType)
	return protowire.AppendBytes(out, lengths), nil
}

// Unmarshal reads what Marshal wrote, and also the OTLP of earlier versions.
func (s stored) Unmarshal(p []byte) (context.Context, xexporterhelper.Request, error) {
	if num, kind, n := protowire.ConsumeTag(p); n < 0 || num != storedCount || kind != protowire.VarintType {
		return s.unmarshalOTLP(p)
	}
	b := newBody(s.exporter.encoding())
	if err := b.unmarshal(p); err != nil {
		b.release()
		return context.Background(), nil, fmt.Errorf("read batch from queue: %w", err)
	}
	return context.Background(), &batch{b}, nil
}

var errStored = errors.New("the item is damaged")

func (b *body) unmarshal(p []byte) error {
	var lengths []byte
	for len(p) > 0 {
		num, kind, n := protowire.ConsumeTag(p)
		if n < 0 {
			return errStored
		}
		p = p[n:]
		if kind != protowire.BytesType {
			if n = protowire.ConsumeFieldValue(num, kind, p); n < 0 {
				return errStored
			}
			p = p[n:]
			continue
		}
		value, n := protowire.ConsumeBytes(p)
		if n < 0 {
			return errStored
		}
		p = p[n:]
		switch num {
		case storedBody:
			size, err := s2.DecodedLen(value)
			if err != nil || size > maxStored {
				return errStored
			}
			if b.buf, err = s2.Decode(b.buf[:cap(b.buf)], value); err != nil {
				return fmt.Errorf("unpack item: %w", err)
			}
		case storedLengths:
			lengths = value
		}
	}
	return b.readLengths(lengths)
}

// readLengths finds the items in buf.
func (b *body) readLengths(p []byte) error {
	b.weights = []int32{}
	at, plain := 0, true
	for len(p) > 0 {
		var read [3]int
		for i := range read {
			v, n := protowire.ConsumeVarint(p)
			if n < 0 || v > math.MaxInt32 {
				return errStored
			}
			read[i], p = int(v), p[n:] //nolint:gosec // bounded just now
		}
		it := item{start: at, doc: at + read[0], end: at + read[0] + read[1]}
		if read[0] < len(`{"create":{}}`) || read[1] == 0 || it.end > len(b.buf) {
			return errStored
		}
		b.items = append(b.items, it)
		b.weights = append(b.weights, int32(read[2])) //nolint:gosec // bounded above
		plain = plain && read[2] == 1
		at = it.end
	}
	if at != len(b.buf) {
		return errStored
	}
	if plain {
		b.weights = nil
	}
	return nil
}

// unmarshalOTLP reads the items of upstream's queue, with or without its wrapper.
func (s stored) unmarshalOTLP(p []byte) (context.Context, xexporterhelper.Request, error) {
	var req xexporterhelper.Request
	var ctx context.Context
	var err error
	switch s.exporter.signal {
	case pipeline.SignalMetrics:
		var md pmetric.Metrics
		if ctx, md, err = request.UnmarshalMetrics(p); errors.Is(err, request.ErrInvalidFormat) {
			md, err = (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(p)
		}
		if err == nil {
			req, err = s.exporter.encodeMetrics(ctx, md)
		}
	case pipeline.SignalTraces:
		var td ptrace.Traces
		if ctx, td, err = request.UnmarshalTraces(p); errors.Is(err, request.ErrInvalidFormat) {
			td, err = (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(p)
		}
		if err == nil {
			req, err = s.exporter.encodeTraces(ctx, td)
		}
	default:
		var ld plog.Logs
		if ctx, ld, err = request.UnmarshalLogs(p); errors.Is(err, request.ErrInvalidFormat) {
			ld, err = (&plog.ProtoUnmarshaler{}).UnmarshalLogs(p)
		}
		if err == nil {
			req, err = s.exporter.encodeLogs(ctx, ld)
		}
	}
	if err != nil {
		return context.Background(), nil, fmt.Errorf("read batch from queue: %w", err)
	}
	if ctx == nil {
		ctx = context.Background()
	}
	return ctx, req, nil
}
