package anomalyconnector

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/tidewatch/tidewatch/anomaly"
)

// counts are what happened since the last record.
type counts struct {
	points, ignored, refused, rolledUp, expired, findingsDropped, unasked int64
	findings                                                              map[string]int64
}

// telemetry counts what the connector does.
type telemetry struct {
	points, ignored, refused, rolledUp, expired, findings, dropped, warm metric.Int64Counter
	registration                                                         metric.Registration
}

func newTelemetry(set component.TelemetrySettings, w *watcher) (*telemetry, error) {
	w.counts.findings = map[string]int64{}
	meter := set.MeterProvider.Meter(scope)
	var errs []error
	counter := func(name, unit, description string) metric.Int64Counter {
		c, err := meter.Int64Counter("tidewatch_anomaly_"+name, metric.WithUnit(unit), metric.WithDescription(description))
		errs = append(errs, err)
		return c
	}
	t := &telemetry{
		points:   counter("points", "{datapoint}", "Points judged."),
		ignored:  counter("points_ignored", "{datapoint}", "Points not judged: late, duplicate or not a number."),
		refused:  counter("points_refused", "{datapoint}", "Points of series that have no baseline of their own because max_bytes is used up."),
		rolledUp: counter("points_rolled_up", "{datapoint}", "Points refused that are watched as part of the series <other> of their metric."),
		expired:  counter("series_expired", "{series}", "Series forgotten because they had no points."),
		findings: counter("findings", "{finding}", "Findings, by state."),
		dropped:  counter("findings_dropped", "{finding}", "Findings lost because the logs pipeline refused too many."),
	}
	t.warm = counter("series_warmed", "{series}", "New series whose history was looked for, by outcome: filled, nothing, ambiguous or refused.")
	held, err := meter.Int64ObservableGauge("tidewatch_anomaly_series", metric.WithUnit("{series}"), metric.WithDescription("Series watched, by state."))
	errs = append(errs, err)
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	t.registration, err = meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		for state, n := range w.states() {
			o.ObserveInt64(held, n, metric.WithAttributes(attribute.String("state", anomaly.State(state).String())))
		}
		return nil
	}, held)
	return t, err
}

func (t *telemetry) close() {
	_ = t.registration.Unregister() // says only that it was done before
}

func (t *telemetry) record(ctx context.Context, c *counts) {
	for _, x := range [...]struct {
		counter metric.Int64Counter
		n       *int64
	}{{t.points, &c.points}, {t.ignored, &c.ignored}, {t.refused, &c.refused}, {t.rolledUp, &c.rolledUp}, {t.expired, &c.expired}, {t.dropped, &c.findingsDropped}} {
		if *x.n > 0 {
			x.counter.Add(ctx, *x.n)
			*x.n = 0
		}
	}
	if c.unasked > 0 {
		t.warm.Add(ctx, c.unasked, metric.WithAttributes(attribute.String("outcome", "refused")))
		c.unasked = 0
	}
	for state, n := range c.findings {
		t.findings.Add(ctx, n, metric.WithAttributes(attribute.String("state", state)))
		delete(c.findings, state)
	}
}

// warmed counts what became of a look for history.
func (t *telemetry) warmed(ctx context.Context, outcome string) {
	t.warm.Add(ctx, 1, metric.WithAttributes(attribute.String("outcome", outcome)))
}

// states counts the series in each state.
func (w *watcher) states() (n [4]int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.series {
		n[s.detector.State()]++
	}
	return n
}
