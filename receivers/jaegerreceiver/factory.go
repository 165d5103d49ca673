package jaegerreceiver

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
)

// NewFactory creates the factory of the Jaeger receiver.
func NewFactory() receiver.Factory {
	return receiver.NewFactory(
		component.MustNewType("jaeger"),
		createDefaultConfig,
		receiver.WithTraces(createTraces, component.StabilityLevelAlpha),
	)
}

func createTraces(_ context.Context, set receiver.Settings, cfg component.Config, next consumer.Traces) (receiver.Traces, error) {
	return newJaeger(set, cfg.(*Config), next)
}
