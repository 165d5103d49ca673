package alertmanagerexporter

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

const scope = "github.com/tidewatch/tidewatch/exporters/alertmanagerexporter"

type telemetry struct {
	requests, evicted metric.Int64Counter
	registration      metric.Registration
}

func newTelemetry(set component.TelemetrySettings, held func() (open, ended int64)) (*telemetry, error) {
	meter := set.MeterProvider.Meter(scope)
	var t telemetry
	var errs [3]error
	t.requests, errs[0] = meter.Int64Counter("tidewatch_alertmanager_requests", metric.WithUnit("{request}"),
		metric.WithDescription("Requests by Alertmanager and outcome: ok, failed, or the status."))
	t.evicted, errs[1] = meter.Int64Counter("tidewatch_alertmanager_evicted", metric.WithUnit("{alert}"),
		metric.WithDescription("Alerts that are no longer sent again because there are more than max_alerts."))
	alerts, err := meter.Int64ObservableGauge("tidewatch_alertmanager_alerts", metric.WithUnit("{alert}"),
		metric.WithDescription("Alerts that are sent again, by state."))
	errs[2] = err
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	t.registration, err = meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		open, ended := held()
		o.ObserveInt64(alerts, open, metric.WithAttributes(attribute.String("state", "open")))
		o.ObserveInt64(alerts, ended, metric.WithAttributes(attribute.String("state", "resolved")))
		return nil
	}, alerts)
	return &t, err
}

func (t *telemetry) request(ctx context.Context, host, outcome string) {
	t.requests.Add(ctx, 1, metric.WithAttributes(attribute.String("alertmanager", host), attribute.String("outcome", outcome)))
}

func (t *telemetry) close() { _ = t.registration.Unregister() } // never fails in the SDK
