package elasticsearchexporter

import (
	"context"
	"fmt"
	"net/http"
	"sync"

	"github.com/elastic/elastic-transport-go/v8/elastictransport"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configcompression"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tidewatch/tidewatch/internal/lentbody"
	"github.com/tidewatch/tidewatch/internal/subset"
	"github.com/tidewatch/tidewatch/internal/undelivered"
)

type elasticsearchExporter struct {
	cfg       *Config
	telemetry component.TelemetrySettings
	userAgent string
	counter   *undelivered.Counter

	// From start on.
	transport *elastictransport.Client
	idle      func() // closes idle connections
	bulk      *bulk
	templates *templates
	stopOnce  sync.Once
}

func newExporter(cfg *Config, set exporter.Settings) (*elasticsearchExporter, error) {
	counter, err := undelivered.NewCounter(set.TelemetrySettings, set.ID)
	if err != nil {
		return nil, err
	}
	return &elasticsearchExporter{
		cfg:       cfg,
		telemetry: set.TelemetrySettings,
		userAgent: set.BuildInfo.Command + "/" + set.BuildInfo.Version,
		counter:   counter,
	}, nil
}

func (e *elasticsearchExporter) start(ctx context.Context, host component.Host) error {
	urls, err := e.cfg.urls()
	if err != nil {
		return err
	}
	httpConfig := e.cfg.ClientConfig
	httpConfig.Compression = "" // done once per request, not once per attempt
	httpConfig.Headers = nil    // the transport's part, for that their wrapper hides idle connections from shutdown
	settings := e.telemetry
	settings.TracerProvider = nil // likewise
	client, err := httpConfig.ToClient(ctx, host.GetExtensions(), settings)
	if err != nil {
		return fmt.Errorf("create HTTP client: %w", err)
	}
	e.idle = client.CloseIdleConnections
	options := []elastictransport.Option{
		elastictransport.WithURLs(urls...),
		elastictransport.WithTransport(lentbody.Transport{Next: client.Transport}),
		elastictransport.WithUserAgent(e.userAgent),
	}
	if len(e.cfg.ClientConfig.Headers) > 0 {
		header := http.Header{}
		for name, value := range e.cfg.ClientConfig.Headers.Iter {
			header.Set(name, string(value))
		}
		options = append(options, elastictransport.WithHeader(header))
	}
	if e.cfg.APIKey != "" {
		options = append(options, elastictransport.WithAPIKey(string(e.cfg.APIKey)))
	}
	if e.cfg.User != "" {
		options = append(options, elastictransport.WithBasicAuth(e.cfg.User, string(e.cfg.Password)))
	}
	if len(urls) > 1 { // at once to another node; to wait and try again is the queue's part
		options = append(options, elastictransport.WithRetry(len(urls)-1, 502, 503, 504))
	} else {
		options = append(options, elastictransport.WithDisableRetry())
	}
	if e.transport, err = elastictransport.NewClient(options...); err != nil {
		return fmt.Errorf("create Elasticsearch transport: %w", err)
	}
	e.bulk = &bulk{
		transport: e.transport,
		timeout:   e.cfg.ClientConfig.Timeout,
		maxBytes:  e.cfg.MaxRequestSize,
		counter:   e.counter,
	}
	if e.cfg.ClientConfig.Compression == configcompression.TypeGzip {
		e.bulk.gzip = newGzipPool(int(e.cfg.ClientConfig.CompressionParams.Level))
	}
	if e.cfg.DeadLetter {
		e.bulk.deadLetters = &deadLetters{bulk: e.bulk, route: route{deadLetterDataset, e.cfg.Namespace}}
	}
	if e.cfg.Setup == setupAuto {
		e.templates = &templates{transport: e.transport, logger: e.telemetry.Logger}
	}
	return nil
}

func (e *elasticsearchExporter) shutdown(ctx context.Context) (err error) {
	e.stopOnce.Do(func() {
		if e.transport != nil {
			err = e.transport.Close(ctx)
			e.idle()
		}
	})
	return err
}

func (e *elasticsearchExporter) encoding() encoding {
	return encoding{
		base: route{e.cfg.Dataset, e.cfg.Namespace},
		ids:  e.cfg.DocumentID,
		otel: e.cfg.Mode == modeOTel,
		raw:  e.cfg.RawJSON,
	}
}

func (e *elasticsearchExporter) pushLogs(ctx context.Context, ld plog.Logs) error {
	b := newBody(e.encoding())
	defer b.release()
	b.appendLogs(ld)
	left, err := e.push(ctx, b)
	if err == nil || len(left) == len(b.items) {
		return err
	}
	return consumererror.NewLogs(err, subset.Logs(ld, left))
}

func (e *elasticsearchExporter) pushTraces(ctx context.Context, td ptrace.Traces) error {
	b := newBody(e.encoding())
	defer b.release()
	b.appendTraces(td)
	left, err := e.push(ctx, b)
	if err == nil || len(left) == len(b.items) {
		return err
	}
	return consumererror.NewTraces(err, subset.Traces(td, left))
}

// push returns the items that are left to send and why; all or none of them
// where nothing was sent.
func (e *elasticsearchExporter) push(ctx context.Context, b *body) ([]int, error) {
	if len(b.items) == 0 {
		return nil, nil
	}
	if err := e.templates.ensure(ctx); err != nil {
		return b.all(), err
	}
	return e.bulk.send(ctx, b)
}
