package consoleextension

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/tidewatch/tidewatch/internal/localstore"
)

const scope = "github.com/tidewatch/tidewatch/extensions/consoleextension"

// telemetry is what the extension says about itself.
type telemetry struct {
	refused      metric.Int64Counter
	registration metric.Registration
}

func newTelemetry(set component.TelemetrySettings, store *localstore.Store) (*telemetry, error) {
	meter := set.MeterProvider.Meter(scope)
	refused, err := meter.Int64Counter("tidewatch_console_refused_requests",
		metric.WithDescription("Requests refused, by reason: host, method, wrong_credentials or too_many_failures."), metric.WithUnit("{request}"))
	if err != nil {
		return nil, fmt.Errorf("create own metrics: %w", err)
	}
	held, err := meter.Int64ObservableGauge("tidewatch_console_held",
		metric.WithDescription("Things that the local store holds, by kind."), metric.WithUnit("{item}"))
	if err != nil {
		return nil, fmt.Errorf("create own metrics: %w", err)
	}
	evicted, err := meter.Int64ObservableCounter("tidewatch_console_evicted",
		metric.WithDescription("Things that had no room in the local store, by kind."), metric.WithUnit("{item}"))
	if err != nil {
		return nil, fmt.Errorf("create own metrics: %w", err)
	}
	registration, err := meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		t := store.Totals()
		observe := func(i metric.Int64Observable, v uint64, kind string) {
			o.ObserveInt64(i, int64(v), metric.WithAttributes(attribute.String("kind", kind))) //nolint:gosec // counts stay far below 2^63
		}
		observe(held, uint64(t.Series), "series")     //nolint:gosec // a length
		observe(held, uint64(t.Patterns), "patterns") //nolint:gosec // a length
		observe(held, uint64(t.Traces), "traces")     //nolint:gosec // a length
		observe(evicted, t.EvictedSeries, "series")
		observe(evicted, t.RefusedPoints, "points")
		observe(evicted, t.EvictedPatterns, "patterns")
		observe(evicted, t.EvictedFindings, "findings")
		observe(evicted, t.EvictedTraces, "traces")
		observe(evicted, t.DroppedSpans, "spans")
		return nil
	}, held, evicted)
	if err != nil {
		return nil, fmt.Errorf("create own metrics: %w", err)
	}
	return &telemetry{refused: refused, registration: registration}, nil
}

func (t *telemetry) close() {
	_ = t.registration.Unregister() // never fails in the SDK
}
