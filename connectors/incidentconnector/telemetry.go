package incidentconnector

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/tidewatch/tidewatch/incident"
)

const scope = "github.com/tidewatch/tidewatch/connectors/incidentconnector"

// telemetry counts what the connector does. What the engine counts is observed.
type telemetry struct {
	changes, dropped, undelivered metric.Int64Counter
	registration                  metric.Registration
}

func newTelemetry(set component.TelemetrySettings, stats func() incident.Stats) (*telemetry, error) {
	meter := set.MeterProvider.Meter(scope)
	var errs []error
	counter := func(name, unit, description string) metric.Int64Counter {
		c, err := meter.Int64Counter("tidewatch_incident_"+name, metric.WithUnit(unit), metric.WithDescription(description))
		errs = append(errs, err)
		return c
	}
	t := &telemetry{
		changes:     counter("changes", "{change}", "Changes of incidents that were told, by what changed."),
		dropped:     counter("dropped_changes", "{change}", "Changes that were given up because the next component refused them for too long."),
		undelivered: counter("undelivered", "{batch}", "Batches that the next component refused; they are sent again."),
	}
	findings, err := meter.Int64ObservableCounter("tidewatch_incident_findings", metric.WithUnit("{finding}"),
		metric.WithDescription("Findings by what became of them: seen is all, the others are parts of it."))
	errs = append(errs, err)
	evicted, err := meter.Int64ObservableCounter("tidewatch_incident_evicted", metric.WithUnit("{item}"),
		metric.WithDescription("Incidents that were forgotten for others, and edges of the service graph that had no room, by kind."))
	errs = append(errs, err)
	held, err := meter.Int64ObservableGauge("tidewatch_incident_held", metric.WithUnit("{item}"),
		metric.WithDescription("Open incidents, places that gather findings, and edges of the service graph, by kind."))
	errs = append(errs, err)
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	t.registration, err = meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		s := stats()
		observe := func(i metric.Int64Observable, key, value string, n uint64) {
			o.ObserveInt64(i, int64(n), metric.WithAttributes(attribute.String(key, value))) //nolint:gosec // counts stay far below 2^63
		}
		for outcome, n := range map[string]uint64{"seen": s.Findings, "ignored": s.Ignored, "suppressed": s.Suppressed, "overflow": s.Overflowed, "stale": s.Stale} {
			observe(findings, "outcome", outcome, n)
		}
		observe(evicted, "kind", "incidents", s.Evicted)
		observe(evicted, "kind", "edges", s.RefusedEdges)
		observe(held, "kind", "open", uint64(s.Open))           //nolint:gosec // a length
		observe(held, "kind", "gathering", uint64(s.Gathering)) //nolint:gosec // a length
		observe(held, "kind", "edges", uint64(s.Edges))         //nolint:gosec // a length
		return nil
	}, findings, evicted, held)
	return t, err
}

func (t *telemetry) changed(ctx context.Context, c *incident.Change) {
	t.changes.Add(ctx, 1, metric.WithAttributes(attribute.String("change", c.What), attribute.String("severity", c.Incident.Severity)))
}

func (t *telemetry) close() { _ = t.registration.Unregister() } // never fails in the SDK
