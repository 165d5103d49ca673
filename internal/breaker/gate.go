package breaker

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"
)

// Names of the metrics, with the attributes exporter and endpoint (scheme and host).
const (
	// MetricState is 0 (closed), 1 (half-open) or 2 (open), with the attribute reason
	// while it is not closed: timeout, dns, tls, connection_refused, connection_cut,
	// connection, http_500, http_502, http_503, http_504 or http_5xx.
	MetricState = "tidewatch_exporter_circuit_state"
	// MetricSince is when the circuit left or returned to closed, in Unix seconds; it
	// is absent as long as it never left.
	MetricSince = "tidewatch_exporter_circuit_since_seconds"
	// MetricOpened counts how often the circuit has opened.
	MetricOpened = "tidewatch_exporter_circuit_opened"
	// MetricWaited counts the seconds for which the rate limit held requests back; it
	// has no endpoint.
	MetricWaited = "tidewatch_exporter_rate_limit_seconds"
)

const (
	// maxEndpoints bounds the circuits of one exporter; a configuration names a
	// handful. Endpoints beyond it share one circuit, of the name Other.
	maxEndpoints = 64
	// Other is the endpoint of all beyond the first 64.
	Other = "<other>"
	// maxPause is how long Wait sleeps: a stop of the agent waits for it.
	maxPause = 5 * time.Second
)

const meterName = "github.com/tidewatch/tidewatch/internal/breaker"

// Gate stands between one exporter and its endpoints. An exporter that has one for each
// signal has as many circuits and limits, and their metrics show the one that is worse
// beside the other. It is safe for concurrent use.
type Gate struct {
	cfg      Config
	limiter  *Limiter // nil without a limit
	logger   *zap.Logger
	exporter attribute.KeyValue
	opened   metric.Int64Counter
	waited   metric.Float64Counter
	metrics  metric.Registration

	mu       sync.Mutex // guards circuits
	circuits map[string]*circuit
}

type circuit struct {
	*Breaker
	endpoint string
	label    attribute.KeyValue
}

// NewGate returns the gate of the exporter id. Close it when the exporter stops.
func NewGate(set component.TelemetrySettings, id component.ID, cfg Config, limit LimitConfig) (*Gate, error) {
	g := &Gate{cfg: cfg, logger: set.Logger, exporter: attribute.String("exporter", id.String()), circuits: map[string]*circuit{}}
	if limit.BytesPerSecond > 0 || limit.RequestsPerSecond > 0 {
		g.limiter = NewLimiter(limit)
	}
	meter := set.MeterProvider.Meter(meterName)
	state, err := meter.Int64ObservableGauge(MetricState,
		metric.WithDescription("Whether requests pass to an endpoint: 0 all (closed), 1 one that finds out (half-open), 2 none for now (open)."))
	if err != nil {
		return nil, fmt.Errorf("create instrument %s: %w", MetricState, err)
	}
	since, err := meter.Float64ObservableGauge(MetricSince, metric.WithUnit("s"),
		metric.WithDescription("When the circuit last left or returned to closed, in Unix seconds."))
	if err != nil {
		return nil, fmt.Errorf("create instrument %s: %w", MetricSince, err)
	}
	if g.opened, err = meter.Int64Counter(MetricOpened, metric.WithDescription("How often a circuit has opened.")); err != nil {
		return nil, fmt.Errorf("create instrument %s: %w", MetricOpened, err)
	}
	if g.waited, err = meter.Float64Counter(MetricWaited, metric.WithUnit("s"), metric.WithDescription("Time for which the rate limit held requests back.")); err != nil {
		return nil, fmt.Errorf("create instrument %s: %w", MetricWaited, err)
	}
	g.metrics, err = meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		for _, c := range g.all() {
			s := c.Status()
			labels := []attribute.KeyValue{g.exporter, c.label}
			if !s.Since.IsZero() {
				o.ObserveFloat64(since, float64(s.Since.UnixMilli())/1e3, metric.WithAttributes(labels...))
			}
			if s.State != Closed {
				labels = append(labels, attribute.String("reason", s.Reason))
			}
			o.ObserveInt64(state, int64(s.State), metric.WithAttributes(labels...))
		}
		return nil
	}, state, since)
	if err != nil {
		return nil, fmt.Errorf("observe circuits: %w", err)
	}
	return g, nil
}

// Close ends the metrics. It may be called twice, and on nil.
func (g *Gate) Close() error {
	if g == nil {
		return nil
	}
	if err := g.metrics.Unregister(); err != nil {
		return fmt.Errorf("end metrics of circuits: %w", err)
	}
	return nil
}

// Transport returns next behind the gate. An open circuit returns an OpenError at
// once.
func (g *Gate) Transport(next http.RoundTripper) http.RoundTripper { return transport{g, next} }

// Wait waits until the rate limit allows a request with a body of n bytes. It returns
// an error that exporterhelper tries again where that is longer than some seconds or
// where ctx ends before. Call it before the time limit of the request begins.
func (g *Gate) Wait(ctx context.Context, n int) error {
	if g.limiter == nil {
		return nil
	}
	for {
		wait := g.limiter.Take(time.Now(), n)
		if wait == 0 {
			return nil
		}
		if wait > maxPause {
			g.waited.Add(ctx, wait.Seconds(), metric.WithAttributes(g.exporter))
			return exporterhelper.NewThrottleRetry(fmt.Errorf("rate_limit: hold %d bytes back", n), wait)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("wait for rate_limit: %w", context.Cause(ctx))
		case <-timer.C:
			g.waited.Add(ctx, wait.Seconds(), metric.WithAttributes(g.exporter))
		}
	}
}

// Status returns what is known of each endpoint that was used, by scheme and host.
func (g *Gate) Status() map[string]Status {
	out := map[string]Status{}
	for _, c := range g.all() {
		out[c.endpoint] = c.Status()
	}
	return out
}

func (g *Gate) all() []*circuit {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := make([]*circuit, 0, len(g.circuits))
	for _, c := range g.circuits {
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b *circuit) int { return strings.Compare(a.endpoint, b.endpoint) })
	return out
}

func (g *Gate) circuit(endpoint string) *circuit {
	g.mu.Lock()
	defer g.mu.Unlock()
	if c := g.circuits[endpoint]; c != nil {
		return c
	}
	if len(g.circuits) >= maxEndpoints-1 {
		endpoint = Other
		if c := g.circuits[endpoint]; c != nil {
			return c
		}
	}
	c := &circuit{Breaker: New(g.cfg), endpoint: endpoint, label: attribute.String("endpoint", endpoint)}
	g.circuits[endpoint] = c
	return c
}

func (g *Gate) success(c *circuit, p Permit) {
	if p.Success(time.Now()) {
		g.logger.Info("The endpoint answers again.", zap.String("endpoint", c.endpoint))
	}
}

func (g *Gate) failure(c *circuit, p Permit, reason string, err error) {
	if p.Failure(time.Now(), reason, err) {
		g.opened.Add(context.Background(), 1, metric.WithAttributes(g.exporter, c.label))
		g.logger.Warn("The endpoint has failed again and again. It is left alone for a while and then tried with one request at a time, until it answers.",
			zap.String("endpoint", c.endpoint), zap.String("reason", reason), zap.Error(err))
	}
}
