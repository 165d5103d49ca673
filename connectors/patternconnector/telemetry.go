package patternconnector

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/tidewatch/tidewatch/internal/contain"
)

const scope = "github.com/tidewatch/tidewatch/connectors/patternconnector"

// telemetry counts what the connector does.
type telemetry struct {
	findings, suppressed, evictions, overflow, undelivered metric.Int64Counter
	panics                                                 *contain.Teller
}

func newTelemetry(set component.TelemetrySettings, id component.ID) (*telemetry, error) {
	meter := set.MeterProvider.Meter(scope)
	var errs []error
	counter := func(name, unit, description string) metric.Int64Counter {
		c, err := meter.Int64Counter("tidewatch_pattern_"+name, metric.WithUnit(unit), metric.WithDescription(description))
		errs = append(errs, err)
		return c
	}
	t := &telemetry{
		findings:    counter("findings", "{finding}", "Findings by kind and state."),
		suppressed:  counter("suppressed", "{finding}", "Changes that were not reported one by one because there were too many at once; a finding names them."),
		evictions:   counter("evictions", "{pattern}", "Patterns whose history was forgotten because others were seen later."),
		overflow:    counter("overflow", "{resource}", "Batches of services beyond max_services."),
		undelivered: counter("undelivered", "{batch}", "Batches that the next component refused; metrics and findings are sent again."),
	}
	panics, err := contain.New(set, "connector", id)
	t.panics = panics
	return t, errors.Join(append(errs, err)...)
}

func (t *telemetry) found(ctx context.Context, kind, state string) {
	t.findings.Add(ctx, 1, metric.WithAttributes(attribute.String("kind", kind), attribute.String("state", state)))
}
