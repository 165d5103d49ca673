package lokiexporter_test

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/goleak"

	"github.com/tidewatch/tidewatch/exporters/lokiexporter"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// direct is a configuration without queue and retries, so that a push shows its error.
func direct(url string) *lokiexporter.Config {
	cfg := lokiexporter.NewFactory().CreateDefaultConfig().(*lokiexporter.Config)
	cfg.ClientConfig.Endpoint = url
	cfg.ClientConfig.Timeout = time.Minute // of a slow machine
	cfg.QueueConfig = configoptional.None[exporterhelper.QueueBatchConfig]()
	cfg.RetryConfig.Enabled = false
	return cfg
}

// retrying is direct with quick retries.
func retrying(url string) *lokiexporter.Config {
	cfg := direct(url)
	cfg.RetryConfig.Enabled = true
	cfg.RetryConfig.InitialInterval = 5 * time.Millisecond
	cfg.RetryConfig.MaxInterval = 20 * time.Millisecond
	return cfg
}

func start(t *testing.T, cfg *lokiexporter.Config, tel *componenttest.Telemetry) exporter.Logs {
	t.Helper()
	require.NoError(t, cfg.Validate())
	set := exportertest.NewNopSettings(lokiexporter.NewFactory().Type())
	if tel != nil {
		set.TelemetrySettings = tel.NewTelemetrySettings()
	}
	e, err := lokiexporter.NewFactory().CreateLogs(t.Context(), set, cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, e.Shutdown(context.Background())) })
	return e
}

// records returns n log records of two services, from the given time on.
func records(n int, from time.Time) plog.Logs {
	ld := plog.NewLogs()
	for half := range 2 {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("service.name", fmt.Sprintf("service-%d", half))
		rl.Resource().Attributes().PutStr("host.name", "web-1")
		rl.Resource().Attributes().PutStr("k8s.pod.name", "pod-1")
		sl := rl.ScopeLogs().AppendEmpty()
		for i := half * n / 2; i < (half+1)*n/2; i++ {
			r := sl.LogRecords().AppendEmpty()
			r.SetTimestamp(pcommon.NewTimestampFromTime(from.Add(time.Duration(i))))
			r.SetSeverityNumber(plog.SeverityNumberError2)
			r.Body().SetStr(fmt.Sprintf("message %d", i))
			r.Attributes().PutInt("n", int64(i))
		}
	}
	return ld
}

// oneStream is records of one service.
func oneStream(n int, from time.Time) plog.Logs {
	ld := records(2*n, from)
	ld.ResourceLogs().RemoveIf(func(rl plog.ResourceLogs) bool {
		v, _ := rl.Resource().Attributes().Get("service.name")
		return v.Str() == "service-1"
	})
	return ld
}

var noon = time.Date(2026, 11, 21, 12, 0, 0, 123456789, time.UTC)

func requireExactly(t *testing.T, f *fake, n int) {
	t.Helper()
	seen := map[string]bool{}
	for _, l := range f.all() {
		require.False(t, seen[l.line], l.line)
		seen[l.line] = true
	}
	require.Len(t, seen, n)
}

func dropped(t *testing.T, tel *componenttest.Telemetry) map[string]int64 {
	t.Helper()
	return counted(t, tel, "tidewatch_exporter_dropped_items")
}

