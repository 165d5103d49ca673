package scrapereceiver

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// Why samples or targets are given up.
const (
	reasonDuplicate   = "duplicate"   // twice on one page
	reasonUnsupported = "unsupported" // without a form in OpenTelemetry
	reasonRejected    = "rejected"    // by the next consumer
)

type telemetry struct {
	id                                attribute.KeyValue
	scrapes, dropped, late, discovery metric.Int64Counter
	targets                           metric.Int64Gauge
	refused                           metric.Int64Gauge
	duration                          metric.Float64Histogram
}

func newTelemetry(set receiver.Settings) (*telemetry, error) {
	t := &telemetry{id: attribute.String("receiver", set.ID.String())}
	meter := set.MeterProvider.Meter(scopeName)
	var errs [7]error
	t.scrapes, errs[0] = meter.Int64Counter("tidewatch_scrape_scrapes", metric.WithUnit("{scrape}"), metric.WithDescription("Scrapes by job and result."))
	t.dropped, errs[1] = meter.Int64Counter("tidewatch_scrape_dropped_samples", metric.WithUnit("{sample}"), metric.WithDescription("Samples that were given up, by reason."))
	t.late, errs[2] = meter.Int64Counter("tidewatch_scrape_missed_scrapes", metric.WithUnit("{scrape}"), metric.WithDescription("Scrapes that were left out because the one before was not done, concurrency was used up, or the agent was short of memory."))
	t.discovery, errs[3] = meter.Int64Counter("tidewatch_scrape_discovery_errors", metric.WithUnit("{error}"), metric.WithDescription("Files with targets that could not be read, and targets that are none."))
	t.targets, errs[4] = meter.Int64Gauge("tidewatch_scrape_targets", metric.WithUnit("{target}"), metric.WithDescription("Targets by state."))
	t.refused, errs[5] = meter.Int64Gauge("tidewatch_scrape_refused_targets", metric.WithUnit("{target}"), metric.WithDescription("Targets beyond max_targets, which are not scraped."))
	t.duration, errs[6] = meter.Float64Histogram("tidewatch_scrape_duration", metric.WithUnit("s"), metric.WithDescription("How long scrapes took, by job."),
		metric.WithExplicitBucketBoundaries(0.01, 0.1, 1, 10, 60))
	if err := errors.Join(errs[:]...); err != nil {
		return nil, fmt.Errorf("create metrics: %w", err)
	}
	return t, nil
}

func (t *telemetry) with(kv ...attribute.KeyValue) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(append(kv, t.id)...))
}

func (t *telemetry) scraped(job string, seconds float64, err error) {
	result := "ok"
	if err != nil {
		result = "failed"
	}
	t.scrapes.Add(context.Background(), 1, t.with(attribute.String("job", job), attribute.String("result", result)))
	t.duration.Record(context.Background(), seconds, t.with(attribute.String("job", job)))
}

func (t *telemetry) drop(n int, reason string) {
	if n > 0 {
		t.dropped.Add(context.Background(), int64(n), t.with(attribute.String("reason", reason)))
	}
}

func (t *telemetry) missed(n int) {
	if n > 0 {
		t.late.Add(context.Background(), int64(n), t.with())
	}
}

func (t *telemetry) known(up, down, refused int) {
	t.targets.Record(context.Background(), int64(up), t.with(attribute.String("state", "up")))
	t.targets.Record(context.Background(), int64(down), t.with(attribute.String("state", "down")))
	t.refused.Record(context.Background(), int64(refused), t.with())
}
