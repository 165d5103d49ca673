package lokiexporter

import (
	"context"
	"fmt"
	"net/http"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tidewatch/tidewatch/internal/breaker"
	"github.com/tidewatch/tidewatch/internal/lentbody"
	"github.com/tidewatch/tidewatch/internal/subset"
	"github.com/tidewatch/tidewatch/internal/undelivered"
)

// maxRounds bounds how often lines are cut to a limit that the server says anew.
const maxRounds = 8

type lokiExporter struct {
	cfg     *Config
	set     exporter.Settings
	encoder *encoder
	sender  *sender // its poster from start on
}

func newExporter(cfg *Config, set exporter.Settings) (*lokiExporter, error) {
	counter, err := undelivered.NewCounter(set.TelemetrySettings, set.ID)
	if err != nil {
		return nil, err
	}
	m, err := newMarks(set)
	if err != nil {
		return nil, err
	}
	l := newLimits(cfg, set.Logger)
	return &lokiExporter{
		cfg:     cfg,
		set:     set,
		encoder: newEncoder(cfg, l, m),
		sender: &sender{
			streams:  newStreams(cfg.StreamLimitWait, cfg.LateStreams),
			limits:   l,
			counter:  counter,
			maxBytes: int64(cfg.MaxRequestSize),
		},
	}, nil
}

func (e *lokiExporter) start(ctx context.Context, host component.Host) error {
	u, err := e.cfg.url()
	if err != nil {
		return err
	}
	gate, err := breaker.NewGate(e.set.TelemetrySettings, e.set.ID, e.cfg.Circuit, e.cfg.RateLimit)
	if err != nil {
		return fmt.Errorf("create circuit breaker: %w", err)
	}
	// Headers are the poster's part, and no tracing wrapper: both would hide idle
	// connections from shutdown.
	httpConfig, settings := e.cfg.ClientConfig, e.set.TelemetrySettings
	httpConfig.Headers, settings.TracerProvider = nil, nil
	client, err := httpConfig.ToClient(ctx, host.GetExtensions(), settings)
	if err != nil {
		return fmt.Errorf("create HTTP client: %w", err)
	}
	client.Timeout = 0 // the request's context has it
	client.Transport = gate.Transport(lentbody.Transport{Next: client.Transport})
	// To follow a redirect would make a GET of the push, and its 200 a lie.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	e.sender.poster = poster{
		client:  client,
		gate:    gate,
		url:     u.String(),
		header:  newHeader(e.cfg, e.set.BuildInfo),
		timeout: e.cfg.ClientConfig.Timeout,
	}
	return nil
}

func (e *lokiExporter) shutdown(context.Context) error {
	if e.sender.client == nil {
		return nil
	}
	e.sender.client.CloseIdleConnections()
	return e.sender.gate.Close()
}

// pushLogs delivers ld. Its error holds what is left to deliver.
func (e *lokiExporter) pushLogs(ctx context.Context, ld plog.Logs) error {
	for round := 1; ; round++ {
		b := newBatch()
		e.encoder.appendLogs(b, ld)
		d := e.sender.send(ctx, b)
		all := len(b.entries)
		b.release()
		switch {
		case d.err == nil && len(d.again) == 0:
			return nil
		case d.err == nil && round == maxRounds:
			e.sender.counter.Drop(ctx, reasonUnknown, len(d.again), "the server says another limit at each push")
			return nil
		case len(d.left) < all:
			ld = subset.Logs(ld, d.remaining())
		}
		if d.err != nil {
			return consumererror.NewLogs(d.err, ld)
		}
	}
}
