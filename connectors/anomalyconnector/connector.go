package anomalyconnector

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/zap"
)

// side is what both instances do at start and stop.
type side struct {
	watcher *watcher
	started bool
	stopped bool
}

func (s *side) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (s *side) Start(ctx context.Context, host component.Host) error {
	if err := s.watcher.start(ctx, host); err != nil {
		return err
	}
	s.started = true
	return nil
}

func (s *side) Shutdown(ctx context.Context) error {
	if s.stopped {
		return nil
	}
	s.stopped = true
	return s.watcher.stop(ctx, s.started)
}

// metricsSide passes metrics on and adds the baselines.
type metricsSide struct {
	side
	next consumer.Metrics
}

func (m *metricsSide) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	baselines := m.watcher.observe(ctx, md)
	m.watcher.sendFindings(ctx)
	if err := m.next.ConsumeMetrics(ctx, md); err != nil {
		return err
	}
	if baselines.ResourceMetrics().Len() == 0 {
		return nil
	}
	return m.next.ConsumeMetrics(ctx, baselines)
}

// logsSide observes only when there is no metrics side, which sees the same
// points and sends the findings for both.
type logsSide struct {
	side
}

func (l *logsSide) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	if l.watcher.metrics != nil {
		return nil
	}
	l.watcher.observe(ctx, md)
	l.watcher.sendFindings(ctx)
	return nil
}

// sendFindings does not return an error: findings wait for the next batch, and
// metrics must not wait for logs.
func (w *watcher) sendFindings(ctx context.Context) {
	if w.logs == nil {
		return
	}
	err := w.send(ctx, w.logs)
	if failing := err != nil; w.failing.Swap(failing) != failing {
		if failing {
			w.logger.Warn("Findings are refused by the logs pipeline; they are kept and sent again.", zap.Error(err))
		} else {
			w.logger.Info("Findings are accepted again.")
		}
	}
}
