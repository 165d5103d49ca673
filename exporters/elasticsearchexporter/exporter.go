package elasticsearchexporter

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/elastic/elastic-transport-go/v8/elastictransport"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper/xexporterhelper"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pipeline"

	"github.com/tidewatch/tidewatch/internal/breaker"
	"github.com/tidewatch/tidewatch/internal/lentbody"
	"github.com/tidewatch/tidewatch/internal/undelivered"
)

type elasticsearchExporter struct {
	cfg       *Config
	id        component.ID
	signal    pipeline.Signal
	telemetry component.TelemetrySettings
	userAgent string
	counter   *undelivered.Counter

	lastSize, lastItems atomic.Int64 // of the last batch

	// From start on.
	transport *elastictransport.Client
	idle      func() // closes idle connections
	gate      *breaker.Gate
	bulk      *bulk
	templates *templates
	probe     *probe
	stopOnce  sync.Once
}

func newExporter(cfg *Config, set exporter.Settings, signal pipeline.Signal) (*elasticsearchExporter, error) {
	counter, err := undelivered.NewCounter(set.TelemetrySettings, set.ID)
	if err != nil {
		return nil, err
	}
	return &elasticsearchExporter{
		cfg:       cfg,
		id:        set.ID,
		signal:    signal,
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
	if e.gate, err = breaker.NewGate(e.telemetry, e.id, e.cfg.CircuitBreaker, e.cfg.RateLimit); err != nil {
		return err //nolint:wrapcheck // it says which instrument
	}
	options := []elastictransport.Option{
		elastictransport.WithURLs(urls...),
		elastictransport.WithTransport(e.gate.Transport(lentbody.Transport{Next: client.Transport})),
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
		transport:  e.transport,
		timeout:    e.cfg.ClientConfig.Timeout,
		maxBytes:   e.cfg.MaxRequestSize,
		compressor: newCompressor(e.cfg.ClientConfig.Compression, int(e.cfg.ClientConfig.CompressionParams.Level)),
		gate:       e.gate,
		counter:    e.counter,
		logger:     e.telemetry.Logger,
		answered:   e.answered,
		pace:       &pace{},
	}
	if e.cfg.DeadLetter {
		e.bulk.deadLetters = &deadLetters{bulk: e.bulk, route: route{deadLetterDataset, e.cfg.Namespace}}
	}
	if e.cfg.DeadLetterFile.Path != "" {
		e.bulk.letterFile = &letterFile{cfg: e.cfg.DeadLetterFile, exporter: e.id.String(), logger: e.telemetry.Logger}
	}
	if e.cfg.Setup == setupAuto {
		e.templates = &templates{
			transport: e.transport, logger: e.telemetry.Logger, names: e.cfg.templatesOf(e.signal),
			settings: indexSettings{retention: e.cfg.Retention, policy: e.cfg.LifecyclePolicy, pipeline: e.cfg.IngestPipeline},
		}
		e.probe = newProbe(e.transport, e.telemetry.Logger)
	}
	return nil
}

// answered is called whenever the server has read a bulk request.
func (e *elasticsearchExporter) answered() { e.probe.begin() }

func (e *elasticsearchExporter) shutdown(ctx context.Context) (err error) {
	e.stopOnce.Do(func() {
		e.probe.stop()
		err = e.gate.Close()
		if e.transport != nil {
			err = errors.Join(err, e.transport.Close(ctx))
			e.idle()
		}
		if e.bulk != nil {
			err = errors.Join(err, e.bulk.letterFile.close())
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

func (e *elasticsearchExporter) encodeLogs(_ context.Context, ld plog.Logs) (xexporterhelper.Request, error) {
	b := e.newBody()
	b.appendLogs(ld)
	return e.encoded(b), nil
}

func (e *elasticsearchExporter) encodeMetrics(_ context.Context, md pmetric.Metrics) (xexporterhelper.Request, error) {
	b := e.newBody()
	b.appendMetrics(md)
	return e.encoded(b), nil
}

func (e *elasticsearchExporter) encodeTraces(_ context.Context, td ptrace.Traces) (xexporterhelper.Request, error) {
	b := e.newBody()
	b.appendTraces(td)
	return e.encoded(b), nil
}

// newBody returns a body with room for as much as the last batch needed, up to a
// megabyte: most are alike.
func (e *elasticsearchExporter) newBody() *body {
	b := newBody(e.encoding())
	b.buf = slices.Grow(b.buf, min(int(e.lastSize.Load()), 2*enough))
	b.items = slices.Grow(b.items, min(int(e.lastItems.Load()), 4096))
	return b
}

func (e *elasticsearchExporter) encoded(b *body) *batch {
	b.forget()
	e.lastSize.Store(int64(len(b.buf)))
	e.lastItems.Store(int64(len(b.items)))
	return &batch{b}
}

// push sends a batch. Where it returns an error, the batch holds what is left to
// send, all of it where nothing was sent; it is released otherwise.
func (e *elasticsearchExporter) push(ctx context.Context, req xexporterhelper.Request) error {
	b := req.(*batch).body
	if len(b.items) == 0 {
		return nil
	}
	if err := e.templates.ensure(ctx); err != nil {
		return breaker.Retryable(err)
	}
	left, err := e.bulk.send(ctx, b)
	if err != nil {
		b.keepOnly(left)
		return err
	}
	b.release()
	return nil
}
