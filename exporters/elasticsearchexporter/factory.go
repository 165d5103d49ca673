package elasticsearchexporter

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exporterhelper/xexporterhelper"
	"go.opentelemetry.io/collector/pipeline"

	"github.com/tidewatch/tidewatch/internal/undelivered"
)

var componentType = component.MustNewType("elasticsearch")

// NewFactory returns the factory of the Elasticsearch exporter.
func NewFactory() exporter.Factory {
	return exporter.NewFactory(
		componentType,
		createDefaultConfig,
		exporter.WithLogs(createLogs, component.StabilityLevelAlpha),
		exporter.WithMetrics(createMetrics, component.StabilityLevelAlpha),
		exporter.WithTraces(createTraces, component.StabilityLevelAlpha),
	)
}

func createLogs(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Logs, error) {
	e, err := newExporter(cfg.(*Config), set, pipeline.SignalLogs)
	if err != nil {
		return nil, err
	}
	helper, err := xexporterhelper.NewLogsRequest(ctx, set, e.encodeLogs, undelivered.Contained(e.counter, xexporterhelper.Request.ItemsCount, e.push), e.options()...)
	if err != nil {
		return nil, fmt.Errorf("make exporter: %w", err)
	}
	return readingLogs{helper}, nil
}

func createMetrics(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Metrics, error) {
	e, err := newExporter(cfg.(*Config), set, pipeline.SignalMetrics)
	if err != nil {
		return nil, err
	}
	helper, err := xexporterhelper.NewMetricsRequest(ctx, set, e.encodeMetrics, undelivered.Contained(e.counter, xexporterhelper.Request.ItemsCount, e.push), e.options()...)
	if err != nil {
		return nil, fmt.Errorf("make exporter: %w", err)
	}
	return readingMetrics{helper}, nil
}

func createTraces(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Traces, error) {
	e, err := newExporter(cfg.(*Config), set, pipeline.SignalTraces)
	if err != nil {
		return nil, err
	}
	helper, err := xexporterhelper.NewTracesRequest(ctx, set, e.encodeTraces, undelivered.Contained(e.counter, xexporterhelper.Request.ItemsCount, e.push), e.options()...)
	if err != nil {
		return nil, fmt.Errorf("make exporter: %w", err)
	}
	return readingTraces{helper}, nil
}

func (e *elasticsearchExporter) options() []exporterhelper.Option {
	return []exporterhelper.Option{
		exporterhelper.WithStart(e.start),
		exporterhelper.WithShutdown(e.shutdown),
		exporterhelper.WithRetry(e.cfg.RetryConfig),
		xexporterhelper.WithQueueBatch(e.cfg.QueueConfig, xexporterhelper.QueueBatchSettings{Encoding: stored{e}}),
		// Each bulk request has its own timeout: a batch may need several.
		exporterhelper.WithTimeout(exporterhelper.TimeoutConfig{Timeout: 0}),
	}
}

// The batcher merges documents, not what they were made of: no exporter beside
// this one needs a copy, as the helper's own answer would have it.
type (
	readingLogs    struct{ exporter.Logs }
	readingMetrics struct{ exporter.Metrics }
	readingTraces  struct{ exporter.Traces }
)

// Capabilities says that the data stay as they are.
func (readingLogs) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// Capabilities says that the data stay as they are.
func (readingMetrics) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// Capabilities says that the data stay as they are.
func (readingTraces) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }
