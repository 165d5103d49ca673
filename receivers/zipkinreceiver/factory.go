package zipkinreceiver

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
)

// NewFactory creates the factory of the Zipkin receiver.
func NewFactory() receiver.Factory {
	return receiver.NewFactory(
		component.MustNewType("zipkin"),
		createDefaultConfig,
		receiver.WithTraces(createTraces, component.StabilityLevelAlpha),
	)
}

func createTraces(_ context.Context, set receiver.Settings, cfg component.Config, next consumer.Traces) (receiver.Traces, error) {
	return newZipkin(set, cfg.(*Config), next)
}
