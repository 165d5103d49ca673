package patternconnector

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/logpattern"
	"github.com/tidewatch/tidewatch/signals"
)

// metrics counts lines per service, pattern and severity, and sends the counts
// at intervals.
type metrics struct {
	cfg       *Config
	next      consumer.Metrics
	telemetry *telemetry
	ticker    ticker
	now       func() time.Time

	mu       sync.Mutex // guards services
	services map[string]*counts
}

func newMetrics(set connector.Settings, cfg *Config, next consumer.Metrics) (*metrics, error) {
	t, err := newTelemetry(set.TelemetrySettings, set.ID)
	if err != nil {
		return nil, err
	}
	return &metrics{cfg: cfg, next: next, telemetry: t, now: time.Now, services: map[string]*counts{}}, nil
}

// Capabilities says that records are only read.
func (*metrics) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// Start begins to send.
func (m *metrics) Start(context.Context, component.Host) error {
	m.ticker.start(m.cfg.Interval, m.telemetry.panics, func() { m.send(context.Background()) })
	return nil
}

// Shutdown sends what was counted since the last interval.
func (m *metrics) Shutdown(ctx context.Context) error {
	if m.ticker.stop() {
		m.send(ctx)
	}
	return nil
}

// ConsumeLogs counts the records.
func (m *metrics) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	now := m.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, rl := range ld.ResourceLogs().All() {
		var c *counts
		for _, sl := range rl.ScopeLogs().All() {
			for _, r := range sl.LogRecords().All() {
				if isFinding(r) {
					continue
				}
				if c == nil {
					c = m.of(ctx, rl.Resource().Attributes(), now)
				}
				c.add(patternOf(r), r.SeverityNumber(), m.cfg.TopPatterns, now)
			}
		}
	}
	return nil
}

// of returns the counts of a service; those beyond the limit share one.
func (m *metrics) of(ctx context.Context, resource pcommon.Map, now time.Time) *counts {
	key := keyOf(resource)
	if c := m.services[key]; c != nil {
		return c
	}
	entity := entityOf(resource)
	if len(m.services) >= m.cfg.MaxServices && !m.forgetIdle(now) {
		m.telemetry.overflow.Add(ctx, 1)
		key, entity = logpattern.OtherID, pcommon.NewMap()
		entity.PutStr(signals.AttrServiceName, logpattern.OtherID)
		if c := m.services[key]; c != nil {
			return c
		}
	}
	c := newCounts(entity, now)
	m.services[key] = c
	return c
}

// forgetIdle forgets a service that was silent for an hour: its series end.
func (m *metrics) forgetIdle(now time.Time) bool {
	for key, c := range m.services {
		if now.Sub(c.used) >= time.Hour && key != logpattern.OtherID {
			delete(m.services, key)
			return true
		}
	}
	return false
}

// collect returns the counts of all services.
func (m *metrics) collect() pmetric.Metrics {
	md := pmetric.NewMetrics()
	now := m.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(m.services)) {
		m.services[key].collect(md, now)
	}
	return md
}

// send delivers the counts. They are cumulative: what fails now is made up for
// at the next interval.
func (m *metrics) send(ctx context.Context) {
	md := m.collect()
	if md.ResourceMetrics().Len() == 0 {
		return
	}
	if err := m.next.ConsumeMetrics(ctx, md); err != nil {
		m.telemetry.undelivered.Add(ctx, 1)
	}
}
