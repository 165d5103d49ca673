package patternconnector

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/storagetest"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/golden"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/plogtest"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/pmetrictest"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/goleak"

	"github.com/tidewatch/tidewatch/logpattern"
	"github.com/tidewatch/tidewatch/signals"
)

var update = flag.Bool("update", false, "rewrite testdata")

var start = time.Unix(1772359200, 0).UTC()

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
	require.Equal(t, createDefaultConfig(), load(t, "pattern"))
	id := component.MustNewID("file_storage")
	require.Equal(t, &Config{
		Storage: &id, SnapshotInterval: time.Minute, MaxServices: 5, Interval: time.Second, TopPatterns: 3, MaxPatterns: 10,
		MaxNew: 2, MaxChanges: 4, FloodLines: 7, FloodRatio: 3, UpdateInterval: time.Minute, ResolveAfter: 2 * time.Minute,
		Links: []string{"https://grafana.example.com/explore?service={service.name}&pattern={log.pattern.id}&from={start_ms}"},
	}, load(t, "pattern/all"))
	err := (&Config{SnapshotInterval: -1, Learning: -1, Links: []string{"/explore"}}).Validate()
	for _, key := range []string{
		"snapshot_interval", "max_services", "interval", "top_patterns", "learning", "max_patterns", "max_new", "max_changes", "links[0]", "flood_lines",
		"flood_ratio", "update_interval", "resolve_after",
	} {
		require.ErrorContains(t, err, key)
	}
}

// clock is a time that tests move.
type clock struct{ time.Time }

func (c *clock) now() time.Time { return c.Time }

func newTestMetrics(t *testing.T, cfg *Config) (*metrics, *clock) {
	t.Helper()
	m, err := newMetrics(connectortest.NewNopSettings(componentType), cfg, new(consumertest.MetricsSink))
	require.NoError(t, err)
	c := &clock{start}
	m.now = c.now
	return m, c
}

func TestMetricsGolden(t *testing.T) {
	in, err := golden.ReadLogs(filepath.Join("testdata", "input.yaml"))
	require.NoError(t, err)
	m, c := newTestMetrics(t, createDefaultConfig().(*Config))
	require.NoError(t, m.ConsumeLogs(t.Context(), in))
	c.Time = start.Add(10 * time.Second)
	got, file := m.collect(), filepath.Join("testdata", "metrics.yaml")
	if *update {
		require.NoError(t, golden.WriteMetricsToFile(file, got, golden.SkipMetricTimestampNormalization()))
	}
	want, err := golden.ReadMetrics(file)
	require.NoError(t, err)
	require.NoError(t, pmetrictest.CompareMetrics(want, got, pmetrictest.IgnoreResourceMetricsOrder(), pmetrictest.IgnoreMetricDataPointsOrder()))
}

// points are the values of a metric by their one attribute.
func points(md pmetric.Metrics, name string) map[string]int64 {
	values := map[string]int64{}
	for _, rm := range md.ResourceMetrics().All() {
		for _, m := range rm.ScopeMetrics().At(0).Metrics().All() {
			if m.Name() != name {
				continue
			}
			for _, p := range m.Sum().DataPoints().All() {
				for _, v := range p.Attributes().All() {
					values[v.Str()] = p.IntValue()
				}
			}
		}
	}
	return values
}

// lines makes n records of one pattern.
func lines(service, pattern, body string, sev plog.SeverityNumber, n int, at time.Time) plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr(signals.AttrServiceName, service)
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	for range n {
		r := records.AppendEmpty()
		r.Body().SetStr(body)
		r.SetSeverityNumber(sev)
		r.SetTimestamp(pcommon.NewTimestampFromTime(at))
		r.Attributes().PutStr(signals.AttrPatternID, pattern)
		r.Attributes().PutStr(signals.AttrTemplate, pattern+" template")
	}
	return ld
}

