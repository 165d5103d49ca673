package remotewriteexporter

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/internal/promseries"
)

const (
	// maxDeliveries bounds the deliveries under way. With the queue there is one;
	// without it each caller that retries has one.
	maxDeliveries = 64
	// metadataInterval is how often families are described again, as a receiver
	// forgets metadata when it restarts. Prometheus sends them every minute.
	metadataInterval = 5 * time.Minute
)

// metricsExporter translates at the time of sending: the queue holds pdata.
type metricsExporter struct {
	cfg       *Config
	set       exporter.Settings
	url       string
	userAgent string
	client    *http.Client
	telemetry *telemetry
	now       func() time.Time

	mu         sync.Mutex // guards all below
	translator *promseries.Translator
	refused    promseries.Stats // already reported
	swept      time.Time
	deliveries []*delivery // oldest first
	described  map[string]struct{}
	describeAt time.Time
}

func newExporter(cfg *Config, set exporter.Settings) (*metricsExporter, error) {
	u, err := cfg.writeURL()
	if err != nil {
		return nil, err
	}
	t, err := newTelemetry(set)
	if err != nil {
		return nil, err
	}
	return &metricsExporter{
		cfg: cfg, set: set, url: u, telemetry: t, now: time.Now,
		userAgent: fmt.Sprintf("%s/%s", set.BuildInfo.Command, set.BuildInfo.Version),
		translator: promseries.New(promseries.Settings{
			Promote: cfg.PromoteResourceAttributes, MaxSeries: cfg.MaxSeries, PassOverflow: true,
		}),
		described: map[string]struct{}{},
	}, nil
}

func (e *metricsExporter) start(ctx context.Context, host component.Host) error {
	client, err := e.cfg.ToClient(ctx, host.GetExtensions(), e.set.TelemetrySettings)
	if err != nil {
		return fmt.Errorf("make client of %s: %w", e.url, err)
	}
	e.client = client
	return nil
}

func (e *metricsExporter) shutdown(context.Context) error {
	if e.client != nil {
		e.client.CloseIdleConnections()
	}
	return nil
}

// push writes md, or what is left of it from an earlier try.
func (e *metricsExporter) push(ctx context.Context, md pmetric.Metrics) error {
	d := e.prepare(ctx, md)
	err := e.send(ctx, d)
	if err == nil || consumererror.IsPermanent(err) || !e.cfg.Retry.Enabled {
		e.forget(d)
	}
	return err
}

// prepare finds the delivery of md, or translates md into one.
func (e *metricsExporter) prepare(ctx context.Context, md pmetric.Metrics) *delivery {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, d := range e.deliveries {
		if d.md == md {
			return d
		}
	}
	now := e.now()
	if now.Sub(e.swept) >= e.cfg.SeriesExpiration/10 {
		e.translator.Expire(now.Add(-e.cfg.SeriesExpiration), nil)
		e.swept = now
	}
	b := newBatch()
	e.translator.Translate(md, now, b.add)
	e.report(ctx)
	d := &delivery{md: md, shards: b.cut(e.cfg.Shards, e.cfg.MaxSamplesPerRequest)}
	if now.Sub(e.describeAt) >= metadataInterval || len(e.described) > e.cfg.MaxSeries {
		clear(e.described)
		e.describeAt = now
	}
	if r := b.describe(e.described); r != nil {
		if len(d.shards) == 0 {
			d.shards = make([][]request, 1)
		}
		d.shards[0] = append(d.shards[0], *r) // after samples, which matter more
	}
	if e.cfg.Queue.HasValue() {
		clear(e.deliveries) // its one consumer gave the earlier one up
		e.deliveries = e.deliveries[:0]
	} else if len(e.deliveries) == maxDeliveries {
		e.deliveries = slices.Delete(e.deliveries, 0, 1) // the oldest, as good as surely given up
	}
	e.deliveries = append(e.deliveries, d)
	return d
}

// report counts the points that the translator refused since the last call.
func (e *metricsExporter) report(ctx context.Context) {
	stats := e.translator.Stats()
	e.telemetry.drop(ctx, "max_series", stats.RefusedSeries-e.refused.RefusedSeries, "delta series beyond max_series")
	e.telemetry.drop(ctx, "duplicate_delta", stats.DuplicateDeltas-e.refused.DuplicateDeltas, "delta points that were there before")
	e.telemetry.drop(ctx, "unsupported", stats.Unsupported-e.refused.Unsupported, "points without a Prometheus form")
	e.refused = stats
}

func (e *metricsExporter) forget(d *delivery) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.deliveries = slices.DeleteFunc(e.deliveries, func(other *delivery) bool { return other == d })
}

// send writes the shards side by side, and the requests of a shard in order. A
// request that is refused for good is dropped and counted; the others still go.
func (e *metricsExporter) send(ctx context.Context, d *delivery) error {
	errs := make([]error, len(d.shards))
	var wg sync.WaitGroup
	for i := range d.shards {
		if i == len(d.shards)-1 { // the last one needs no goroutine
			d.shards[i], errs[i] = e.sendShard(ctx, d.shards[i])
			break
		}
		wg.Go(func() { d.shards[i], errs[i] = e.sendShard(ctx, d.shards[i]) })
	}
	wg.Wait()
	return first(errs)
}

// sendShard returns what is left and why.
func (e *metricsExporter) sendShard(ctx context.Context, left []request) ([]request, error) {
	var refused error
	for len(left) > 0 {
		err := e.post(ctx, left[0])
		if err != nil && !consumererror.IsPermanent(err) {
			return left, err
		}
		if err != nil {
			refused = err
		}
		left = left[1:]
	}
	return left, refused
}

// first picks what the caller acts on: a failure to be retried, with the longest
// wait that was asked for, before one that is final.
func first(errs []error) error {
	var retry, final error
	var wait time.Duration
	for _, err := range errs {
		switch {
		case err == nil:
		case consumererror.IsPermanent(err):
			final = err
		default:
			retry = err
			if t, ok := errors.AsType[*throttled](err); ok {
				wait = max(wait, t.wait)
			}
		}
	}
	switch {
	case retry != nil && wait > 0:
		return exporterhelper.NewThrottleRetry(retry, wait)
	case retry != nil:
		return retry
	}
	return final
}
