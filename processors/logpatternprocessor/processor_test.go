package logpatternprocessor

import (
	"context"
	"flag"
	"fmt"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/storagetest"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/golden"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/plogtest"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/goleak"

	"github.com/tidewatch/tidewatch/logpattern"
	"github.com/tidewatch/tidewatch/signals"
)

var update = flag.Bool("update", false, "rewrite testdata")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func load(t *testing.T, id string) *Config {
	t.Helper()
	all, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	sub, err := all.Sub(id)
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, sub.Unmarshal(cfg))
	require.NoError(t, cfg.Validate())
	return cfg
}

func TestConfig(t *testing.T) {
	require.Equal(t, createDefaultConfig(), load(t, "log_pattern"))
	id := component.MustNewID("file_storage")
	require.Equal(t, &Config{
		Storage: &id, SnapshotInterval: time.Minute, MaxPatterns: 50, MaxBytes: 100_000, MaxServices: 7, MaxLine: 1024,
	}, load(t, "log_pattern/all"))
	err := (&Config{SnapshotInterval: -1}).Validate()
	for _, key := range []string{"snapshot_interval", "max_patterns", "max_bytes", "max_services", "max_line"} {
		require.ErrorContains(t, err, key)
	}
}

func create(t *testing.T, cfg *Config, set processor.Settings, host component.Host) (processor.Logs, *consumertest.LogsSink) {
	t.Helper()
	sink := new(consumertest.LogsSink)
	p, err := NewFactory().CreateLogs(t.Context(), set, cfg, sink)
	require.NoError(t, err)
	require.NoError(t, p.Start(t.Context(), host))
	return p, sink
}

func TestAnnotates(t *testing.T) {
	in, err := golden.ReadLogs(filepath.Join("testdata", "input.yaml"))
	require.NoError(t, err)
	p, sink := create(t, createDefaultConfig().(*Config), processortest.NewNopSettings(componentType), componenttest.NewNopHost())
	require.NoError(t, p.ConsumeLogs(t.Context(), in))
	require.NoError(t, p.Shutdown(t.Context()))
	got, file := sink.AllLogs()[0], filepath.Join("testdata", "expected.yaml")
	if *update {
		require.NoError(t, golden.WriteLogsToFile(file, got))
	}
	want, err := golden.ReadLogs(file)
	require.NoError(t, err)
	require.NoError(t, plogtest.CompareLogs(want, got))
}

func batch(service string, bodies ...string) plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr(signals.AttrServiceName, service)
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	for _, b := range bodies {
		records.AppendEmpty().Body().SetStr(b)
	}
	return ld
}

func lastID(t *testing.T, sink *consumertest.LogsSink) string {
	t.Helper()
	all := sink.AllLogs()
	records := all[len(all)-1].ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
	v, ok := records.At(records.Len() - 1).Attributes().Get(signals.AttrPatternID)
	require.True(t, ok)
	return v.Str()
}

func TestBodies(t *testing.T) {
	tel := componenttest.NewTelemetry()
	set := processortest.NewNopSettings(componentType)
	set.TelemetrySettings = tel.NewTelemetrySettings()
	p, sink := create(t, createDefaultConfig().(*Config), set, componenttest.NewNopHost())
	ld := batch("a", "job 1 done", `{"level":"info","msg":"job 2 done","n":1}`, `ts=1 level=info msg="job 3 done" n=2`)
	records := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
	m := records.AppendEmpty().Body().SetEmptyMap()
	m.PutStr("log", "job 4 done")
	m.PutInt("n", 3)
	records.AppendEmpty().Body().SetEmptyBytes().FromRaw([]byte("job 5 done"))
	texts := records.Len()
	records.AppendEmpty().Body().SetEmptyBytes().FromRaw([]byte{0xff, 0xfe, 0})
	records.AppendEmpty()
	require.NoError(t, p.ConsumeLogs(t.Context(), ld))
	for i, r := range sink.AllLogs()[0].ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
		template, ok := r.Attributes().Get(signals.AttrTemplate)
		require.Equal(t, i < texts, ok)
		if ok {
			require.Equal(t, "job <num> done", template.Str())
		}
	}
	unsupported, err := tel.GetMetric("tidewatch_log_pattern_unsupported")
	require.NoError(t, err)
	require.EqualValues(t, 2, unsupported.Data.(metricdata.Sum[int64]).DataPoints[0].Value)
	require.NoError(t, p.Shutdown(t.Context()))
	require.NoError(t, tel.Shutdown(context.Background()))
}

func TestTellsOfAliases(t *testing.T) {
	p, sink := create(t, createDefaultConfig().(*Config), processortest.NewNopSettings(componentType), componenttest.NewNopHost())
	require.NoError(t, p.ConsumeLogs(t.Context(), batch("auth",
		"session opened for user anna", "session opened for user bert", "session opened for user carla", "session opened for user dora")))
	require.NoError(t, p.Shutdown(t.Context()))
	of := map[string]string{}
	var last string
	for _, r := range sink.AllLogs()[0].ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
		id, _ := r.Attributes().Get(signals.AttrPatternID)
		last = id.Str()
		if _, known := of[last]; !known {
			of[last] = last
		}
		if aliases, ok := r.Attributes().Get(signals.AttrPatternAliases); ok {
			for _, a := range aliases.Slice().All() {
				of[a.Str()] = last
			}
		}
	}
	require.NotEmpty(t, of)
	for id, now := range of {
		require.Equal(t, last, now, id)
	}
}

