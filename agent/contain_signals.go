package agent

import (
	"context"
	"encoding/binary"

	"github.com/cespare/xxhash/v2"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// The parts of a unit, by signal.
type (
	logsCell    struct{ *cell[plog.Logs] }
	metricsCell struct{ *cell[pmetric.Metrics] }
	tracesCell  struct{ *cell[ptrace.Traces] }
)

func (c logsCell) ConsumeLogs(ctx context.Context, ld plog.Logs) error { return c.consume(ctx, ld) }

func (c metricsCell) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	return c.consume(ctx, md)
}

func (c tracesCell) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	return c.consume(ctx, td)
}

// identity is what tells batches apart: it must be the same when a receiver has built a
// batch anew, and so leaves out when a record was seen.
type identity struct {
	digest xxhash.Digest
	number [8]byte
}

func (i *identity) add(n uint64, text string) {
	binary.LittleEndian.PutUint64(i.number[:], n)
	_, _ = i.digest.Write(i.number[:])
	_, _ = i.digest.WriteString(text)
}

var logsSignal = &dataKind[plog.Logs]{
	fingerprint: func(ld plog.Logs) uint64 {
		var id identity
		id.digest.Reset()
		for _, r := range ld.ResourceLogs().All() {
			for _, s := range r.ScopeLogs().All() {
				for _, l := range s.LogRecords().All() {
					id.add(uint64(l.Timestamp()), l.Body().AsString())
				}
			}
		}
		return id.digest.Sum64()
	},
	split: func(ld plog.Logs) (out []plog.Logs) {
		for _, r := range ld.ResourceLogs().All() {
			for _, s := range r.ScopeLogs().All() {
				for _, l := range s.LogRecords().All() {
					one := plog.NewLogs()
					rl := one.ResourceLogs().AppendEmpty()
					r.Resource().CopyTo(rl.Resource())
					rl.SetSchemaUrl(r.SchemaUrl())
					sl := rl.ScopeLogs().AppendEmpty()
					s.Scope().CopyTo(sl.Scope())
					sl.SetSchemaUrl(s.SchemaUrl())
					l.CopyTo(sl.LogRecords().AppendEmpty())
					out = append(out, one)
				}
			}
		}
		return out
	},
	join: func(pieces []plog.Logs) plog.Logs {
		all := plog.NewLogs()
		for _, one := range pieces {
			one.ResourceLogs().MoveAndAppendTo(all.ResourceLogs())
		}
		return all
	},
	retry: func(err error, left plog.Logs) error { return consumererror.NewLogs(err, left) },
}

var metricsSignal = &dataKind[pmetric.Metrics]{
	fingerprint: func(md pmetric.Metrics) uint64 {
		var id identity
		id.digest.Reset()
		for _, r := range md.ResourceMetrics().All() {
			for _, s := range r.ScopeMetrics().All() {
				for _, m := range s.Metrics().All() {
					id.add(firstTime(m), m.Name())
				}
			}
		}
		return id.digest.Sum64()
	},
	split: func(md pmetric.Metrics) (out []pmetric.Metrics) {
		for _, r := range md.ResourceMetrics().All() {
			for _, s := range r.ScopeMetrics().All() {
				for _, m := range s.Metrics().All() {
					one := pmetric.NewMetrics()
					rm := one.ResourceMetrics().AppendEmpty()
					r.Resource().CopyTo(rm.Resource())
					rm.SetSchemaUrl(r.SchemaUrl())
					sm := rm.ScopeMetrics().AppendEmpty()
					s.Scope().CopyTo(sm.Scope())
					sm.SetSchemaUrl(s.SchemaUrl())
					m.CopyTo(sm.Metrics().AppendEmpty())
					out = append(out, one)
				}
			}
		}
		return out
	},
	join: func(pieces []pmetric.Metrics) pmetric.Metrics {
		all := pmetric.NewMetrics()
		for _, one := range pieces {
			one.ResourceMetrics().MoveAndAppendTo(all.ResourceMetrics())
		}
		return all
	},
	retry: func(err error, left pmetric.Metrics) error { return consumererror.NewMetrics(err, left) },
}

// firstTime is when the first point of a metric was taken.
func firstTime(m pmetric.Metric) uint64 {
	var at pcommon.Timestamp
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		if p := m.Gauge().DataPoints(); p.Len() > 0 {
			at = p.At(0).Timestamp()
		}
	case pmetric.MetricTypeSum:
		if p := m.Sum().DataPoints(); p.Len() > 0 {
			at = p.At(0).Timestamp()
		}
	case pmetric.MetricTypeHistogram:
		if p := m.Histogram().DataPoints(); p.Len() > 0 {
			at = p.At(0).Timestamp()
		}
	case pmetric.MetricTypeExponentialHistogram:
		if p := m.ExponentialHistogram().DataPoints(); p.Len() > 0 {
			at = p.At(0).Timestamp()
		}
	case pmetric.MetricTypeSummary:
		if p := m.Summary().DataPoints(); p.Len() > 0 {
			at = p.At(0).Timestamp()
		}
	}
	return uint64(at)
}

var tracesSignal = &dataKind[ptrace.Traces]{
	fingerprint: func(td ptrace.Traces) uint64 {
		var id identity
		id.digest.Reset()
		for _, r := range td.ResourceSpans().All() {
			for _, s := range r.ScopeSpans().All() {
				for _, span := range s.Spans().All() {
					of := span.SpanID()
					id.add(binary.LittleEndian.Uint64(of[:]), span.Name())
				}
			}
		}
		return id.digest.Sum64()
	},
	split: func(td ptrace.Traces) (out []ptrace.Traces) {
		for _, r := range td.ResourceSpans().All() {
			for _, s := range r.ScopeSpans().All() {
				for _, span := range s.Spans().All() {
					one := ptrace.NewTraces()
					rs := one.ResourceSpans().AppendEmpty()
					r.Resource().CopyTo(rs.Resource())
					rs.SetSchemaUrl(r.SchemaUrl())
					ss := rs.ScopeSpans().AppendEmpty()
					s.Scope().CopyTo(ss.Scope())
					ss.SetSchemaUrl(s.SchemaUrl())
					span.CopyTo(ss.Spans().AppendEmpty())
					out = append(out, one)
				}
			}
		}
		return out
	},
	join: func(pieces []ptrace.Traces) ptrace.Traces {
		all := ptrace.NewTraces()
		for _, one := range pieces {
			one.ResourceSpans().MoveAndAppendTo(all.ResourceSpans())
		}
		return all
	},
	retry: func(err error, left ptrace.Traces) error { return consumererror.NewTraces(err, left) },
}
