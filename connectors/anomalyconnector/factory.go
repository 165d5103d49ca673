package anomalyconnector

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
)

var componentType = component.MustNewType("anomaly")

// NewFactory returns the factory of the anomaly connector.
func NewFactory() connector.Factory {
	return connector.NewFactory(
		componentType,
		createDefaultConfig,
		connector.WithMetricsToMetrics(createMetricsToMetrics, component.StabilityLevelAlpha),
		connector.WithMetricsToLogs(createMetricsToLogs, component.StabilityLevelAlpha),
	)
}

func createMetricsToMetrics(_ context.Context, set connector.Settings, cfg component.Config, next consumer.Metrics) (connector.Metrics, error) {
	w, err := watcherFor(set, cfg.(*Config), func(w *watcher) bool { return w.metrics != nil })
	if err != nil {
		return nil, err
	}
	w.metrics = next
	return &metricsSide{side: side{watcher: w}, next: next}, nil
}

func createMetricsToLogs(_ context.Context, set connector.Settings, cfg component.Config, next consumer.Logs) (connector.Metrics, error) {
	w, err := watcherFor(set, cfg.(*Config), func(w *watcher) bool { return w.logs != nil })
	if err != nil {
		return nil, err
	}
	w.logs = next
	return &logsSide{side: side{watcher: w}}, nil
}