// TestSeriesOnlyGrow feeds patterns of changing weight: whatever gives way, no
// series may fall without a new start, and no line may be lost.
func TestSeriesOnlyGrow(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.TopPatterns = 4
	m, c := newTestMetrics(t, cfg)
	type last struct {
		value int64
		start pcommon.Timestamp
	}
	seen := map[string]last{}
	var counted, ended int64
	sent := 0
	for step := range 300 {
		for p := range 12 {
			n := 1 + (p*7+step/40*5)%12*3
			sent += n
			require.NoError(t, m.ConsumeLogs(t.Context(), lines("cart", fmt.Sprintf("p%02d", p), "x", 9, n, c.Time)))
		}
		c.Time = c.Add(10 * time.Second)
		md := m.collect()
		counted = ended
		now := map[string]last{}
		for _, p := range md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(1).Sum().DataPoints().All() {
			v, _ := p.Attributes().Get(signals.AttrPatternID)
			now[v.Str()] = last{p.IntValue(), p.StartTimestamp()}
			if before, ok := seen[v.Str()]; ok && before.start == p.StartTimestamp() {
				require.GreaterOrEqual(t, p.IntValue(), before.value)
			}
		}
		for id, before := range seen {
			if s, ok := now[id]; !ok || s.start != before.start {
				ended += before.value
				counted += before.value
			}
		}
		for _, s := range now {
			counted += s.value
		}
		seen = now
		require.LessOrEqual(t, len(now), 5)
		require.EqualValues(t, sent, counted, "every line is in one series")
	}
	require.Positive(t, ended, "busier patterns took places")
	require.Contains(t, seen, logpattern.OtherID)
}

func TestServicesBeyondTheLimitShareCounts(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.MaxServices = 2
	m, c := newTestMetrics(t, cfg)
	for i := range 5 {
		require.NoError(t, m.ConsumeLogs(t.Context(), lines(fmt.Sprint("s", i), "p", "x", 9, 1, c.Time)))
	}
	md := m.collect()
	require.Equal(t, 3, md.ResourceMetrics().Len())
	var names []string
	for _, rm := range md.ResourceMetrics().All() {
		v, _ := rm.Resource().Attributes().Get(signals.AttrServiceName)
		names = append(names, v.Str())
	}
	require.ElementsMatch(t, []string{"s0", "s1", logpattern.OtherID}, names)
}

func newTestFindings(t *testing.T, cfg *Config, sink *consumertest.LogsSink) (*findings, *clock) {
	t.Helper()
	f, err := newFindings(connectortest.NewNopSettings(componentType), cfg, sink)
	require.NoError(t, err)
	c := &clock{start}
	f.now = c.now
	return f, c
}

func TestFindingsGolden(t *testing.T) {
	in, err := golden.ReadLogs(filepath.Join("testdata", "input.yaml"))
	require.NoError(t, err)
	sink := new(consumertest.LogsSink)
	cfg := createDefaultConfig().(*Config)
	cfg.Learning, cfg.FloodLines = 0, 8
	f, c := newTestFindings(t, cfg, sink)
	for range 10 {
		require.NoError(t, f.ConsumeLogs(t.Context(), in))
		c.Time = c.Add(time.Second)
	}
	f.check(t.Context())
	c.Time = c.Add(10 * time.Minute)
	f.check(t.Context())
	require.Len(t, sink.AllLogs(), 2)
	for i, got := range sink.AllLogs() {
		file := filepath.Join("testdata", fmt.Sprintf("findings_%d.yaml", i))
		if *update {
			require.NoError(t, golden.WriteLogsToFile(file, got))
		}
		want, err := golden.ReadLogs(file)
		require.NoError(t, err)
		require.NoError(t, plogtest.CompareLogs(want, got, plogtest.IgnoreResourceLogsOrder(), plogtest.IgnoreLogRecordsOrder()))
	}
}

// raised are kind and state of the findings that arrived.
func raised(sink *consumertest.LogsSink) []string {
	var out []string
	for _, ld := range sink.AllLogs() {
		for _, rl := range ld.ResourceLogs().All() {
			for _, r := range rl.ScopeLogs().At(0).LogRecords().All() {
				kind, _ := r.Attributes().Get(signals.AttrFindingKind)
				state, _ := r.Attributes().Get(signals.AttrFindingState)
				out = append(out, kind.Str()+" "+state.Str())
			}
		}
	}
	return out
}

