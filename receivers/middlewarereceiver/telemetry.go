package middlewarereceiver

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/source"
	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/watch"
)

// telemetry is told what happens by the watch.
type telemetry struct {
	id               attribute.KeyValue
	scrapes, dropped metric.Int64Counter
	servers, refused metric.Int64Gauge
}

func newTelemetry(set receiver.Settings) (*telemetry, error) {
	t := &telemetry{id: attribute.String("receiver", set.ID.String())}
	meter := set.MeterProvider.Meter(source.ScopeName)
	var errs [4]error
	t.scrapes, errs[0] = meter.Int64Counter("tidewatch_middleware_scrapes", metric.WithUnit("{scrape}"), metric.WithDescription("Readings of servers by kind and result: ok, failed, or refused by the server."))
	t.dropped, errs[1] = meter.Int64Counter("tidewatch_middleware_dropped_points", metric.WithUnit("{point}"), metric.WithDescription("Points that the next component refused."))
	t.servers, errs[2] = meter.Int64Gauge("tidewatch_middleware_servers", metric.WithUnit("{server}"), metric.WithDescription("Servers by kind and state: up, down, or refused (they let nobody in)."))
	t.refused, errs[3] = meter.Int64Gauge("tidewatch_middleware_refused_servers", metric.WithUnit("{server}"), metric.WithDescription("Servers beyond max_servers, which are not read."))
	if err := errors.Join(errs[:]...); err != nil {
		return nil, fmt.Errorf("create metrics: %w", err)
	}
	return t, nil
}

func (t *telemetry) with(kv ...attribute.KeyValue) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(append(kv, t.id)...))
}

// Scraped counts one reading.
func (t *telemetry) Scraped(kind string, outcome watch.Outcome) {
	t.scrapes.Add(context.Background(), 1, t.with(attribute.String("kind", kind), attribute.String("result", string(outcome))))
}

// Known tells how many servers there are.
func (t *telemetry) Known(kind string, up, down, refused int) {
	for state, n := range map[string]int{"up": up, "down": down, "refused": refused} {
		t.servers.Record(context.Background(), int64(n), t.with(attribute.String("kind", kind), attribute.String("state", state)))
	}
}

// Over tells how many servers there are too many.
func (t *telemetry) Over(servers int) {
	t.refused.Record(context.Background(), int64(servers), t.with())
}

func (t *telemetry) rejected(points int) {
	t.dropped.Add(context.Background(), int64(points), t.with())
}
