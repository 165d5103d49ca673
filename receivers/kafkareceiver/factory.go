package kafkareceiver

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
)

var componentType = component.MustNewType("kafka")

// NewFactory returns the factory of the Kafka receiver.
func NewFactory() receiver.Factory {
	return receiver.NewFactory(componentType, createDefaultConfig,
		receiver.WithLogs(createLogs, component.StabilityLevelAlpha),
		receiver.WithMetrics(createMetrics, component.StabilityLevelAlpha),
		receiver.WithTraces(createTraces, component.StabilityLevelAlpha),
	)
}

func createLogs(_ context.Context, set receiver.Settings, cfg component.Config, next consumer.Logs) (receiver.Logs, error) {
	c := cfg.(*Config)
	return newReceiver(set, c, c.Topics.Logs, "logs", func(r *kafkaReceiver) consume { return r.logs(next) })
}

func createMetrics(_ context.Context, set receiver.Settings, cfg component.Config, next consumer.Metrics) (receiver.Metrics, error) {
	c := cfg.(*Config)
	return newReceiver(set, c, c.Topics.Metrics, "metrics", func(r *kafkaReceiver) consume { return r.metrics(next) })
}

func createTraces(_ context.Context, set receiver.Settings, cfg component.Config, next consumer.Traces) (receiver.Traces, error) {
	c := cfg.(*Config)
	return newReceiver(set, c, c.Topics.Traces, "traces", func(r *kafkaReceiver) consume { return r.traces(next) })
}
