package rootcauseconnector

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

const scopeName = "github.com/tidewatch/tidewatch/connectors/rootcauseconnector"

// telemetry counts what the connector does.
type telemetry struct {
	spans, sampled, lost, findings, dropped, undelivered metric.Int64Counter
}

func newTelemetry(set component.TelemetrySettings) (*telemetry, error) {
	meter := set.MeterProvider.Meter(scopeName)
	var errs []error
	counter := func(name, unit, description string) metric.Int64Counter {
		c, err := meter.Int64Counter("tidewatch_rootcause_"+name, metric.WithUnit(unit), metric.WithDescription(description))
		errs = append(errs, err)
		return c
	}
	t := &telemetry{
		spans:       counter("spans", "{span}", "Spans that came in."),
		sampled:     counter("spans_sampled", "{span}", "Spans of traces that were left out because max_trace_bytes was used up."),
		lost:        counter("spans_lost", "{span}", "Spans of traces that gave way before they were compared, or were too many for one trace."),
		findings:    counter("findings", "{finding}", "Findings by state."),
		dropped:     counter("evidence_dropped", "{record}", "Findings and lines for which max_evidence had no room."),
		undelivered: counter("undelivered", "{batch}", "Batches of findings that the next component refused; they are sent again."),
	}
	return t, errors.Join(errs...)
}

func by(key, value string) metric.AddOption {
	return metric.WithAttributes(attribute.String(key, value))
}

func add(c metric.Int64Counter, n int64) {
	if n > 0 {
		c.Add(context.Background(), n)
	}
}
