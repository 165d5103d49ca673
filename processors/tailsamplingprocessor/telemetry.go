package tailsamplingprocessor

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

const scope = "github.com/tidewatch/tidewatch/processors/tailsamplingprocessor"

// tally counts traces and their spans.
type tally struct{ traces, spans int64 }

func (t *tally) add(spans int) {
	t.traces++
	t.spans += int64(spans)
}

// counts are what happened since the last record.
type counts struct {
	kept, dropped                     [reasons]tally
	late, lateDropped, early, refused int64
}

// telemetry counts what became of traces.
type telemetry struct {
	traces, spans, late, early, refused metric.Int64Counter
	registration                        metric.Registration
}

func newTelemetry(set component.TelemetrySettings, s *sampler) (*telemetry, error) {
	meter := set.MeterProvider.Meter(scope)
	var errs []error
	counter := func(name, unit, description string) metric.Int64Counter {
		c, err := meter.Int64Counter("tidewatch_tail_sampling_"+name, metric.WithUnit(unit), metric.WithDescription(description))
		errs = append(errs, err)
		return c
	}
	t := &telemetry{
		traces:  counter("traces", "{trace}", "Traces decided on, by decision (kept or dropped) and reason (error, slow, rare or rest)."),
		spans:   counter("spans", "{span}", "Their spans."),
		late:    counter("late_spans", "{span}", "Spans that came after the decision on their trace and followed it, by decision."),
		early:   counter("early_decisions", "{trace}", "Traces decided on before they were at rest because max_bytes was used up."),
		refused: counter("refused_batches", "{batch}", "Batches that the next component refused; they are sent again."),
	}
	waiting, err := meter.Int64ObservableGauge("tidewatch_tail_sampling_waiting_traces", metric.WithUnit("{trace}"), metric.WithDescription("Traces that wait for a decision."))
	errs = append(errs, err)
	held, err := meter.Int64ObservableGauge("tidewatch_tail_sampling_bytes", metric.WithUnit("By"), metric.WithDescription("Memory of the traces that wait, as estimated."))
	errs = append(errs, err)
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	t.registration, err = meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		o.ObserveInt64(waiting, int64(len(s.buffer.traces)))
		o.ObserveInt64(held, s.buffer.bytes)
		return nil
	}, waiting, held)
	return t, err
}

func (t *telemetry) close() {
	_ = t.registration.Unregister() // says only that it was done before
}

func (t *telemetry) record(c *counts) {
	ctx := context.Background()
	decision := func(kept bool) attribute.KeyValue {
		if kept {
			return attribute.String("decision", "kept")
		}
		return attribute.String("decision", "dropped")
	}
	for r := range reasons {
		for kept, n := range map[bool]*tally{true: &c.kept[r], false: &c.dropped[r]} {
			if n.traces > 0 {
				by := metric.WithAttributes(decision(kept), attribute.String("reason", r.String()))
				t.traces.Add(ctx, n.traces, by)
				t.spans.Add(ctx, n.spans, by)
			}
		}
	}
	for kept, n := range map[bool]int64{true: c.late, false: c.lateDropped} {
		if n > 0 {
			t.late.Add(ctx, n, metric.WithAttributes(decision(kept)))
		}
	}
	if c.early > 0 {
		t.early.Add(ctx, c.early)
	}
	if c.refused > 0 {
		t.refused.Add(ctx, c.refused)
	}
	*c = counts{}
}
