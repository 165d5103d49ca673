package rootcauseconnector

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
)

var componentType = component.MustNewType("root_cause")

// NewFactory returns the factory of the root cause connector. As an exporter of
// traces it makes findings; as one of logs it takes evidence for these.
func NewFactory() connector.Factory {
	shared := &inboxes{byID: map[component.ID]*inbox{}}
	return connector.NewFactory(componentType, createDefaultConfig,
		connector.WithTracesToLogs(func(_ context.Context, set connector.Settings, cfg component.Config, next consumer.Logs) (connector.Traces, error) {
			return newCauses(set, cfg.(*Config), shared.of(set.ID, cfg.(*Config).MaxEvidence), next)
		}, component.StabilityLevelAlpha),
		connector.WithLogsToLogs(func(_ context.Context, set connector.Settings, cfg component.Config, _ consumer.Logs) (connector.Logs, error) {
			return &evidence{inbox: shared.of(set.ID, cfg.(*Config).MaxEvidence)}, nil
		}, component.StabilityLevelAlpha))
}
