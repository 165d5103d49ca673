package incidentconnector

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"

	"github.com/tidewatch/tidewatch/incident"
)

var componentType = component.MustNewType("incident")

// NewFactory returns the factory of the incident connector.
func NewFactory() connector.Factory {
	known := &calls{edges: map[component.ID][]incident.Edge{}}
	return connector.NewFactory(componentType, createDefaultConfig,
		connector.WithLogsToLogs(func(_ context.Context, set connector.Settings, cfg component.Config, next consumer.Logs) (connector.Logs, error) {
			return newIncidents(set, cfg.(*Config), known, next)
		}, component.StabilityLevelAlpha),
		connector.WithMetricsToLogs(func(_ context.Context, set connector.Settings, cfg component.Config, _ consumer.Logs) (connector.Metrics, error) {
			return &edges{id: set.ID, limit: cfg.(*Config).MaxEdges, known: known}, nil
		}, component.StabilityLevelAlpha))
}
