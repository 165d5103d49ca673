package prometheusexporter

import (
	"context"
	"fmt"

	"github.com/prometheus/common/expfmt"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

const scopeName = "github.com/tidewatch/tidewatch/exporters/prometheusexporter"

// telemetry is what the exporter says of itself.
type telemetry struct {
	scrapes metric.Int64Counter
	bytes   metric.Int64Counter
	stop    metric.Registration
	id      attribute.KeyValue
}

func newTelemetry(set exporter.Settings, s *store) (*telemetry, error) {
	meter := set.MeterProvider.Meter(scopeName)
	t := &telemetry{id: attribute.String("exporter", set.ID.String())}
	var err error
	if t.scrapes, err = meter.Int64Counter("tidewatch_prometheus_scrapes", metric.WithDescription("Pages served, by format.")); err != nil {
		return nil, fmt.Errorf("make instrument: %w", err)
	}
	if t.bytes, err = meter.Int64Counter("tidewatch_prometheus_page", metric.WithUnit("By"), metric.WithDescription("Bytes of the pages served, before compression.")); err != nil {
		return nil, fmt.Errorf("make instrument: %w", err)
	}
	series, err := meter.Int64ObservableGauge("tidewatch_prometheus_series", metric.WithDescription("Series on the page."))
	if err != nil {
		return nil, fmt.Errorf("make instrument: %w", err)
	}
	refused, err := meter.Int64ObservableCounter("tidewatch_prometheus_refused_points", metric.WithDescription("Points that are not on the page, by reason."))
	if err != nil {
		return nil, fmt.Errorf("make instrument: %w", err)
	}
	conflicts, err := meter.Int64ObservableCounter("tidewatch_prometheus_conflicts", metric.WithDescription("Metrics that differ from the page, where the page wins (help), and identities that share a series (labels)."))
	if err != nil {
		return nil, fmt.Errorf("make instrument: %w", err)
	}
	t.stop, err = meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		stats, n := s.stats()
		of := func(key, value string) metric.MeasurementOption {
			return metric.WithAttributes(t.id, attribute.String(key, value))
		}
		o.ObserveInt64(series, int64(n), metric.WithAttributes(t.id))
		o.ObserveInt64(refused, stats.RefusedSeries, of("reason", "max_series"))
		o.ObserveInt64(refused, stats.TypeConflicts, of("reason", "type_conflict"))
		o.ObserveInt64(refused, stats.DuplicateDeltas, of("reason", "duplicate_delta"))
		o.ObserveInt64(refused, stats.Unsupported, of("reason", "unsupported"))
		o.ObserveInt64(conflicts, stats.HelpConflicts, of("what", "help"))
		o.ObserveInt64(conflicts, stats.Collisions, of("what", "labels"))
		return nil
	}, series, refused, conflicts)
	if err != nil {
		return nil, fmt.Errorf("register instruments: %w", err)
	}
	return t, nil
}

func (t *telemetry) scraped(ctx context.Context, format expfmt.Format, bytes int) {
	name := "text"
	switch format.FormatType() {
	case expfmt.TypeOpenMetrics:
		name = "openmetrics"
	case expfmt.TypeProtoDelim:
		name = "protobuf"
	}
	t.scrapes.Add(ctx, 1, metric.WithAttributes(t.id, attribute.String("format", name)))
	t.bytes.Add(ctx, int64(bytes), metric.WithAttributes(t.id))
}

func (t *telemetry) close() error { return t.stop.Unregister() }
