package kafkaexporter

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tidewatch/tidewatch/internal/undelivered"
)

var componentType = component.MustNewType("kafka")

// NewFactory returns the factory of the Kafka exporter.
func NewFactory() exporter.Factory {
	return exporter.NewFactory(componentType, createDefaultConfig,
		exporter.WithLogs(createLogs, component.StabilityLevelAlpha),
		exporter.WithMetrics(createMetrics, component.StabilityLevelAlpha),
		exporter.WithTraces(createTraces, component.StabilityLevelAlpha),
	)
}

func (e *kafkaExporter) options() []exporterhelper.Option {
	return []exporterhelper.Option{
		exporterhelper.WithStart(e.start),
		exporterhelper.WithShutdown(e.shutdown),
		exporterhelper.WithRetry(e.cfg.RetryConfig),
		exporterhelper.WithQueue(e.cfg.QueueConfig),
		// A message whose answer is missing must not be sent anew by anybody but the
		// client, which numbers it: there is no time after which it could be.
		exporterhelper.WithTimeout(exporterhelper.TimeoutConfig{Timeout: 0}),
	}
}

// The exporters of each signal learn of the shutdown before their queue does: it waits
// for a request that waits for the brokers.
type (
	logs struct {
		exporter.Logs
		*kafkaExporter
	}
	metrics struct {
		exporter.Metrics
		*kafkaExporter
	}
	traces struct {
		exporter.Traces
		*kafkaExporter
	}
)

func (l logs) Shutdown(ctx context.Context) error {
	l.hurry(ctx)
	return l.Logs.Shutdown(ctx)
}

func (m metrics) Shutdown(ctx context.Context) error {
	m.hurry(ctx)
	return m.Metrics.Shutdown(ctx)
}

func (t traces) Shutdown(ctx context.Context) error {
	t.hurry(ctx)
	return t.Traces.Shutdown(ctx)
}

func createLogs(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Logs, error) {
	e, err := newExporter(cfg.(*Config), set)
	if err != nil {
		return nil, err
	}
	queued, err := exporterhelper.NewLogs(ctx, set, cfg, undelivered.Contained(e.counter, plog.Logs.LogRecordCount, e.pushLogs), e.options()...)
	return logs{queued, e}, err
}

func createMetrics(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Metrics, error) {
	e, err := newExporter(cfg.(*Config), set)
	if err != nil {
		return nil, err
	}
	queued, err := exporterhelper.NewMetrics(ctx, set, cfg, undelivered.Contained(e.counter, pmetric.Metrics.DataPointCount, e.pushMetrics), e.options()...)
	return metrics{queued, e}, err
}

func createTraces(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Traces, error) {
	e, err := newExporter(cfg.(*Config), set)
	if err != nil {
		return nil, err
	}
	queued, err := exporterhelper.NewTraces(ctx, set, cfg, undelivered.Contained(e.counter, ptrace.Traces.SpanCount, e.pushTraces), e.options()...)
	return traces{queued, e}, err
}
