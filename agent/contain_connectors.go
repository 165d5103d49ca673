package agent

import (
	"context"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/xconnector"
	"go.opentelemetry.io/collector/consumer"
)

// connectors makes contained connectors. Those of one name are a unit: the parts of some
// find each other by the configuration.
type connectors struct {
	factory connector.Factory
	aliased
	shared *sharedUnits
}

type sharedUnits struct {
	mu   sync.Mutex
	byID map[component.ID]*unit // bounded by the configuration
}

func (s *sharedUnits) of(set connector.Settings) (*unit, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.byID[set.ID]; u != nil {
		return u, nil
	}
	u, err := newUnit(set.TelemetrySettings, "connector", set.ID)
	if err == nil {
		s.byID[set.ID] = u
	}
	return u, err
}

func containConnectors(f connector.Factory) connector.Factory {
	c := connectors{f, aliasOf(f), &sharedUnits{byID: map[component.ID]*unit{}}}
	if x, ok := f.(xconnector.Factory); ok {
		return struct {
			xconnectorFactory
			connectors
		}{xconnectorFactory{x}, c}
	}
	return struct {
		connectorFactory
		connectors
	}{connectorFactory{f}, c}
}

func (c connectors) CreateLogsToLogs(ctx context.Context, set connector.Settings, cfg component.Config, next consumer.Logs) (connector.Logs, error) {
	u, err := c.shared.of(set)
	if err != nil {
		return nil, err
	}
	return containLogs(ctx, u, func(ctx context.Context) (connector.Logs, error) {
		return c.factory.CreateLogsToLogs(ctx, set, cfg, next)
	})
}

func (c connectors) CreateLogsToMetrics(ctx context.Context, set connector.Settings, cfg component.Config, next consumer.Metrics) (connector.Logs, error) {
	u, err := c.shared.of(set)
	if err != nil {
		return nil, err
	}
	return containLogs(ctx, u, func(ctx context.Context) (connector.Logs, error) {
		return c.factory.CreateLogsToMetrics(ctx, set, cfg, next)
	})
}

func (c connectors) CreateLogsToTraces(ctx context.Context, set connector.Settings, cfg component.Config, next consumer.Traces) (connector.Logs, error) {
	u, err := c.shared.of(set)
	if err != nil {
		return nil, err
	}
	return containLogs(ctx, u, func(ctx context.Context) (connector.Logs, error) {
		return c.factory.CreateLogsToTraces(ctx, set, cfg, next)
	})
}

func (c connectors) CreateMetricsToLogs(ctx context.Context, set connector.Settings, cfg component.Config, next consumer.Logs) (connector.Metrics, error) {
	u, err := c.shared.of(set)
	if err != nil {
		return nil, err
	}
	return containMetrics(ctx, u, func(ctx context.Context) (connector.Metrics, error) {
		return c.factory.CreateMetricsToLogs(ctx, set, cfg, next)
	})
}

func (c connectors) CreateMetricsToMetrics(ctx context.Context, set connector.Settings, cfg component.Config, next consumer.Metrics) (connector.Metrics, error) {
	u, err := c.shared.of(set)
	if err != nil {
		return nil, err
	}
	return containMetrics(ctx, u, func(ctx context.Context) (connector.Metrics, error) {
		return c.factory.CreateMetricsToMetrics(ctx, set, cfg, next)
	})
}

func (c connectors) CreateMetricsToTraces(ctx context.Context, set connector.Settings, cfg component.Config, next consumer.Traces) (connector.Metrics, error) {
	u, err := c.shared.of(set)
	if err != nil {
		return nil, err
	}
	return containMetrics(ctx, u, func(ctx context.Context) (connector.Metrics, error) {
		return c.factory.CreateMetricsToTraces(ctx, set, cfg, next)
	})
}

func (c connectors) CreateTracesToLogs(ctx context.Context, set connector.Settings, cfg component.Config, next consumer.Logs) (connector.Traces, error) {
	u, err := c.shared.of(set)
	if err != nil {
		return nil, err
	}
	return containTraces(ctx, u, func(ctx context.Context) (connector.Traces, error) {
		return c.factory.CreateTracesToLogs(ctx, set, cfg, next)
	})
}

func (c connectors) CreateTracesToMetrics(ctx context.Context, set connector.Settings, cfg component.Config, next consumer.Metrics) (connector.Traces, error) {
	u, err := c.shared.of(set)
	if err != nil {
		return nil, err
	}
	return containTraces(ctx, u, func(ctx context.Context) (connector.Traces, error) {
		return c.factory.CreateTracesToMetrics(ctx, set, cfg, next)
	})
}

func (c connectors) CreateTracesToTraces(ctx context.Context, set connector.Settings, cfg component.Config, next consumer.Traces) (connector.Traces, error) {
	u, err := c.shared.of(set)
	if err != nil {
		return nil, err
	}
	return containTraces(ctx, u, func(ctx context.Context) (connector.Traces, error) {
		return c.factory.CreateTracesToTraces(ctx, set, cfg, next)
	})
}
