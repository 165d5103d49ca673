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
		metric.WithDescription("Samples, native histograms and exemplars that the receiver took, by kind and protocol."))
	if err != nil {
		return nil, fmt.Errorf("create instrument: %w", err)
	}
	return t, nil
}

// written counts what the receiver took.
func (t *telemetry) written(ctx context.Context, v version, c counts) {
	protocol := attribute.String("protocol", [...]string{v1: ProtocolV1, v2: ProtocolV2}[v])
	for _, k := range []struct {
		kind string
		n    int
	}{{"sample", c.samples}, {"histogram", c.histograms}, {"exemplar", c.exemplars}} {
		if k.n > 0 {
			t.samples.Add(ctx, int64(k.n), metric.WithAttributes(t.id, protocol, attribute.String("kind", k.kind)))
		}
	}
}

func (t *telemetry) drop(ctx context.Context, reason string, n int64, detail string) {
	if n > 0 {
		t.undelivered.Drop(ctx, reason, int(n), detail)
	}
}