func TestLinesLabelsAndMetadata(t *testing.T) {
	f := newFake(t)
	cfg := direct(f.URL)
	cfg.TenantID = "team-a"
	cfg.BearerToken = "secret"
	cfg.ClientConfig.Headers.Set("X-More", "yes")
	e := start(t, cfg, nil)

	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", `che"ck\out`)
	rl.Resource().Attributes().PutStr("host.name", "web-1")
	rl.Resource().Attributes().PutStr("k8s.namespace.name", "shop")
	rl.Resource().Attributes().PutStr("k8s.pod.name", "pod-1")
	sl := rl.ScopeLogs().AppendEmpty()
	sl.Scope().SetName("com.example")
	r := sl.LogRecords().AppendEmpty()
	r.SetTimestamp(pcommon.NewTimestampFromTime(noon))
	r.SetSeverityNumber(plog.SeverityNumberWarn)
	r.SetEventName("tidewatch.finding")
	r.SetTraceID(pcommon.TraceID{0xab, 15: 1})
	r.SetSpanID(pcommon.SpanID{0xcd, 7: 2})
	r.Body().SetStr("a line")
	a := r.Attributes()
	a.PutStr("log.pattern.id", "0123")
	a.PutStr("trace_id", "the record's own")
	a.PutStr("9 lives", "digit first")
	a.PutStr("größe", "not ASCII")
	a.PutStr("...", "nothing but dots")
	a.PutDouble("finding.score", 0.5)
	a.PutBool("yes", true)
	a.PutStr("bad", "a\xffb")
	a.PutStr("empty", "")
	a.PutEmptyMap("http").PutEmptyMap("request").PutStr("method", "GET")
	a.PutEmptySlice("list").AppendEmpty().SetInt(1)
	require.NoError(t, e.ConsumeLogs(t.Context(), ld))

	require.Equal(t, "/loki/api/v1/push", f.path)
	require.Equal(t, "application/x-protobuf", f.header.Get("Content-Type"))
	require.Equal(t, "team-a", f.header.Get("X-Scope-OrgID"))
	require.Equal(t, "Bearer secret", f.header.Get("Authorization"))
	require.Equal(t, "yes", f.header.Get("X-More"))
	require.Len(t, f.lines, 1)
	got := f.lines[0]
	require.Equal(t, `{host_name="web-1", k8s_namespace_name="shop", service_name="che\"ck\\out"}`, got.labels)
	require.Equal(t, noon, got.time)
	require.Equal(t, "a line", got.line)
	require.Equal(t, map[string]string{
		"level": "warn", "trace_id": "ab000000000000000000000000000001", "span_id": "cd00000000000002", "event_name": "tidewatch.finding",
		"log_pattern_id": "0123", "trace_id_extracted": "the record's own", "key_9_lives": "digit first", "gr__e": "not ASCII",
		"key____": "nothing but dots", "finding_score": "0.5", "yes": "true", "bad": "a\ufffdb", "empty": "", "http_request_method": "GET",
		"list": "[1]", "k8s_pod_name": "pod-1", "scope_name": "com.example",
	}, got.meta)
	require.Equal(t, len(got.meta), got.pairs, "no name twice")
}

func TestRecordsWithoutAnything(t *testing.T) {
	f := newFake(t)
	e := start(t, direct(f.URL+"/custom/path"), nil)
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	records.AppendEmpty().SetObservedTimestamp(pcommon.NewTimestampFromTime(noon))
	records.AppendEmpty().Body().SetEmptyMap().PutStr("a", "b")
	require.NoError(t, e.ConsumeLogs(t.Context(), ld))
	require.Equal(t, "/custom/path", f.path)
	require.Equal(t, `{service_name="unknown_service"}`, f.lines[0].labels)
	require.Equal(t, noon, f.lines[0].time)
	require.Equal(t, `{"a":"b"}`, f.lines[1].line)
	require.WithinDuration(t, time.Now(), f.lines[1].time, time.Minute)
}

func TestStreamsAreInOrderOfTime(t *testing.T) {
	f := newFake(t)
	e := start(t, direct(f.URL), nil)
	ld := plog.NewLogs()
	for _, offset := range []int{50, 0, 100} { // three files of one service
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("service.name", "x")
		rl.Resource().Attributes().PutInt("log.file.path", int64(offset))
		sl := rl.ScopeLogs().AppendEmpty()
		for i := range 20 {
			r := sl.LogRecords().AppendEmpty()
			r.SetTimestamp(pcommon.NewTimestampFromTime(noon.Add(time.Duration(offset + i))))
			r.Body().SetStr("x")
		}
	}
	require.NoError(t, e.ConsumeLogs(t.Context(), ld))
	require.Len(t, f.lines, 60)
	for i := range f.lines[1:] {
		require.False(t, f.lines[i+1].time.Before(f.lines[i].time))
		require.Equal(t, f.lines[0].labels, f.lines[i+1].labels)
	}
}

func TestNumbersAreWrittenAsElsewhere(t *testing.T) {
	f := newFake(t)
	ld := plog.NewLogs()
	r := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	want := map[string]string{}
	for i, n := range []float64{0, math.Copysign(0, -1), 1, -1.5, 1e-6, 9.9e-7, -1e21, 9.99e20, 1e300, 5e-324, math.MaxInt64, math.NaN(), math.Inf(1), math.Inf(-1), 0.1 + 0.2} {
		r.Attributes().PutDouble(fmt.Sprintf("n%d", i), n)
		want[fmt.Sprintf("n%d", i)] = pcommon.NewValueDouble(n).AsString()
	}
	require.NoError(t, start(t, direct(f.URL), nil).ConsumeLogs(t.Context(), ld))
	require.Equal(t, want, f.lines[0].meta)
}

func TestOversizeLinesAndMetadataAreCutAndMarked(t *testing.T) {
	f := newFake(t)
	cfg := direct(f.URL)
	cfg.MaxLineSize = 100
	cfg.MaxMetadataSize = 200
	e := start(t, cfg, nil)
	ld := plog.NewLogs()
	r := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	r.Body().SetStr(strings.Repeat("x", 99) + "äöü")
	r.Attributes().PutStr("small", "fits")
	r.Attributes().PutStr("large", strings.Repeat("y", 300))
	r.Attributes().PutStr("second", "fits too")
	require.NoError(t, e.ConsumeLogs(t.Context(), ld))
	require.Equal(t, strings.Repeat("x", 99), f.lines[0].line, "not in the middle of a character")
	require.Equal(t, map[string]string{"tidewatch_line_cut_bytes": "6", "small": "fits", "second": "fits too", "tidewatch_metadata_left_out": "1"}, f.lines[0].meta)
}

func TestManyAttributesStayWithinLokisLimit(t *testing.T) {
	f := newFake(t)
	e := start(t, direct(f.URL), nil)
	ld := plog.NewLogs()
	r := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	for i := range 500 {
		r.Attributes().PutInt(fmt.Sprintf("a%d", i), 1)
	}
	require.NoError(t, e.ConsumeLogs(t.Context(), ld))
	require.Equal(t, 121, f.lines[0].pairs)
	require.Equal(t, "380", f.lines[0].meta["tidewatch_metadata_left_out"])
}

func TestRetryAfterIsHonoured(t *testing.T) {
	f := newFake(t)
	f.push = func(_ int, w http.ResponseWriter, _ *http.Request, _ []stored) bool {
		w.Header().Set("Retry-After", "77")
		http.Error(w, "slow down", http.StatusTooManyRequests)
		return true
	}
	err := start(t, direct(f.URL), nil).ConsumeLogs(t.Context(), records(2, noon))
	require.ErrorContains(t, err, "Throttle (1m17s)")
	require.False(t, consumererror.IsPermanent(err))
}

func TestLargeBatchesAreCutAndOnlyTheRestIsSentAgain(t *testing.T) {
	f := newFake(t)
	f.push = func(n int, w http.ResponseWriter, _ *http.Request, _ []stored) bool {
		if n == 3 {
			http.Error(w, "busy", http.StatusServiceUnavailable)
			return true
		}
		return false
	}
	cfg := retrying(f.URL)
	cfg.MaxRequestSize = 4096
	require.NoError(t, start(t, cfg, nil).ConsumeLogs(t.Context(), records(500, noon)))
	requireExactly(t, f, 500)
	require.Len(t, f.lines, 500, "none twice")
	require.LessOrEqual(t, f.size, 4096)
}

func TestTooLargeIsHalvedDownToOne(t *testing.T) {
	f := newFake(t)
	f.push = func(_ int, w http.ResponseWriter, _ *http.Request, lines []stored) bool {
		for _, l := range lines {
			if len(lines) > 4 || l.line == "message 13" {
				http.Error(w, "too large", http.StatusRequestEntityTooLarge)
				return true
			}
		}
		return false
	}
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	require.NoError(t, start(t, direct(f.URL), tel).ConsumeLogs(t.Context(), records(30, noon)))
	requireExactly(t, f, 29)
	require.Equal(t, map[string]int64{"too_large": 1}, dropped(t, tel))
}
