package agent

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/xconnector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/xexporter"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/xprocessor"

	"github.com/tidewatch/tidewatch/internal/contain"
)

// contained returns factories whose components panic for themselves alone. They are for
// one service: what its components share is kept in them. Profiles go as they went.
func contained[F component.Factory](factories map[component.Type]F, wrap func(F) F) map[component.Type]F {
	out := make(map[component.Type]F, len(factories))
	for t, f := range factories {
		out[t] = wrap(f)
	}
	return out
}

// aliased is what upstream looks for in a factory that has an old name.
type aliased interface {
	DeprecatedAlias() component.Type
	SetDeprecatedAlias(component.Type)
}

// noAlias is for a factory that has none.
type noAlias struct{}

func (noAlias) DeprecatedAlias() component.Type   { return component.Type{} }
func (noAlias) SetDeprecatedAlias(component.Type) {}

func aliasOf(f component.Factory) aliased {
	if a, ok := f.(aliased); ok {
		return a
	}
	return noAlias{}
}

func newUnit(set component.TelemetrySettings, kind string, id component.ID) (*unit, error) {
	teller, err := contain.New(set, kind, id)
	if err != nil {
		return nil, err
	}
	return &unit{teller: teller, logger: set.Logger, now: time.Now, after: time.After, suspects: map[uint64]int{}}, nil
}

type logsComponent interface {
	component.Component
	consumer.Logs
}

type metricsComponent interface {
	component.Component
	consumer.Metrics
}

type tracesComponent interface {
	component.Component
	consumer.Traces
}

func containLogs[C logsComponent](ctx context.Context, u *unit, create func(context.Context) (C, error)) (logsCell, error) {
	c, err := newCell(ctx, u, logsSignal, func(ctx context.Context) (*instance[plog.Logs], error) {
		made, err := create(ctx)
		if err != nil {
			return nil, err
		}
		return &instance[plog.Logs]{made, made.ConsumeLogs, made.Capabilities()}, nil
	})
	return logsCell{c}, err
}

func containMetrics[C metricsComponent](ctx context.Context, u *unit, create func(context.Context) (C, error)) (metricsCell, error) {
	c, err := newCell(ctx, u, metricsSignal, func(ctx context.Context) (*instance[pmetric.Metrics], error) {
		made, err := create(ctx)
		if err != nil {
			return nil, err
		}
		return &instance[pmetric.Metrics]{made, made.ConsumeMetrics, made.Capabilities()}, nil
	})
	return metricsCell{c}, err
}

func containTraces[C tracesComponent](ctx context.Context, u *unit, create func(context.Context) (C, error)) (tracesCell, error) {
	c, err := newCell(ctx, u, tracesSignal, func(ctx context.Context) (*instance[ptrace.Traces], error) {
		made, err := create(ctx)
		if err != nil {
			return nil, err
		}
		return &instance[ptrace.Traces]{made, made.ConsumeTraces, made.Capabilities()}, nil
	})
	return tracesCell{c}, err
}

// A factory of upstream can be made by upstream only. What is contained is made of one: the
// methods below come before those of the factory, which is embedded one step deeper.
type (
	processorFactory  struct{ processor.Factory }
	xprocessorFactory struct{ xprocessor.Factory }
	connectorFactory  struct{ connector.Factory }
	xconnectorFactory struct{ xconnector.Factory }
	exporterFactory   struct{ exporter.Factory }
	xexporterFactory  struct{ xexporter.Factory }
)

// processors makes contained processors. Each is a unit of its own.
type processors struct {
	factory processor.Factory
	aliased
}

func containProcessors(f processor.Factory) processor.Factory {
	c := processors{f, aliasOf(f)}
	if x, ok := f.(xprocessor.Factory); ok {
		return struct {
			xprocessorFactory
			processors
		}{xprocessorFactory{x}, c}
	}
	return struct {
		processorFactory
		processors
	}{processorFactory{f}, c}
}

func (p processors) CreateLogs(ctx context.Context, set processor.Settings, cfg component.Config, next consumer.Logs) (processor.Logs, error) {
	u, err := newUnit(set.TelemetrySettings, "processor", set.ID)
	if err != nil {
		return nil, err
	}
	return containLogs(ctx, u, func(ctx context.Context) (processor.Logs, error) { return p.factory.CreateLogs(ctx, set, cfg, next) })
}

func (p processors) CreateMetrics(ctx context.Context, set processor.Settings, cfg component.Config, next consumer.Metrics) (processor.Metrics, error) {
	u, err := newUnit(set.TelemetrySettings, "processor", set.ID)
	if err != nil {
		return nil, err
	}
	return containMetrics(ctx, u, func(ctx context.Context) (processor.Metrics, error) {
		return p.factory.CreateMetrics(ctx, set, cfg, next)
	})
}

func (p processors) CreateTraces(ctx context.Context, set processor.Settings, cfg component.Config, next consumer.Traces) (processor.Traces, error) {
	u, err := newUnit(set.TelemetrySettings, "processor", set.ID)
	if err != nil {
		return nil, err
	}
	return containTraces(ctx, u, func(ctx context.Context) (processor.Traces, error) {
		return p.factory.CreateTraces(ctx, set, cfg, next)
	})
}

// exporters makes contained exporters. Each is a unit of its own.
type exporters struct {
	factory exporter.Factory
	aliased
}

func containExporters(f exporter.Factory) exporter.Factory {
	c := exporters{f, aliasOf(f)}
	if x, ok := f.(xexporter.Factory); ok {
		return struct {
			xexporterFactory
			exporters
		}{xexporterFactory{x}, c}
	}
	return struct {
		exporterFactory
		exporters
	}{exporterFactory{f}, c}
}

func (e exporters) CreateLogs(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Logs, error) {
	u, err := newUnit(set.TelemetrySettings, "exporter", set.ID)
	if err != nil {
		return nil, err
	}
	return containLogs(ctx, u, func(ctx context.Context) (exporter.Logs, error) { return e.factory.CreateLogs(ctx, set, cfg) })
}

func (e exporters) CreateMetrics(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Metrics, error) {
	u, err := newUnit(set.TelemetrySettings, "exporter", set.ID)
	if err != nil {
		return nil, err
	}
	return containMetrics(ctx, u, func(ctx context.Context) (exporter.Metrics, error) { return e.factory.CreateMetrics(ctx, set, cfg) })
}

func (e exporters) CreateTraces(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Traces, error) {
	u, err := newUnit(set.TelemetrySettings, "exporter", set.ID)
	if err != nil {
		return nil, err
	}
	return containTraces(ctx, u, func(ctx context.Context) (exporter.Traces, error) { return e.factory.CreateTraces(ctx, set, cfg) })
}
