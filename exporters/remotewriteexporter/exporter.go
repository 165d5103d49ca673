package remotewriteexporter

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper/xexporterhelper"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/internal/address"
	"github.com/tidewatch/tidewatch/internal/breaker"
	"github.com/tidewatch/tidewatch/internal/pressure"
	"github.com/tidewatch/tidewatch/internal/promseries"
	"github.com/tidewatch/tidewatch/internal/secretfile"
)

// metadataInterval is how often families are described again in version 1, as a
// receiver forgets them when it restarts. Prometheus does so every minute.
const metadataInterval = 5 * time.Minute

// metricsExporter translates before the queue, which holds samples of a few bytes
// each, and encodes for the version that the receiver takes when it sends.
type metricsExporter struct {
	cfg       *Config
	set       exporter.Settings
	url       *url.URL
	userAgent string
	password  *secretfile.Secret
	token     *secretfile.Secret
	client    *http.Client
	gate      *breaker.Gate
	telemetry *telemetry
	pressure  pressure.Source
	shed      *pressure.Counter
	now       func() time.Time

	// From start on: what looks for sources that have ended.
	self exporter.Metrics // this exporter, queue and all
	stop context.CancelFunc
	done sync.WaitGroup

	mu         sync.Mutex // guards all below
	translator *promseries.Translator
	refused    promseries.Stats // already reported
	table      *table
	layout     layout
	encoder    encoder
	shards     [][]*group // memory for plan
	free       [][]sample // memory for convert
	swept      time.Time
	described  map[*family]struct{} // version 1
	describeAt time.Time
	protocol   negotiation
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
	shed, err := pressure.NewCounter(set.TelemetrySettings, "exporter", set.ID)
	if err != nil {
		return nil, err
	}
	e := &metricsExporter{
		cfg: cfg, set: set, url: u, telemetry: t, pressure: pressure.None(), shed: shed, now: time.Now,
		userAgent: fmt.Sprintf("%s/%s", set.BuildInfo.Command, set.BuildInfo.Version),
		password:  secretfile.New(string(cfg.Password), cfg.PasswordFile),
		token:     secretfile.New(string(cfg.BearerToken), cfg.BearerTokenFile),
		translator: promseries.New(promseries.Settings{
			Promote: cfg.PromoteResourceAttributes, MaxSeries: cfg.MaxSeries, PassOverflow: true, UTF8: cfg.UTF8Names,
		}),
		table:     newTable(2 * cfg.MaxSeries),
		described: map[*family]struct{}{},
		protocol:  newNegotiation(cfg.Protocol),
	}
	e.encoder.known = e.table
	return e, nil
}

func (e *metricsExporter) start(ctx context.Context, host component.Host) error {
	e.pressure = pressure.Of(host)
	var err error
	if e.gate, err = breaker.NewGate(e.set.TelemetrySettings, e.set.ID, e.cfg.CircuitBreaker, e.cfg.RateLimit); err != nil {
		return err
	}
	if e.client, err = e.cfg.ToClient(ctx, host.GetExtensions(), e.set.TelemetrySettings); err != nil {
		return fmt.Errorf("make client of %s: %w", address.Plain(e.url), err)
	}
	e.client.Transport = e.gate.Transport(e.client.Transport)
	// Data and credentials go only where the configuration says.
	e.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if e.cfg.StaleAfter > 0 && e.self != nil {
		watch, cancel := context.WithCancel(context.WithoutCancel(ctx))
		e.stop = cancel
		e.done.Go(func() { e.watchEnds(watch) })
	}
	return nil
}

// shutdown comes after the queue has ended.
func (e *metricsExporter) shutdown(context.Context) error {
	e.stopWatching()
	if e.client != nil {
		e.client.CloseIdleConnections()
	}
	return e.gate.Close()
}

func (e *metricsExporter) stopWatching() {
	if e.stop != nil {
		e.stop()
		e.done.Wait()
	}
}

// convert translates md into what the queue holds.
func (e *metricsExporter) convert(ctx context.Context, md pmetric.Metrics) (xexporterhelper.Request, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.now()
	if now.Sub(e.swept) >= e.cfg.SeriesExpiration/10 {
		limit := now.Add(-e.cfg.SeriesExpiration)
		e.translator.Expire(limit, nil)
		e.table.sweep(limit.UnixMilli())
		e.swept = now
	}
	b := &batch{points: md.DataPointCount()}
	c := collector{table: e.table, custom: e.cfg.CustomBuckets, now: now.UnixMilli(), batch: b, samples: e.room(b.points + md.ResourceMetrics().Len())}
	e.translator.Translate(md, now, c.add)
	if b.points == 0 {
		e.ends(&c)
	}
	b.samples = [][]sample{c.samples}
	if e.pressure.Level() >= pressure.DropExemplars {
		e.shed.Add(ctx, pressure.DropExemplars, len(b.exemplars))
		b.exemplars = nil
	}
	e.report(ctx)
	return b, nil
}

// report counts the points that the translator refused since the last call.
func (e *metricsExporter) report(ctx context.Context) {
	stats := e.translator.Stats()
	e.telemetry.drop(ctx, "max_series", stats.RefusedSeries-e.refused.RefusedSeries, "delta series beyond max_series")
	e.telemetry.drop(ctx, "duplicate_delta", stats.DuplicateDeltas-e.refused.DuplicateDeltas, "delta points that were there before")
	e.telemetry.drop(ctx, "unsupported", stats.Unsupported-e.refused.Unsupported, "points without a Prometheus form")
	e.refused = stats
}
