package remotewriteexporter

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/internal/promseries"
)

// watchEnds sends stale markers for series whose points have ceased to come,
// through the queue as all else.
func (e *metricsExporter) watchEnds(ctx context.Context) {
	tick := time.NewTicker(max(e.cfg.StaleAfter/4, time.Second))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if e.ended() {
				_ = e.self.ConsumeMetrics(ctx, pmetric.NewMetrics()) // logged; they are due again
			}
		}
	}
}

// ended tells whether a marker is due.
func (e *metricsExporter) ended() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	now, due := e.now().UnixMilli(), false
	e.translator.Each(func(s *promseries.Series) bool {
		due = e.overdue(s, now) != nil
		return !due
	})
	return due
}

// ends adds the markers that are due.
func (e *metricsExporter) ends(c *collector) {
	if e.cfg.StaleAfter <= 0 {
		return
	}
	e.translator.Each(func(s *promseries.Series) bool {
		if a := e.overdue(s, c.now); a != nil {
			c.end(s, a)
		}
		return true
	})
}

// lookback is how long queries show a series of which nothing comes: the default
// of Prometheus.
const lookback = 5 * time.Minute

// overdue returns the parts of a series that has ended without a marker. It has
// when nothing came for as long as stale_after, and for three times as long as
// it used to take; of a series that came once that is not known yet.
func (e *metricsExporter) overdue(s *promseries.Series, now int64) *parts {
	a, _ := s.Attachment.(*parts)
	if a == nil || a.marked {
		return nil
	}
	limit := max(e.cfg.StaleAfter.Milliseconds(), 3*a.gap)
	if a.gap == 0 {
		limit = max(limit, lookback.Milliseconds())
	}
	if now-a.seen <= limit {
		return nil
	}
	return a
}
