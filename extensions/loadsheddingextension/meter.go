package loadsheddingextension

import (
	"math"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// ownShare of a quota, or of all processors, is what the agent must use itself for it
	// to be the cause: others may be in its cgroup.
	ownShare = 0.5
	// stallWeight makes a fifth of the time standing still a reading of 1.
	stallWeight = 5
	// live is what was reachable at the last garbage collection.
	live = "/gc/heap/live:bytes"
)

// cpuTimes is how far the counters of processor time are.
type cpuTimes struct {
	periods, throttled uint64        // of the quota
	quota              float64       // processors; 0 without
	used               time.Duration // by this process
	processors         int
	waiting            float64 // share of the last 10 s that something on the host waited; NaN if unknown
	ok                 bool
}

// meter reads how short the agent is. One goroutine uses it.
type meter struct {
	cfg    *Config
	cpu    func() cpuTimes
	stall  func() float64 // share of the last 10 s in which all stood still for memory, 0 if unknown
	live   func() uint64
	limit  func() int64 // bytes; math.MaxInt64 without one
	before cpuTimes
	at     time.Time
}

func newMeter(cfg *Config) *meter {
	sample := []metrics.Sample{{Name: live}}
	files := findCgroup("/proc", "/sys/fs/cgroup")
	return &meter{
		cfg: cfg, cpu: files.cpu, stall: files.stall,
		live: func() uint64 {
			metrics.Read(sample)
			return sample[0].Value.Uint64()
		},
		limit: func() int64 { return debug.SetMemoryLimit(-1) },
	}
}

func (m *meter) read(now time.Time) reading {
	return reading{cpu: m.readCPU(now), memory: m.readMemory()}
}

func (m *meter) readCPU(now time.Time) float64 {
	is := m.cpu()
	was, elapsed := m.before, now.Sub(m.at)
	m.before, m.at = is, now
	if !is.ok || !was.ok || elapsed <= 0 {
		return math.NaN()
	}
	used := (is.used - was.used).Seconds() / elapsed.Seconds()
	switch {
	case is.quota > 0:
		if used < ownShare*is.quota || is.periods <= was.periods {
			return 0
		}
		return min(float64(is.throttled-was.throttled)/float64(is.periods-was.periods), 1)
	case m.cfg.CPU.HostPressure:
		if used < ownShare*float64(is.processors) {
			return 0
		}
		return is.waiting
	}
	return math.NaN()
}

func (m *meter) readMemory() float64 {
	limit := m.limit()
	if mib := m.cfg.Memory.LimitMiB; mib > 0 {
		limit = min(limit, mib<<20)
	}
	if limit <= 0 || limit == math.MaxInt64 {
		return math.NaN()
	}
	return min(max(float64(m.live())/float64(limit), stallWeight*m.stall()), 1)
}