func TestFloodWithinSeconds(t *testing.T) {
	sink := new(consumertest.LogsSink)
	cfg := createDefaultConfig().(*Config)
	f, c := newTestFindings(t, cfg, sink)
	require.NoError(t, f.ConsumeLogs(t.Context(), lines("cart", "a", "order 1 paid", 9, 1, c.Time)))
	c.Time = c.Add(time.Hour)
	for range 10 {
		require.NoError(t, f.ConsumeLogs(t.Context(), lines("cart", "b", "Connection refused", 17, 500, c.Time)))
		c.Time = c.Add(time.Second)
	}
	f.check(t.Context())
	require.Equal(t, []string{"pattern_new open", "pattern_flood open", "pattern_new resolved"}, raised(sink))
}

func TestRefusedFindingsAreSentAgain(t *testing.T) {
	sink := new(consumertest.LogsSink)
	cfg := createDefaultConfig().(*Config)
	cfg.Learning = 0
	f, c := newTestFindings(t, cfg, sink)
	f.next = consumertest.NewErr(errors.New("full"))
	require.NoError(t, f.ConsumeLogs(t.Context(), lines("cart", "b", "it failed", 17, 1, c.Time)))
	f.check(t.Context())
	f.next = sink
	f.check(t.Context())
	f.check(t.Context())
	require.Equal(t, []string{"pattern_new open"}, raised(sink))
}

func TestLinks(t *testing.T) {
	sink := new(consumertest.LogsSink)
	cfg := load(t, "pattern/all")
	f, c := newTestFindings(t, cfg, sink)
	require.NoError(t, f.ConsumeLogs(t.Context(), lines("front end", "b", "it failed", 17, 1, c.Time)))
	f.check(t.Context())
	r := sink.AllLogs()[0].ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
	links, ok := r.Attributes().Get(signals.AttrFindingLinks)
	require.True(t, ok)
	require.Equal(t, []any{"https://grafana.example.com/explore?service=front+end&pattern=b&from=1772358600000"}, links.Slice().AsRaw())
}

func TestMergedPatternsAreNoSilence(t *testing.T) {
	sink := new(consumertest.LogsSink)
	f, c := newTestFindings(t, createDefaultConfig().(*Config), sink)
	consume := func(ld plog.Logs) { require.NoError(t, f.ConsumeLogs(t.Context(), ld)) }
	for range 8 * 60 * 6 {
		c.Time = c.Add(10 * time.Second)
		consume(lines("cart", "a", "order of ann", 9, 2, c.Time))
		consume(lines("cart", "b", "order of bob", 9, 2, c.Time))
		f.check(t.Context())
	}
	ld := lines("cart", "b", "order of eve", 9, 1, c.Time)
	ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().PutEmptySlice(signals.AttrPatternAliases).AppendEmpty().SetStr("a")
	consume(ld)
	for range 60 * 6 {
		c.Time = c.Add(10 * time.Second)
		consume(lines("cart", "b", "order of eve", 9, 4, c.Time))
		f.check(t.Context())
	}
	require.Empty(t, raised(sink))
}

func TestServiceThatStopsIsOneFinding(t *testing.T) {
	sink := new(consumertest.LogsSink)
	f, c := newTestFindings(t, createDefaultConfig().(*Config), sink)
	for range 8 * 60 * 6 {
		c.Time = c.Add(10 * time.Second)
		require.NoError(t, f.ConsumeLogs(t.Context(), lines("cart", "a", "order of ann", 9, 2, c.Time)))
		require.NoError(t, f.ConsumeLogs(t.Context(), lines("cart", "b", "order of bob", 9, 2, c.Time)))
		f.check(t.Context())
	}
	for range 60 * 6 {
		c.Time = c.Add(10 * time.Second)
		f.check(t.Context())
	}
	require.Equal(t, []string{"pattern_silence open"}, raised(sink))
	r := sink.AllLogs()[0].ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
	require.Regexp(t, `^cart: the whole service stopped at 18:00:00; \d+ lines were expected since$`, r.Body().Str())
}