func TestRestartKeepsPatterns(t *testing.T) {
	ext := storagetest.NewFileBackedStorageExtension("kept", t.TempDir())
	host := storagetest.NewStorageHost().WithExtension(ext.ID, ext)
	cfg := createDefaultConfig().(*Config)
	cfg.Storage = &ext.ID
	set := processortest.NewNopSettings(componentType)

	p, sink := create(t, cfg, set, host)
	require.NoError(t, p.ConsumeLogs(t.Context(), batch("auth",
		"session opened here for anna again", "session opened here for bert again", "session opened here for carla again")))
	id := lastID(t, sink)
	require.NoError(t, p.Shutdown(t.Context()))

	p, sink = create(t, cfg, set, host)
	require.NoError(t, p.ConsumeLogs(t.Context(), batch("auth", "session opened here for dora again")))
	require.Equal(t, id, lastID(t, sink), "the merge was remembered")
	require.NoError(t, p.Shutdown(t.Context()))
}

func TestMissingStorageIsAnError(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	id := component.MustNewID("file_storage")
	cfg.Storage = &id
	p, err := NewFactory().CreateLogs(t.Context(), processortest.NewNopSettings(componentType), cfg, consumertest.NewNop())
	require.NoError(t, err)
	require.ErrorContains(t, p.Start(t.Context(), componenttest.NewNopHost()), "file_storage")
	require.NoError(t, p.Shutdown(t.Context()))
}

func TestServicesBeyondTheLimitShare(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.MaxServices = 2
	s := newServices(cfg)
	now := time.Unix(1772359200, 0)
	of := func(name string, at time.Time) *service {
		return s.of(batch(name).ResourceLogs().At(0).Resource().Attributes(), at)
	}
	a, b := of("a", now), of("b", now.Add(time.Minute))
	require.NotSame(t, a, b)
	require.Same(t, s.other, of("c", now.Add(2*time.Minute)))
	c := of("c", now.Add(61*time.Minute))
	require.NotSame(t, s.other, c, "a gave up its place")
	require.Same(t, b, of("b", now.Add(61*time.Minute)))
}

func TestDamagedStateStartsAnew(t *testing.T) {
	s := newServices(createDefaultConfig().(*Config))
	require.Error(t, s.restore([]byte("nonsense")))
	require.Zero(t, s.patterns())
}

func TestTelemetry(t *testing.T) {
	tel := componenttest.NewTelemetry()
	set := processortest.NewNopSettings(componentType)
	set.TelemetrySettings = tel.NewTelemetrySettings()
	p, _ := create(t, createDefaultConfig().(*Config), set, componenttest.NewNopHost())
	require.NoError(t, p.ConsumeLogs(t.Context(), batch("a", "job 1 done", "job 2 done", "queue drained")))
	value := func(name string) int64 {
		m, err := tel.GetMetric("tidewatch_log_pattern_" + name)
		require.NoError(t, err)
		switch d := m.Data.(type) {
		case metricdata.Sum[int64]:
			return d.DataPoints[0].Value
		case metricdata.Gauge[int64]:
			return d.DataPoints[0].Value
		}
		return -1
	}
	require.EqualValues(t, 2, value("patterns"))
	require.EqualValues(t, 3, value("lines"))
	require.Positive(t, value("time"))
	require.NoError(t, p.Shutdown(t.Context()))
	require.NoError(t, tel.Shutdown(context.Background()))
}

func TestConcurrentBatches(t *testing.T) {
	ext := storagetest.NewInMemoryStorageExtension("busy")
	cfg := createDefaultConfig().(*Config)
	cfg.Storage, cfg.SnapshotInterval = &ext.ID, time.Millisecond
	p, sink := create(t, cfg, processortest.NewNopSettings(componentType), storagetest.NewStorageHost().WithExtension(ext.ID, ext))
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 100 {
				_ = p.ConsumeLogs(context.Background(), batch(fmt.Sprint("s", g%2), fmt.Sprintf("request %d took %dms", i, g)))
			}
		})
	}
	wg.Wait()
	require.NoError(t, p.Shutdown(t.Context()))
	require.Equal(t, 400, sink.LogRecordCount())
	require.NotEqual(t, logpattern.OtherID, lastID(t, sink))
}

func TestShutdownContract(t *testing.T) {
	processortest.VerifyShutdown(t, NewFactory(), createDefaultConfig())
}

func BenchmarkProcess(b *testing.B) {
	p, err := newProcessor(processortest.NewNopSettings(componentType), createDefaultConfig().(*Config))
	require.NoError(b, err)
	bodies := make([]string, 1000)
	for i := range bodies {
		bodies[i] = fmt.Sprintf("Accepted key for user%d from 10.0.%d.%d port %d", i%7, i%256, i%251, i*61%65536)
	}
	proto := batch("bench", bodies...)
	cpu := func() time.Duration {
		var r syscall.Rusage
		require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &r))
		return time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	var spent time.Duration
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		ld := plog.NewLogs()
		proto.CopyTo(ld)
		b.StartTimer()
		began := cpu()
		_, _ = p.processLogs(b.Context(), ld)
		spent += cpu() - began
	}
	b.ReportMetric(float64(spent)/float64(b.N*len(bodies)), "cpu-ns/line")
}
