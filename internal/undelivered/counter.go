// Package undelivered counts what an exporter could not deliver, by reason, and
// says so once per reason in the log.
package undelivered

import (
	"context"
	"fmt"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/tidewatch/tidewatch/internal/contain"
)

// Other is the reason under which everything is counted once an exporter has
// met maxReasons different ones.
const Other = "<other>"

// maxReasons bounds the series of one exporter: reasons come from servers. The
// kinds of errors of a server are a dozen or two.
const maxReasons = 32

const meterName = "github.com/tidewatch/tidewatch/internal/undelivered"

// Counter counts for one exporter. It is safe for concurrent use.
type Counter struct {
	exporter string
	logger   *zap.Logger
	panics   *contain.Teller
	dropped  metric.Int64Counter
	retried  metric.Int64Counter
	repeated metric.Int64Counter

	mu     sync.Mutex // guards reason
	reason map[string]bool
}

// NewCounter returns the counter of the exporter id.
func NewCounter(set component.TelemetrySettings, id component.ID) (*Counter, error) {
	c := &Counter{exporter: id.String(), logger: set.Logger, reason: make(map[string]bool)}
	var err error
	if c.panics, err = contain.New(set, "exporter", id); err != nil {
		return nil, err
	}
	meter := set.MeterProvider.Meter(meterName)
	for _, i := range []struct {
		to                *metric.Int64Counter
		name, description string
	}{
		{&c.dropped, "tidewatch_exporter_dropped_items", "Records that a server refused for good, by reason."},
		{&c.retried, "tidewatch_exporter_retried_items", "Records that are sent again, by reason; one record counts at each attempt."},
		{&c.repeated, "tidewatch_exporter_repeated_items", "Records that the server had already: an earlier attempt stored them."},
	} {
		if *i.to, err = meter.Int64Counter(i.name, metric.WithUnit("{item}"), metric.WithDescription(i.description)); err != nil {
			return nil, fmt.Errorf("create instrument %s: %w", i.name, err)
		}
	}
	return c, nil
}

// Drop counts n items that are given up. The first drop of each reason is
// logged with detail, the server's own words.
func (c *Counter) Drop(ctx context.Context, reason string, n int, detail string) {
	reason, first := c.bound(reason)
	c.dropped.Add(ctx, int64(n), metric.WithAttributes(attribute.String("exporter", c.exporter), attribute.String("reason", reason)))
	if first {
		c.logger.Warn("The server refuses records for good; they are dropped and counted in tidewatch_exporter_dropped_items. This is said once per reason.",
			zap.String("reason", reason), zap.Int("items", n), zap.String("detail", detail))
	}
}

// Retry counts n items that will be sent again.
func (c *Counter) Retry(ctx context.Context, reason string, n int) {
	c.retried.Add(ctx, int64(n), metric.WithAttributes(attribute.String("exporter", c.exporter), attribute.String("reason", reason)))
}

// Repeat counts n items that the server had already.
func (c *Counter) Repeat(ctx context.Context, n int) {
	c.repeated.Add(ctx, int64(n), metric.WithAttributes(attribute.String("exporter", c.exporter)))
}

// bound returns the reason to count under, and whether it is new.
func (c *Counter) bound(reason string) (string, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reason[reason] {
		return reason, false
	}
	if len(c.reason) >= maxReasons {
		reason = Other
		if c.reason[reason] {
			return reason, false
		}
	}
	c.reason[reason] = true
	return reason, true
}
