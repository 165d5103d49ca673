package remotewriteexporter

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/exporter/exporterhelper/xexporterhelper"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"google.golang.org/protobuf/encoding/protowire"
)

// An item of a stored queue is a message: the number of data points, by which the
// storage counts, and a request of version 2.
const (
	itemPoints  protowire.Number = 1
	itemRequest protowire.Number = 2
)

// encoding is the form of batches in a queue on disk: the same samples come back
// after a restart, so that sums of deltas stay what they were.
type encoding struct{ *metricsExporter }

// Marshal is called for a batch that was not sent yet, or not all of it.
func (e encoding) Marshal(_ context.Context, req xexporterhelper.Request) ([]byte, error) {
	b := req.(*batch)
	e.mu.Lock()
	defer e.mu.Unlock()
	groups := e.layout.of(b)
	all := make([]*group, len(groups))
	total := 0
	for i := range groups {
		all[i] = &groups[i]
		total += e.layout.size(&groups[i])
	}
	item := appendItemPoints(nil, b.points)
	for _, r := range e.encoder.requests(&e.layout, all, total, v2) {
		item = appendBytes(item, itemRequest, r.body)
	}
	return item, nil
}

func appendItemPoints(b []byte, points int) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, itemPoints, protowire.VarintType), uint64(points)) //nolint:gosec // a count
}

// Unmarshal reads what Marshal wrote, and also plain OTLP.
func (e encoding) Unmarshal(item []byte) (context.Context, xexporterhelper.Request, error) {
	if f, kind, n := protowire.ConsumeTag(item); n < 0 || f != itemPoints || kind != protowire.VarintType {
		return e.otlp(item)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	out := &batch{}
	err := fields(item, func(f protowire.Number, n uint64, v []byte) error {
		switch f {
		case itemPoints:
			out.points = int(n) //nolint:gosec // a count
		case itemRequest:
			d := decoder{table: e.table, now: e.now().UnixMilli()}
			b, err := d.decode(v)
			if err != nil {
				return err
			}
			out.samples, out.natives, out.exemplars = b.samples, b.natives, b.exemplars
		}
		return nil
	})
	if err != nil {
		return context.Background(), nil, fmt.Errorf("read batch from queue: %w", err)
	}
	return context.Background(), out, nil
}

func (e encoding) otlp(item []byte) (context.Context, xexporterhelper.Request, error) {
	md, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(item)
	if err != nil {
		return context.Background(), nil, fmt.Errorf("read batch from queue: %w", err)
	}
	b, err := e.convert(context.Background(), md)
	return context.Background(), b, err
}
