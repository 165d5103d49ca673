package lokiexporter

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tidewatch/tidewatch/internal/lentbody"
	"github.com/tidewatch/tidewatch/internal/subset"
	"github.com/tidewatch/tidewatch/internal/undelivered"
)

type lokiExporter struct {
	cfg       *Config
	telemetry component.TelemetrySettings
	userAgent string
	encoder   *encoder
	counter   *undelivered.Counter

	pusher *pusher // from start on
}

func newExporter(cfg *Config, set exporter.Settings) (*lokiExporter, error) {
	counter, err := undelivered.NewCounter(set.TelemetrySettings, set.ID)
	if err != nil {
		return nil, err
	}
	return &lokiExporter{
		cfg:       cfg,
		telemetry: set.TelemetrySettings,
		userAgent: set.BuildInfo.Command + "/" + set.BuildInfo.Version,
		encoder:   newEncoder(cfg),
		counter:   counter,
	}, nil
}

func (e *lokiExporter) start(ctx context.Context, host component.Host) error {
	u, err := e.cfg.url()
	if err != nil {
		return err
	}
	// Headers are the pusher's part, and no tracing wrapper: both would hide idle
	// connections from shutdown.
	httpConfig, settings := e.cfg.ClientConfig, e.telemetry
	httpConfig.Headers, settings.TracerProvider = nil, nil
	client, err := httpConfig.ToClient(ctx, host.GetExtensions(), settings)
	if err != nil {
		return fmt.Errorf("create HTTP client: %w", err)
	}
	client.Timeout = 0 // the request's context has it
	client.Transport = lentbody.Transport{Next: client.Transport}
	// To follow a redirect would make a GET of the push, and its 200 a lie.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	e.pusher = &pusher{
		client:   client,
		url:      u.String(),
		header:   e.header(),
		timeout:  e.cfg.ClientConfig.Timeout,
		maxBytes: e.cfg.MaxRequestSize,
		counter:  e.counter,
	}
	return nil
}

func (e *lokiExporter) header() http.Header {
	h := http.Header{
		"Content-Type": {"application/x-protobuf"}, // snappy is implied, Content-Encoding must be absent
		"User-Agent":   {e.userAgent},
	}
	if e.cfg.TenantID != "" {
		h.Set("X-Scope-OrgID", e.cfg.TenantID)
	}
	if e.cfg.BearerToken != "" {
		h.Set("Authorization", "Bearer "+string(e.cfg.BearerToken))
	}
	if e.cfg.User != "" {
		h.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(e.cfg.User+":"+string(e.cfg.Password))))
	}
	for name, value := range e.cfg.ClientConfig.Headers.Iter {
		h.Set(name, string(value))
	}
	return h
}

func (e *lokiExporter) shutdown(context.Context) error {
	if e.pusher != nil {
		e.pusher.client.CloseIdleConnections()
	}
	return nil
}

func (e *lokiExporter) pushLogs(ctx context.Context, ld plog.Logs) error {
	b := newBatch()
	defer b.release()
	e.encoder.appendLogs(b, ld)
	left, err := e.pusher.send(ctx, b)
	if err == nil || left == 0 {
		return err
	}
	numbers := make([]int, 0, len(b.lines)-left)
	for i := left; i < len(b.lines); i++ {
		numbers = append(numbers, i)
	}
	return consumererror.NewLogs(err, subset.Logs(ld, numbers))
}
