package loadsheddingextension

import (
	"context"
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/tidewatch/tidewatch/internal/pressure"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConfig(t *testing.T) {
	all, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	sub, err := all.Sub("load_shedding/custom")
	require.NoError(t, err)
	cfg := createDefaultConfig()
	require.NoError(t, confmap.Validate(cfg))
	require.NoError(t, sub.Unmarshal(cfg))
	require.NoError(t, confmap.Validate(cfg))
	require.Equal(t, &Config{
		Interval: 2 * time.Second,
		CPU:      CPUConfig{Limits{0.8, 0.2, 30 * time.Second, 5 * time.Minute, "sample_debug"}, true},
		Memory:   MemoryConfig{Limits{0.7, 0.5, 10 * time.Second, 2 * time.Minute, "normal"}, 512},
	}, cfg)

	bad := Config{Memory: MemoryConfig{LimitMiB: -1}}
	err = bad.Validate()
	for _, key := range []string{"interval", "cpu::high", "cpu::low", "cpu::up", "cpu::most", "memory::high", "memory::limit_mib"} {
		require.ErrorContains(t, err, key)
	}
}

func TestClimbsAndTellsOfIt(t *testing.T) {
	tel := componenttest.NewTelemetry()
	set := extensiontest.NewNopSettings(componentType)
	set.TelemetrySettings = tel.NewTelemetrySettings()
	core, logs := observer.New(zapcore.InfoLevel)
	set.Logger = zap.New(core)
	s, err := newShedding(set, createDefaultConfig())
	require.NoError(t, err)

	at := time.Date(2026, 3, 9, 3, 0, 0, 0, time.UTC)
	for _, phase := range []struct {
		reading reading
		seconds int
		want    pressure.Level
		logs    int
	}{
		{reading{cpu: math.NaN(), memory: 0.2}, 600, pressure.Normal, 0},
		{reading{cpu: 0.9, memory: 0.2}, 600, pressure.CoarsePatterns, 3}, // no further for the processor
		{reading{cpu: 0.9, memory: 0.7}, 60, pressure.PauseReceivers, 4},
		{reading{cpu: 0, memory: 0.1}, 600, pressure.Normal, 8},
	} {
		for range phase.seconds {
			s.observe(at, phase.reading)
			at = at.Add(time.Second)
		}
		require.Equal(t, phase.want, s.Level())
		require.Equal(t, phase.logs, logs.Len(), "one line per change")
		m, err := tel.GetMetric("tidewatch_load_shedding_level")
		if phase.logs > 0 {
			require.NoError(t, err)
			require.EqualValues(t, phase.want, m.Data.(metricdata.Gauge[int64]).DataPoints[0].Value)
		}
	}
	require.Equal(t, "memory", logs.All()[3].ContextMap()["because_of"])
	m, err := tel.GetMetric("tidewatch_load_shedding_pressure")
	require.NoError(t, err)
	require.Len(t, m.Data.(metricdata.Gauge[float64]).DataPoints, 2)
	require.NoError(t, s.Shutdown(t.Context()))
	require.NoError(t, tel.Shutdown(context.Background()))
}

func TestLifecycle(t *testing.T) {
	cfg := createDefaultConfig()
	cfg.Interval = 100 * time.Millisecond
	e, err := NewFactory().Create(t.Context(), extensiontest.NewNopSettings(componentType), cfg)
	require.NoError(t, err)
	reads := make(chan struct{}, 100)
	s := e.(*shedding)
	inner := s.read
	s.read = func(now time.Time) reading {
		select {
		case reads <- struct{}{}:
		default:
		}
		return inner(now)
	}
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	<-reads
	<-reads
	require.Equal(t, pressure.Normal, s.Level())
	require.NoError(t, e.Shutdown(t.Context()))
	require.NoError(t, e.Shutdown(t.Context()))
}
