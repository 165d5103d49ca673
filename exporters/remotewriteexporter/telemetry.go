package remotewriteexporter

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/tidewatch/tidewatch/internal/undelivered"
)

const scopeName = "github.com/tidewatch/tidewatch/exporters/remotewriteexporter"

// telemetry is what the exporter says of itself.
type telemetry struct {
	undelivered *undelivered.Counter
	samples     metric.Int64Counter
	id          attribute.KeyValue
}

func newTelemetry(set exporter.Settings) (*telemetry, error) {
	t := &telemetry{id: attribute.String("exporter", set.ID.String())}
	var err error
	if t.undelivered, err = undelivered.NewCounter(set.TelemetrySettings, set.ID); err != nil {
		return nil, err
	}
	t.samples, err = set.MeterProvider.Meter(scopeName).Int64Counter("tidewatch_remote_write_samples",
		metric.WithDescription("Samples that the receiver took."))
	if err != nil {
		return nil, fmt.Errorf("create instrument: %w", err)
	}
	return t, nil
}

func (t *telemetry) written(ctx context.Context, samples int) {
	t.samples.Add(ctx, int64(samples), metric.WithAttributes(t.id))
}

func (t *telemetry) drop(ctx context.Context, reason string, n int64, detail string) {
	if n > 0 {
		t.undelivered.Drop(ctx, reason, int(n), detail)
	}
}
