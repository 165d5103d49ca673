package agent

import (
	"context"
	"fmt"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processorhelper"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"
)

// Functions are what a processor does with one item. Each may change the item and its
// resource, and returns whether the item goes on; one that does not is counted in
// tidewatch_function_dropped_items, with the processor and the signal. A function that is
// nil lets all pass. They are called from several goroutines at once, and must not keep
// what they are given. When a function panics, its item goes on as it is then; the first
// time is logged, and each is counted in tidewatch_function_panics.
type Functions struct {
	Log    func(pcommon.Resource, plog.LogRecord) bool
	Metric func(pcommon.Resource, pmetric.Metric) bool
	Span   func(pcommon.Resource, ptrace.Span) bool
}

// NewProcessor makes a processor of functions, for WithProcessors. In the configuration
// it goes by its type, which is lower case with underscores, and has no keys:
//
//	processors: {drop_health_checks: {}}
//
// It panics if the type is none, as component.MustNewType does.
func NewProcessor(typ string, f Functions) processor.Factory {
	return processor.NewFactory(component.MustNewType(typ), func() component.Config { return &struct{}{} },
		processor.WithLogs(f.logs, component.StabilityLevelStable),
		processor.WithMetrics(f.metrics, component.StabilityLevelStable),
		processor.WithTraces(f.traces, component.StabilityLevelStable))
}

func (f Functions) logs(ctx context.Context, set processor.Settings, cfg component.Config, next consumer.Logs) (processor.Logs, error) {
	g, err := newGuard(set, "logs")
	if err != nil {
		return nil, err
	}
	return processorhelper.NewLogs(ctx, set, cfg, next, func(ctx context.Context, ld plog.Logs) (plog.Logs, error) {
		if f.Log == nil {
			return ld, nil
		}
		n := ld.LogRecordCount()
		ld.ResourceLogs().RemoveIf(func(r plog.ResourceLogs) bool {
			r.ScopeLogs().RemoveIf(func(s plog.ScopeLogs) bool {
				s.LogRecords().RemoveIf(func(l plog.LogRecord) bool { return g.drops(func() bool { return f.Log(r.Resource(), l) }) })
				return s.LogRecords().Len() == 0
			})
			return r.ScopeLogs().Len() == 0
		})
		return ld, g.left(ctx, n, ld.LogRecordCount())
	}, mutates)
}

func (f Functions) metrics(ctx context.Context, set processor.Settings, cfg component.Config, next consumer.Metrics) (processor.Metrics, error) {
	g, err := newGuard(set, "metrics")
	if err != nil {
		return nil, err
	}
	return processorhelper.NewMetrics(ctx, set, cfg, next, func(ctx context.Context, md pmetric.Metrics) (pmetric.Metrics, error) {
		if f.Metric == nil {
			return md, nil
		}
		n := md.DataPointCount()
		md.ResourceMetrics().RemoveIf(func(r pmetric.ResourceMetrics) bool {
			r.ScopeMetrics().RemoveIf(func(s pmetric.ScopeMetrics) bool {
				s.Metrics().RemoveIf(func(m pmetric.Metric) bool { return g.drops(func() bool { return f.Metric(r.Resource(), m) }) })
				return s.Metrics().Len() == 0
			})
			return r.ScopeMetrics().Len() == 0
		})
		return md, g.left(ctx, n, md.DataPointCount())
	}, mutates)
}

func (f Functions) traces(ctx context.Context, set processor.Settings, cfg component.Config, next consumer.Traces) (processor.Traces, error) {
	g, err := newGuard(set, "traces")
	if err != nil {
		return nil, err
	}
	return processorhelper.NewTraces(ctx, set, cfg, next, func(ctx context.Context, td ptrace.Traces) (ptrace.Traces, error) {
		if f.Span == nil {
			return td, nil
		}
		n := td.SpanCount()
		td.ResourceSpans().RemoveIf(func(r ptrace.ResourceSpans) bool {
			r.ScopeSpans().RemoveIf(func(s ptrace.ScopeSpans) bool {
				s.Spans().RemoveIf(func(span ptrace.Span) bool { return g.drops(func() bool { return f.Span(r.Resource(), span) }) })
				return s.Spans().Len() == 0
			})
			return r.ScopeSpans().Len() == 0
		})
		return td, g.left(ctx, n, td.SpanCount())
	}, mutates)
}

var mutates = processorhelper.WithCapabilities(consumer.Capabilities{MutatesData: true})

// guard stands between a function and the pipeline.
type guard struct {
	dropped, panics metric.Int64Counter
	with            metric.MeasurementOption
	logger          *zap.Logger
	once            sync.Once // the first panic is logged
}

func newGuard(set processor.Settings, signal string) (*guard, error) {
	meter := set.MeterProvider.Meter("github.com/tidewatch/tidewatch/agent")
	dropped, err := meter.Int64Counter("tidewatch_function_dropped_items",
		metric.WithDescription("Log records, data points or spans that a function of a custom processor did not let pass."), metric.WithUnit("{item}"))
	if err != nil {
		return nil, fmt.Errorf("make a counter: %w", err)
	}
	panics, err := meter.Int64Counter("tidewatch_function_panics",
		metric.WithDescription("Calls of a function of a custom processor that panicked; the item went on."), metric.WithUnit("{call}"))
	if err != nil {
		return nil, fmt.Errorf("make a counter: %w", err)
	}
	return &guard{
		dropped: dropped, panics: panics, logger: set.Logger,
		with: metric.WithAttributeSet(attribute.NewSet(attribute.String("processor", set.ID.String()), attribute.String("signal", signal))),
	}, nil
}

// drops tells whether the function wants the item gone.
func (g *guard) drops(goesOn func() bool) (gone bool) {
	defer func() {
		if p := recover(); p != nil {
			g.panics.Add(context.Background(), 1, g.with)
			g.once.Do(func() {
				g.logger.Error("A custom processor panicked; the item goes on.", zap.Any("panic", p), zap.Stack("stack"))
			})
		}
	}()
	return !goesOn()
}

// left counts what is gone, and says so when nothing is left to pass on.
func (g *guard) left(ctx context.Context, before, after int) error {
	if before > after {
		g.dropped.Add(ctx, int64(before-after), g.with)
	}
	if after == 0 {
		return processorhelper.ErrSkipProcessingData
	}
	return nil
}
