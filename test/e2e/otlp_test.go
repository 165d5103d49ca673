//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/metric"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// instrumented is an application that uses the OpenTelemetry SDK: service
// "shop", with every signal sent over OTLP/HTTP.
type instrumented struct {
	t      *testing.T
	app    *application
	logger log.Logger
	tracer trace.Tracer
	meter  metric.Meter

	logs    *sdklog.LoggerProvider
	traces  *sdktrace.TracerProvider
	reader  *sdkmetric.ManualReader
	metrics *otlpmetrichttp.Exporter

	// spans counts the spans that were ended, traced holds a trace id for each
	// request, gaugeTimes the time of every gauge's point that was exported.
	spans      int
	traced     []string
	gaugeTimes []time.Time
}

// queue is large enough for everything a test sends: the SDK drops what does
// not fit.
const queue = 1 << 16

func newInstrumented(t *testing.T, app *application, a *agent) *instrumented {
	t.Helper()
	ctx := t.Context()
	endpoint := fmt.Sprintf("127.0.0.1:%d", a.http)
	logs, err := otlploghttp.New(ctx, otlploghttp.WithEndpoint(endpoint), otlploghttp.WithInsecure())
	require.NoError(t, err)
	traces, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpoint(endpoint), otlptracehttp.WithInsecure())
	require.NoError(t, err)
	metrics, err := otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpoint(endpoint), otlpmetrichttp.WithInsecure())
	require.NoError(t, err)

	res := resource.NewSchemaless(
		attribute.String("service.name", "shop"),
		attribute.String("service.instance.id", app.marker),
	)
	s := &instrumented{
		t: t, app: app, metrics: metrics, reader: sdkmetric.NewManualReader(),
		logs:   sdklog.NewLoggerProvider(sdklog.WithResource(res), sdklog.WithProcessor(sdklog.NewBatchProcessor(logs, sdklog.WithMaxQueueSize(queue)))),
		traces: sdktrace.NewTracerProvider(sdktrace.WithResource(res), sdktrace.WithBatcher(traces, sdktrace.WithMaxQueueSize(queue))),
	}
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithResource(res), sdkmetric.WithReader(s.reader))
	s.logger, s.tracer, s.meter = s.logs.Logger("shop"), s.traces.Tracer("shop"), meters.Meter("shop")
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = s.logs.Shutdown(ctx)
		_ = s.traces.Shutdown(ctx)
		_ = meters.Shutdown(ctx)
	})
	return s
}

// requests makes n requests: a trace of three spans each, and a log record that
// belongs to the root span.
func (s *instrumented) requests(n int) {
	for range n {
		number := len(s.traced)
		ctx, root := s.tracer.Start(s.t.Context(), "checkout", trace.WithSpanKind(trace.SpanKindServer))
		for _, name := range []string{"reserve stock", "charge card"} {
			_, child := s.tracer.Start(ctx, name, trace.WithAttributes(attribute.Int("order_id", number), attribute.String("test.marker", s.app.marker)))
			child.End()
		}
		key, at := fmt.Sprintf("%s otlp %d", s.app.marker, number), s.app.tick()
		id := root.SpanContext().TraceID().String()
		want := sent{time: at, severity: "INFO", body: key + " order accepted", traceID: id, order: number}
		var r log.Record
		r.SetTimestamp(at)
		r.SetSeverity(log.SeverityInfo)
		r.SetSeverityText("INFO")
		r.SetBody(attribute.StringValue(want.body))
		r.AddAttributes(attribute.Int("order_id", number))
		s.logger.Emit(ctx, r)
		root.SetAttributes(attribute.String("test.marker", s.app.marker))
		root.End()
		s.app.sent[key] = want
		s.traced = append(s.traced, id)
		s.spans += 3
	}
}

// flush sends what the SDK still holds.
func (s *instrumented) flush() {
	s.t.Helper()
	require.NoError(s.t, s.logs.ForceFlush(s.t.Context()))
	require.NoError(s.t, s.traces.ForceFlush(s.t.Context()))
}

// push collects the instruments once and sends them.
func (s *instrumented) push() {
	s.t.Helper()
	var rm metricdata.ResourceMetrics
	require.NoError(s.t, s.reader.Collect(s.t.Context(), &rm))
	require.NoError(s.t, s.metrics.Export(s.t.Context(), &rm))
	for _, scope := range rm.ScopeMetrics {
		for _, m := range scope.Metrics {
			if g, ok := m.Data.(metricdata.Gauge[float64]); ok {
				for _, p := range g.DataPoints {
					s.gaugeTimes = append(s.gaugeTimes, p.Time)
				}
			}
		}
	}
}
