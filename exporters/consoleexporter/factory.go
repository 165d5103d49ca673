package consoleexporter

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
)

var componentType = component.MustNewType("console")

// NewFactory creates the factory of the console exporter.
func NewFactory() exporter.Factory {
	return exporter.NewFactory(
		componentType,
		createDefaultConfig,
		exporter.WithTraces(createTraces, component.StabilityLevelAlpha),
		exporter.WithMetrics(createMetrics, component.StabilityLevelAlpha),
		exporter.WithLogs(createLogs, component.StabilityLevelAlpha),
	)
}

func createDefaultConfig() component.Config {
	return &Config{
		// The extension has the same type; most agents have exactly one.
		Extension: component.NewID(componentType),
	}
}

func createTraces(ctx context.Context, set exporter.Settings, config component.Config) (exporter.Traces, error) {
	e := newExporter(config.(*Config))
	return exporterhelper.NewTraces(ctx, set, config, e.consumeTraces, options(e)...)
}

func createMetrics(ctx context.Context, set exporter.Settings, config component.Config) (exporter.Metrics, error) {
	e := newExporter(config.(*Config))
	return exporterhelper.NewMetrics(ctx, set, config, e.consumeMetrics, options(e)...)
}

func createLogs(ctx context.Context, set exporter.Settings, config component.Config) (exporter.Logs, error) {
	e := newExporter(config.(*Config))
	return exporterhelper.NewLogs(ctx, set, config, e.consumeLogs, options(e)...)
}

// options leaves queue and retry off: writing to memory neither waits nor fails.
func options(e *consoleExporter) []exporterhelper.Option {
	return []exporterhelper.Option{
		exporterhelper.WithStart(e.start),
		exporterhelper.WithTimeout(exporterhelper.TimeoutConfig{Timeout: 0}),
		exporterhelper.WithCapabilities(consumer.Capabilities{MutatesData: false}),
	}
}
