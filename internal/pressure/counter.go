package pressure

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

const meterName = "github.com/tidewatch/tidewatch/internal/pressure"

// Counter counts what one component did without, by rung. It is safe for concurrent use.
type Counter struct {
	items  metric.Int64Counter
	labels [Levels]metric.MeasurementOption
}

// NewCounter returns the counter of the component of a kind ("processor") with an id.
func NewCounter(set component.TelemetrySettings, kind string, id component.ID) (*Counter, error) {
	items, err := set.MeterProvider.Meter(meterName).Int64Counter("tidewatch_shed_items", metric.WithUnit("{item}"),
		metric.WithDescription("What was left out because the agent had too little processor time or memory, by step: lines, exemplars, or lines without a pattern of their own."))
	if err != nil {
		return nil, fmt.Errorf("create instrument tidewatch_shed_items: %w", err)
	}
	c := &Counter{items: items}
	for l := range c.labels {
		c.labels[l] = metric.WithAttributeSet(attribute.NewSet(
			attribute.String("component", kind+"/"+id.String()), attribute.String("step", Level(l).String())))
	}
	return c, nil
}

// Add counts n items that were left out on a rung; nothing for none.
func (c *Counter) Add(ctx context.Context, step Level, n int) {
	if n > 0 {
		c.items.Add(ctx, int64(n), c.labels[step])
	}
}
