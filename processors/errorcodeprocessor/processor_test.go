package errorcodeprocessor

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"go.uber.org/goleak"

	"github.com/tidewatch/tidewatch/signals"
)

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
	require.Equal(t, createDefaultConfig(), load(t, "error_code"))
	require.Equal(t, &Config{Directory: "testdata/own", MaxLine: 128}, load(t, "error_code/all"))
	err := (&Config{Directory: "testdata/config.yaml"}).Validate()
	require.ErrorContains(t, err, "max_line must be at least 64")
	require.ErrorContains(t, err, "directory: testdata/config.yaml is a file")
}

func create(t *testing.T, cfg *Config, set processor.Settings) (processor.Logs, *consumertest.LogsSink) {
	t.Helper()
	sink := new(consumertest.LogsSink)
	p, err := NewFactory().CreateLogs(t.Context(), set, cfg, sink)
	require.NoError(t, err)
	require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))
	return p, sink
}

func TestAnnotates(t *testing.T) {
	tel := componenttest.NewTelemetry()
	set := processortest.NewNopSettings(componentType)
	set.TelemetrySettings = tel.NewTelemetrySettings()
	p, sink := create(t, load(t, "error_code/all"), set)

	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	want := []any{}
	line := func(id any, body string, attrs map[string]any) {
		r := records.AppendEmpty()
		r.Body().SetStr(body)
		require.NoError(t, r.Attributes().FromRaw(attrs))
		want = append(want, id)
	}
	line("errno.ECONNREFUSED", "dial tcp 10.0.0.1:5432: connect: connection refused", nil)
	line("shop.STOCK-7", "stock service says 7", nil)
	line(nil, "all is well", nil)
	line(nil, string(make([]byte, 128))+"connection refused", nil) // beyond max_line
	line("http.503", "answered", map[string]any{"http.response.status_code": 503})
	line(nil, "answered", map[string]any{"http.response.status_code": 200})
	line("jvm.OutOfMemoryError", "request failed: connection refused", map[string]any{"exception.type": "java.lang.OutOfMemoryError"})
	line("mine", "connection refused", map[string]any{"error.code": "mine"})
	inMap := records.AppendEmpty()
	inMap.Body().SetEmptyMap().PutStr("msg", "no space left on device")
	want = append(want, "errno.ENOSPC")
	finding := records.AppendEmpty()
	finding.SetEventName(signals.EventFinding)
	finding.Body().SetStr("flood of: connection refused")
	want = append(want, nil)

	require.NoError(t, p.ConsumeLogs(t.Context(), ld))
	for i, r := range sink.AllLogs()[0].ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
		require.Equal(t, want[i], r.Attributes().AsRaw()[signals.AttrErrorCode], r.Body().AsString())
	}
	class, _ := sink.AllLogs()[0].ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().Get(signals.AttrErrorClass)
	require.Equal(t, "connection", class.Str())

	got, err := tel.GetMetric("tidewatch_error_code_records")
	require.NoError(t, err)
	point := func(class string, n int64) metricdata.DataPoint[int64] {
		return metricdata.DataPoint[int64]{Attributes: attribute.NewSet(attribute.String("class", class)), Value: n}
	}
	metricdatatest.AssertEqual(t, metricdata.Metrics{
		Name: "tidewatch_error_code_records", Unit: "{record}", Description: "Records on which an error code was found.",
		Data: metricdata.Sum[int64]{
			Temporality: metricdata.CumulativeTemporality, IsMonotonic: true,
			DataPoints: []metricdata.DataPoint[int64]{point("connection", 1), point("unavailable", 2), point("memory", 1), point("disk", 1)},
		},
	}, got, metricdatatest.IgnoreTimestamp())
	require.NoError(t, p.Shutdown(t.Context()))
	require.NoError(t, tel.Shutdown(t.Context()))
}

func TestOwnDirectory(t *testing.T) {
	missing := createDefaultConfig().(*Config)
	missing.Directory = filepath.Join(t.TempDir(), "none")
	create(t, missing, processortest.NewNopSettings(componentType))

	broken := createDefaultConfig().(*Config)
	broken.Directory = t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(broken.Directory, "x.yaml"), []byte("family: x\nentries:\n  - {code: A}"), 0o600))
	p, err := NewFactory().CreateLogs(t.Context(), processortest.NewNopSettings(componentType), broken, consumertest.NewNop())
	require.NoError(t, err)
	require.ErrorContains(t, p.Start(t.Context(), componenttest.NewNopHost()), "x.yaml:3")
	require.NoError(t, p.Shutdown(t.Context()))
}

func BenchmarkProcess(b *testing.B) {
	p, err := newProcessor(processortest.NewNopSettings(componentType), createDefaultConfig().(*Config))
	require.NoError(b, err)
	require.NoError(b, p.start(b.Context(), nil))
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for range 1000 {
		r := records.AppendEmpty()
		r.Body().SetStr("http-nio-8080-exec-4 c.e.orders.OrderService : order 83741 accepted for customer 5512, 3 items, total 118.90 EUR")
		r.Attributes().PutStr("log.file.path", "/var/log/orders.log")
		r.Attributes().PutInt("log.file.position", 4711)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.processLogs(b.Context(), ld); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/record")
}
