package redconnector

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

const scopeName = "github.com/tidewatch/tidewatch/connectors/redconnector"

// telemetry counts what the connector does.
type telemetry struct {
	spans, overflow, expired, unpaired, undelivered, dropped metric.Int64Counter
	registration                                             metric.Registration
}

func newTelemetry(set component.TelemetrySettings, r *red) (*telemetry, error) {
	meter := set.MeterProvider.Meter(scopeName)
	var errs []error
	counter := func(name, unit, description string) metric.Int64Counter {
		c, err := meter.Int64Counter("tidewatch_red_"+name, metric.WithUnit(unit), metric.WithDescription(description))
		errs = append(errs, err)
		return c
	}
	t := &telemetry{
		spans:       counter("spans", "{span}", "Spans counted."),
		overflow:    counter("overflow_spans", "{span}", "Spans counted as <other>, by what there was too much of: services, operations, series or edges."),
		expired:     counter("series_expired", "{series}", "Series that ended because they had no spans."),
		unpaired:    counter("unpaired_spans", "{span}", "Sides of requests whose other side did not come, by side: client or server."),
		undelivered: counter("undelivered", "{batch}", "Batches that the next component refused; they are sent again or made up for."),
		dropped:     counter("dropped_batches", "{batch}", "Batches of deltas that were given up because too many were refused."),
	}
	held, err := meter.Int64ObservableGauge("tidewatch_red_series", metric.WithUnit("{series}"), metric.WithDescription("Series held, by what they are of: spans or edges."))
	errs = append(errs, err)
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	t.registration, err = meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		o.ObserveInt64(held, int64(r.table.series), metric.WithAttributes(attribute.String("of", "spans")))
		o.ObserveInt64(held, int64(len(r.graph.edges)), metric.WithAttributes(attribute.String("of", "edges")))
		return nil
	}, held)
	return t, err
}

func (t *telemetry) close() {
	_ = t.registration.Unregister() // says only that it was done before
}

// record hands the counts since the last time on; the caller holds the lock.
func (t *telemetry) record(r *red) {
	ctx := context.Background()
	add := func(c metric.Int64Counter, n *int64, options ...metric.AddOption) {
		if *n > 0 {
			c.Add(ctx, *n, options...)
			*n = 0
		}
	}
	by := func(key, value string) metric.AddOption { return metric.WithAttributes(attribute.String(key, value)) }
	o := &r.table.overflow
	add(t.spans, &r.spans)
	add(t.expired, &r.table.expired)
	add(t.overflow, &o.services, by("of", "services"))
	add(t.overflow, &o.operations, by("of", "operations"))
	add(t.overflow, &o.series, by("of", "series"))
	add(t.overflow, &o.edges, by("of", "edges"))
	add(t.unpaired, &r.graph.unpaired[0], by("side", "client"))
	add(t.unpaired, &r.graph.unpaired[1], by("side", "server"))
}
