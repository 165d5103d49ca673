package anomalyconnector

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/signals"
)

// idleHost is a small host with its housekeeping: a job at every full hour, one
// each night, package updates at odd times, and a disk that fills slowly.
type idleHost struct {
	rng          *rand.Rand
	disk, net    float64
	update, busy time.Time
	runaway      bool
}

func (h *idleHost) scrape(at time.Time) pmetric.Metrics {
	sinceHour, sinceNight := at.Sub(at.Truncate(time.Hour)), at.Sub(at.Truncate(24*time.Hour).Add(3*time.Hour))
	cpu, memory, diskRate, netRate := 0.01, 0.31, 40e3, 3e3
	if sinceHour < 20*time.Second {
		cpu, diskRate = cpu+0.3, diskRate+5e6
	}
	if sinceNight >= 0 && sinceNight < 4*time.Minute {
		cpu, diskRate = cpu+0.2, diskRate+60e6
	}
	if at.After(h.update) {
		h.busy = at.Add(100 * time.Second)
		h.update = at.Add(time.Duration((5 + 30*h.rng.Float64()) * float64(time.Hour)))
	}
	if at.Before(h.busy) {
		cpu, memory, diskRate, netRate = cpu+0.6, memory+0.08, diskRate+80e6, netRate+20e6
	}
	if h.runaway {
		cpu += 0.7
	}
	noise := func(v float64) float64 { return v * math.Exp(0.3*h.rng.NormFloat64()) }
	cpu, memory = min(noise(cpu), 1), memory+0.003*h.rng.NormFloat64()
	h.disk += 10 * noise(diskRate)
	h.net += 10 * noise(netRate)

	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("host.name", "idle")
	sm := rm.ScopeMetrics().AppendEmpty()
	point := func(m pmetric.Metric, points pmetric.NumberDataPointSlice, name string, v float64, key, value string) {
		m.SetName(name)
		p := points.AppendEmpty()
		p.SetTimestamp(pcommon.NewTimestampFromTime(at))
		p.SetDoubleValue(v)
		p.Attributes().PutStr(key, value)
	}
	gauge := func(name string, v float64, key, value string) {
		m := sm.Metrics().AppendEmpty()
		point(m, m.SetEmptyGauge().DataPoints(), name, v, key, value)
	}
	counter := func(name string, v float64, key, value string) {
		m := sm.Metrics().AppendEmpty()
		s := m.SetEmptySum()
		s.SetIsMonotonic(true)
		s.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		point(m, s.DataPoints(), name, v, key, value)
	}
	gauge("system.cpu.utilization", cpu, "state", "user")
	gauge("system.cpu.utilization", 1-cpu, "state", "idle")
	gauge("system.cpu.load_average.5m", 8*cpu, "", "")
	gauge("system.memory.utilization", memory, "state", "used")
	gauge("system.memory.usage", memory*8e9, "state", "used")
	gauge("system.filesystem.utilization", 0.5+float64(at.Sub(begin))/float64(1000*time.Hour), "mountpoint", "/")
	counter("system.disk.io", h.disk, "direction", "write")
	counter("system.network.io", h.net, "direction", "receive")
	return md
}

func TestIdleHostDoesNotPage(t *testing.T) {
	r := newRig(t, createDefaultConfig().(*Config), componenttest.NewNopHost())
	defer r.stop()
	h := &idleHost{rng: rand.New(rand.NewPCG(5, 5)), update: begin.Add(30 * time.Hour)}
	for at := begin; at.Before(begin.Add(6 * 24 * time.Hour)); at = at.Add(10 * time.Second) {
		r.feed(h.scrape(at))
		r.metrics.Reset()
	}
	for _, f := range r.findings() {
		t.Error(f.Timestamp().AsTime(), f.Body().Str())
	}

	h.runaway = true
	at := begin.Add(6 * 24 * time.Hour)
	for ; at.Before(begin.Add(6*24*time.Hour + 20*time.Minute)); at = at.Add(10 * time.Second) {
		r.feed(h.scrape(at))
	}
	found := map[string]bool{}
	for _, f := range r.findings() {
		name, _ := f.Attributes().Get(signals.AttrFindingMetric)
		found[name.Str()] = true
	}
	require.True(t, found["system.cpu.utilization"], "a runaway process is found")
}