func TestRestartKeepsHistory(t *testing.T) {
	ext := storagetest.NewFileBackedStorageExtension("kept", t.TempDir())
	host := storagetest.NewStorageHost().WithExtension(ext.ID, ext)
	cfg := createDefaultConfig().(*Config)
	cfg.Storage, cfg.Learning, cfg.Interval = &ext.ID, time.Nanosecond, time.Hour
	set := connectortest.NewNopSettings(componentType)
	run := func(pattern string) []string {
		sink := new(consumertest.LogsSink)
		c, err := NewFactory().CreateLogsToLogs(t.Context(), set, cfg, sink)
		require.NoError(t, err)
		require.NoError(t, c.Start(t.Context(), host))
		require.NoError(t, c.ConsumeLogs(t.Context(), lines("cart", pattern, "x", 17, 1, time.Now())))
		require.NoError(t, c.Shutdown(t.Context()))
		return raised(sink)
	}
	require.Empty(t, run("a"), "the first line of a service teaches")
	require.Empty(t, run("a"))
	require.Equal(t, []string{"pattern_new open"}, run("b"))
	require.Empty(t, run("b"))
}

func TestSendsAtIntervals(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Interval, cfg.Learning = time.Millisecond, 0
	ms, ls := new(consumertest.MetricsSink), new(consumertest.LogsSink)
	m, err := NewFactory().CreateLogsToMetrics(t.Context(), connectortest.NewNopSettings(componentType), cfg, ms)
	require.NoError(t, err)
	l, err := NewFactory().CreateLogsToLogs(t.Context(), connectortest.NewNopSettings(componentType), cfg, ls)
	require.NoError(t, err)
	var wg sync.WaitGroup
	for _, c := range []interface {
		component.Component
		ConsumeLogs(context.Context, plog.Logs) error
	}{m, l} {
		require.NoError(t, c.Start(t.Context(), componenttest.NewNopHost()))
		for g := range 3 {
			wg.Go(func() {
				for range 50 {
					_ = c.ConsumeLogs(context.Background(), lines(fmt.Sprint("s", g%2), "p", "it failed", 17, 3, time.Now()))
				}
			})
		}
	}
	require.Eventually(t, func() bool { return len(ms.AllMetrics()) > 2 && len(ls.AllLogs()) > 0 }, time.Minute, time.Millisecond)
	wg.Wait()
	for range 2 { // twice is allowed
		require.NoError(t, m.Shutdown(t.Context()))
		require.NoError(t, l.Shutdown(t.Context()))
	}
	all := ms.AllMetrics()
	var total int64
	for _, rm := range all[len(all)-1].ResourceMetrics().All() {
		one := pmetric.NewMetrics()
		rm.CopyTo(one.ResourceMetrics().AppendEmpty())
		total += points(one, signals.MetricPatternLines)["p"]
	}
	require.EqualValues(t, 450, total, "the last send has every line")
	require.Contains(t, raised(ls), "pattern_new open")
}

func TestShutdownWithoutStart(t *testing.T) {
	cfg := createDefaultConfig()
	m, err := NewFactory().CreateLogsToMetrics(t.Context(), connectortest.NewNopSettings(componentType), cfg, consumertest.NewNop())
	require.NoError(t, err)
	require.NoError(t, m.Shutdown(t.Context()))
	l, err := NewFactory().CreateLogsToLogs(t.Context(), connectortest.NewNopSettings(componentType), cfg, consumertest.NewNop())
	require.NoError(t, err)
	require.NoError(t, l.Shutdown(t.Context()))
}

func TestDamagedHistoryStartsAnew(t *testing.T) {
	f, _ := newTestFindings(t, createDefaultConfig().(*Config), new(consumertest.LogsSink))
	require.NoError(t, f.ConsumeLogs(t.Context(), lines("cart", "b", "it failed", 17, 1, start)))
	b, err := f.snapshot()
	require.NoError(t, err)
	require.NoError(t, f.restore(b))
	f.services = map[string]*watched{}
	require.Error(t, f.restore([]byte("nonsense")))
	require.Empty(t, f.services)
}
