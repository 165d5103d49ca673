package pipelinetest

import (
	"context"
	"errors"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver"
)

// stage stands for all receivers and exporters of one run.
type stage struct {
	logs    consumer.Logs
	metrics consumer.Metrics
	traces  consumer.Traces

	mu  sync.Mutex // guards all below
	out batch
}

func newStage() *stage {
	return &stage{out: batch{logs: plog.NewLogs(), metrics: pmetric.NewMetrics(), traces: ptrace.NewTraces()}}
}

var (
	feedType  = component.MustNewType("tidewatch_test_feed")
	catchType = component.MustNewType("tidewatch_test_catch")
	idleType  = component.MustNewType("tidewatch_test_idle")
)

// idle is a component that does nothing; as an extension it is a storage that keeps
// nothing.
type idle struct {
	component.StartFunc
	component.ShutdownFunc
}

func (idle) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	return storage.NewNopClient(), nil
}

func noConfig() component.Config { return &struct{}{} }

// feed is a receiver of the type given, which keeps the pipeline's beginning.
func (s *stage) feed(t component.Type, first bool) receiver.Factory {
	return receiver.NewFactory(t, noConfig,
		receiver.WithLogs(func(_ context.Context, _ receiver.Settings, _ component.Config, next consumer.Logs) (receiver.Logs, error) {
			if first {
				s.logs = next
			}
			return idle{}, nil
		}, component.StabilityLevelStable),
		receiver.WithMetrics(func(_ context.Context, _ receiver.Settings, _ component.Config, next consumer.Metrics) (receiver.Metrics, error) {
			if first {
				s.metrics = next
			}
			return idle{}, nil
		}, component.StabilityLevelStable),
		receiver.WithTraces(func(_ context.Context, _ receiver.Settings, _ component.Config, next consumer.Traces) (receiver.Traces, error) {
			if first {
				s.traces = next
			}
			return idle{}, nil
		}, component.StabilityLevelStable))
}

// give gives a batch to the pipeline.
func (s *stage) give(ctx context.Context, b batch) error {
	switch {
	case s.logs != nil:
		return s.logs.ConsumeLogs(ctx, b.logs)
	case s.metrics != nil:
		return s.metrics.ConsumeMetrics(ctx, b.metrics)
	case s.traces != nil:
		return s.traces.ConsumeTraces(ctx, b.traces)
	}
	return errors.New("the pipeline has no beginning")
}

// catch is an exporter that keeps what comes, or throws it away.
func (s *stage) catch(t component.Type, keep bool) exporter.Factory {
	return exporter.NewFactory(t, noConfig,
		exporter.WithLogs(func(context.Context, exporter.Settings, component.Config) (exporter.Logs, error) {
			return caught{stage: s, keep: keep}, nil
		}, component.StabilityLevelStable),
		exporter.WithMetrics(func(context.Context, exporter.Settings, component.Config) (exporter.Metrics, error) {
			return caught{stage: s, keep: keep}, nil
		}, component.StabilityLevelStable),
		exporter.WithTraces(func(context.Context, exporter.Settings, component.Config) (exporter.Traces, error) {
			return caught{stage: s, keep: keep}, nil
		}, component.StabilityLevelStable))
}

type caught struct {
	idle
	stage *stage
	keep  bool
}

func (caught) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (c caught) ConsumeLogs(_ context.Context, ld plog.Logs) error {
	c.stage.mu.Lock()
	defer c.stage.mu.Unlock()
	if c.keep {
		for _, rl := range ld.ResourceLogs().All() {
			rl.CopyTo(c.stage.out.logs.ResourceLogs().AppendEmpty())
		}
	}
	return nil
}

func (c caught) ConsumeMetrics(_ context.Context, md pmetric.Metrics) error {
	c.stage.mu.Lock()
	defer c.stage.mu.Unlock()
	if c.keep {
		for _, rm := range md.ResourceMetrics().All() {
			rm.CopyTo(c.stage.out.metrics.ResourceMetrics().AppendEmpty())
		}
	}
	return nil
}

func (c caught) ConsumeTraces(_ context.Context, td ptrace.Traces) error {
	c.stage.mu.Lock()
	defer c.stage.mu.Unlock()
	if c.keep {
		for _, rs := range td.ResourceSpans().All() {
			rs.CopyTo(c.stage.out.traces.ResourceSpans().AppendEmpty())
		}
	}
	return nil
}

// storageOf is an extension in the place of one of the type given.
func storageOf(t component.Type) extension.Factory {
	return extension.NewFactory(t, noConfig, func(context.Context, extension.Settings, component.Config) (extension.Extension, error) {
		return idle{}, nil
	}, component.StabilityLevelStable)
}
