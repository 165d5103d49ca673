package logpatternprocessor

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/metric"

	"github.com/tidewatch/tidewatch/logpattern"
)

const scope = "github.com/tidewatch/tidewatch/processors/logpatternprocessor"

// telemetry counts what the processor does.
type telemetry struct {
	lines, merges, evictions, overflow, unsupported, time metric.Int64Counter
	registration                                          metric.Registration
}

func newTelemetry(set component.TelemetrySettings, s *services) (*telemetry, error) {
	meter := set.MeterProvider.Meter(scope)
	var errs []error
	counter := func(name, unit, description string) metric.Int64Counter {
		c, err := meter.Int64Counter("tidewatch_log_pattern_"+name, metric.WithUnit(unit), metric.WithDescription(description))
		errs = append(errs, err)
		return c
	}
	t := &telemetry{
		lines:       counter("lines", "{record}", "Records that were given a pattern."),
		merges:      counter("merges", "{pattern}", "Patterns merged into another."),
		evictions:   counter("evictions", "{pattern}", "Patterns forgotten because others were seen later."),
		overflow:    counter("overflow", "{record}", "Records for which there was no room and which went to <other>."),
		unsupported: counter("unsupported", "{record}", "Records without a pattern: their body is empty or no text."),
		time:        counter("time", "ns", "Time spent on finding patterns."),
	}
	held, err := meter.Int64ObservableGauge("tidewatch_log_pattern_patterns", metric.WithUnit("{pattern}"), metric.WithDescription("Patterns held now."))
	errs = append(errs, err)
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	t.registration, err = meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		o.ObserveInt64(held, int64(s.patterns()))
		return nil
	}, held)
	return t, err
}

func (t *telemetry) close() {
	_ = t.registration.Unregister() // says only that it was done before
}

func (t *telemetry) record(ctx context.Context, s totals, took time.Duration) {
	for _, c := range [...]struct {
		counter metric.Int64Counter
		n       uint64
	}{{t.lines, s.lines}, {t.merges, s.merges}, {t.evictions, s.evictions}, {t.overflow, s.overflow}, {t.unsupported, s.unsupported}} {
		if c.n > 0 {
			c.counter.Add(ctx, int64(c.n))
		}
	}
	t.time.Add(ctx, int64(took))
}

// patterns counts the patterns of all services.
func (s *services) patterns() int {
	n := 0
	for _, sv := range s.all() {
		sv.mu.Lock()
		n += sv.miner.Stats().Patterns
		sv.mu.Unlock()
	}
	return n
}

// totals is what one batch did.
type totals struct {
	lines, merges, evictions, overflow, unsupported uint64
	shed                                            int // lines left out under pressure
}

// add adds what a Miner did between two looks at its totals.
func (t *totals) add(a, b logpattern.Stats) {
	t.lines += b.Lines - a.Lines
	t.merges += b.Merges - a.Merges
	t.evictions += b.Evictions - a.Evictions
	t.overflow += b.Overflow - a.Overflow
}
