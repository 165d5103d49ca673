package loadsheddingextension

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/tidewatch/tidewatch/internal/contain"
	"github.com/tidewatch/tidewatch/internal/pressure"
)

const scopeName = "github.com/tidewatch/tidewatch/extensions/loadsheddingextension"

var _ pressure.Source = (*shedding)(nil)

// shedding is the extension: one goroutine reads and decides, all others ask Level.
type shedding struct {
	cfg    *Config
	logger *zap.Logger
	panics *contain.Teller
	level  atomic.Int32

	gauge    metric.Int64Gauge
	readings metric.Float64Gauge

	read        func(now time.Time) reading // owned, as the ladders, by the goroutine
	cpu, memory *pressure.Ladder

	stop    chan struct{}
	once    sync.Once
	running sync.WaitGroup
}

// reading is how short resources are, from 0 to 1; NaN where that is not known.
type reading struct{ cpu, memory float64 }

func newShedding(set extension.Settings, cfg *Config) (*shedding, error) {
	s := &shedding{cfg: cfg, logger: set.Logger, cpu: cfg.CPU.ladder(), memory: cfg.Memory.ladder(), stop: make(chan struct{})}
	s.read = newMeter(cfg).read
	meter := set.MeterProvider.Meter(scopeName)
	var err1, err2, err3 error
	s.gauge, err1 = meter.Int64Gauge("tidewatch_load_shedding_level", metric.WithUnit("1"),
		metric.WithDescription("How far the agent sheds load: 0 not at all, 1 samples debug lines, 2 drops exemplars, 3 makes coarser patterns, 4 pauses receivers."))
	s.readings, err2 = meter.Float64Gauge("tidewatch_load_shedding_pressure", metric.WithUnit("1"),
		metric.WithDescription("How short the agent is of a resource, from 0 to 1, as the load shedding extension reads it."))
	s.panics, err3 = contain.New(set.TelemetrySettings, "extension", set.ID)
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, fmt.Errorf("create metrics: %w", err)
	}
	return s, nil
}

// Level is how much the agent does without now.
func (s *shedding) Level() pressure.Level { return pressure.Level(s.level.Load()) }

// Start begins to read.
func (s *shedding) Start(context.Context, component.Host) error {
	s.gauge.Record(context.Background(), 0)
	s.running.Go(func() { s.panics.Run(s.stop, s.watch) })
	return nil
}

// Shutdown stops reading. It may be called twice, and without Start.
func (s *shedding) Shutdown(context.Context) error {
	s.once.Do(func() { close(s.stop) })
	s.running.Wait()
	return nil
}

func (s *shedding) watch() {
	ticker := time.NewTicker(s.cfg.Interval)
	defer ticker.Stop()
	for {
		select {
		case <-s.stop:
			return
		case now := <-ticker.C:
			s.observe(now, s.read(now))
		}
	}
}

var (
	ofCPU    = metric.WithAttributeSet(attribute.NewSet(attribute.String("resource", "cpu")))
	ofMemory = metric.WithAttributeSet(attribute.NewSet(attribute.String("resource", "memory")))
)

// observe takes a reading and says what changes.
func (s *shedding) observe(now time.Time, r reading) {
	ctx := context.Background()
	if !math.IsNaN(r.cpu) {
		s.readings.Record(ctx, r.cpu, ofCPU)
	}
	if !math.IsNaN(r.memory) {
		s.readings.Record(ctx, r.memory, ofMemory)
	}
	cpu, memory := s.cpu.Observe(now, r.cpu), s.memory.Observe(now, r.memory)
	level, was := max(cpu, memory), s.Level()
	if level == was {
		return
	}
	s.level.Store(int32(level))
	s.gauge.Record(ctx, int64(level))
	short := "memory"
	if cpu >= memory {
		short = "cpu"
	}
	fields := []zap.Field{
		zap.Stringer("level", level), zap.Stringer("was", was), zap.String("because_of", short),
		zap.Float64("cpu_pressure", rounded(r.cpu)), zap.Float64("memory_pressure", rounded(r.memory)),
	}
	switch {
	case level > was:
		s.logger.Warn("The agent is short of a resource and does without more; what is left out is counted in tidewatch_shed_items.", fields...)
	case level > pressure.Normal:
		s.logger.Info("The agent has more room and does without less.", fields...)
	default:
		s.logger.Info("The agent has room again and does without nothing.", fields...)
	}
}

func rounded(x float64) float64 { return math.Round(x*100) / 100 }
