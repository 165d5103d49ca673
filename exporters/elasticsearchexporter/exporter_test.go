package elasticsearchexporter_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/goleak"

	"github.com/tidewatch/tidewatch/exporters/elasticsearchexporter"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// direct is a configuration without queue and retries, so that a push shows its error.
func direct(url string) *elasticsearchexporter.Config {
	cfg := elasticsearchexporter.NewFactory().CreateDefaultConfig().(*elasticsearchexporter.Config)
	cfg.ClientConfig.Endpoint = url
	cfg.ClientConfig.Timeout = 5 * time.Second
	cfg.QueueConfig = configoptional.None[exporterhelper.QueueBatchConfig]()
	cfg.RetryConfig.Enabled = false
	return cfg
}

// retrying is direct with quick retries.
func retrying(url string) *elasticsearchexporter.Config {
	cfg := direct(url)
	cfg.RetryConfig.Enabled = true
	cfg.RetryConfig.InitialInterval = 5 * time.Millisecond
	cfg.RetryConfig.MaxInterval = 20 * time.Millisecond
	return cfg
}

func startLogs(t *testing.T, cfg *elasticsearchexporter.Config, tel *componenttest.Telemetry) exporter.Logs {
	t.Helper()
	set := exportertest.NewNopSettings(elasticsearchexporter.NewFactory().Type())
	if tel != nil {
		set.TelemetrySettings = tel.NewTelemetrySettings()
	}
	e, err := elasticsearchexporter.NewFactory().CreateLogs(t.Context(), set, cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, e.Shutdown(context.Background())) })
	return e
}

// records returns n log records of two resources.
func records(n int) plog.Logs {
	ld := plog.NewLogs()
	for half := range 2 {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("service.name", fmt.Sprintf("service-%d", half))
		rl.Resource().Attributes().PutStr("host.name", "web-1")
		sl := rl.ScopeLogs().AppendEmpty()
		for i := half * n / 2; i < (half+1)*n/2; i++ {
			r := sl.LogRecords().AppendEmpty()
			r.SetTimestamp(pcommon.Timestamp(1795262400123456789 + i))
			r.SetObservedTimestamp(pcommon.Timestamp(1795262401000000000))
			r.SetSeverityNumber(plog.SeverityNumberWarn)
			r.Body().SetStr(fmt.Sprintf("message %d", i))
			r.Attributes().PutInt("n", int64(i))
		}
	}
	return ld
}

func messages(t *testing.T, docs []doc) map[string]int {
	t.Helper()
	seen := map[string]int{}
	for _, d := range docs {
		seen[fmt.Sprint(d.fields(t)["message"])]++
	}
	return seen
}

func requireExactly(t *testing.T, f *fake, n int) {
	t.Helper()
	seen := messages(t, f.docs())
	require.Len(t, seen, n)
	for m, times := range seen {
		require.Equal(t, 1, times, m)
	}
}

func dropped(t *testing.T, tel *componenttest.Telemetry) map[string]int64 {
	t.Helper()
	return sum(t, tel, "tidewatch_exporter_dropped_items", "reason")
}

func sum(t *testing.T, tel *componenttest.Telemetry, name, by string) map[string]int64 {
	t.Helper()
	m, err := tel.GetMetric(name)
	if err != nil {
		return nil
	}
	out := map[string]int64{}
	for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
		require.True(t, p.Attributes.HasValue("exporter"))
		for _, a := range p.Attributes.ToSlice() {
			if string(a.Key) == by {
				out[a.Value.AsString()] += p.Value
			}
		}
	}
	return out
}

func TestOnlyFailedItemsAreSentAgain(t *testing.T) {
	f := newFake(t)
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	attempt := map[string]int{}
	f.item = func(d doc) (int, string) {
		attempt[d.Source]++
		if strings.HasSuffix(fmt.Sprint(d.fields(t)["message"]), "7") && attempt[d.Source] < 3 {
			return http.StatusTooManyRequests, "es_rejected_execution_exception"
		}
		if strings.HasSuffix(fmt.Sprint(d.fields(t)["message"]), "8") && attempt[d.Source] < 2 {
			return http.StatusServiceUnavailable, "unavailable_shards_exception"
		}
		return 0, ""
	}
	e := startLogs(t, retrying(f.URL), tel)
	require.NoError(t, e.ConsumeLogs(t.Context(), records(100)))
	requireExactly(t, f, 100)
	require.Equal(t, 3, f.count())
	require.Empty(t, dropped(t, tel))
	require.Equal(t, map[string]int64{"429": 20, "503": 10}, sum(t, tel, "tidewatch_exporter_retried_items", "reason"))
}

func TestRefusedDocumentsBecomeDeadLetters(t *testing.T) {
	f := newFake(t)
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	f.item = func(d doc) (int, string) {
		if d.Index == "logs-generic-default" && strings.HasSuffix(fmt.Sprint(d.fields(t)["message"]), "5") {
			return http.StatusBadRequest, "document_parsing_exception"
		}
		return 0, ""
	}
	e := startLogs(t, direct(f.URL), tel)
	require.NoError(t, e.ConsumeLogs(t.Context(), records(20)))
	require.Equal(t, map[string]int64{"document_parsing_exception": 2}, dropped(t, tel))

	letters := 0
	for _, d := range f.docs() {
		if d.Index != "logs-tidewatch.deadletter-default" {
			continue
		}
		letters++
		m := d.fields(t)
		require.Equal(t, "document_parsing_exception", m["error.type"])
		require.Equal(t, "document_parsing_exception: because: deeper", m["error.message"])
		require.Contains(t, m["event.original"], `"message":"message`)
		require.Equal(t, map[string]any{"elasticsearch.index": "logs-generic-default"}, m["attributes"])
	}
	require.Equal(t, 2, letters)
	require.Len(t, f.docs(), 18+2)
}

func TestDeadLettersAreTriedUntilStored(t *testing.T) {
	f := newFake(t)
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	refusals := 0
	f.item = func(d doc) (int, string) {
		if d.Index == "logs-generic-default" {
			return http.StatusBadRequest, "document_parsing_exception"
		}
		if refusals++; refusals <= 2 {
			return http.StatusServiceUnavailable, "unavailable_shards_exception"
		}
		return 0, ""
	}
	e := startLogs(t, retrying(f.URL), tel)
	require.NoError(t, e.ConsumeLogs(t.Context(), records(2)))
	require.Len(t, f.docs(), 2)
	require.Equal(t, map[string]int64{"document_parsing_exception": 2}, dropped(t, tel))
}

func TestRefusedDeadLetterIsCountedOnce(t *testing.T) {
	f := newFake(t)
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	f.item = func(doc) (int, string) { return http.StatusBadRequest, "document_parsing_exception" }
	cfg := direct(f.URL)
	e := startLogs(t, cfg, tel)
	require.NoError(t, e.ConsumeLogs(t.Context(), records(2)))
	require.Empty(t, f.docs())
	require.Equal(t, map[string]int64{"document_parsing_exception": 2}, dropped(t, tel))
}

func TestConflictIsSuccess(t *testing.T) {
	f := newFake(t)
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	cfg := direct(f.URL)
	cfg.DocumentID = "always"
	e := startLogs(t, cfg, tel)
	for range 3 {
		require.NoError(t, e.ConsumeLogs(t.Context(), records(10)))
	}
	requireExactly(t, f, 10)
	require.Empty(t, dropped(t, tel))
	m, err := tel.GetMetric("tidewatch_exporter_repeated_items")
	require.NoError(t, err)
	require.Equal(t, int64(20), m.Data.(metricdata.Sum[int64]).DataPoints[0].Value)
}

func TestLargeBatchesAreCut(t *testing.T) {
	f := newFake(t)
	most := 0
	f.request = func(_ int, _ http.ResponseWriter, r *http.Request, _ []doc) bool {
		most = max(most, int(r.ContentLength))
		return false
	}
	cfg := direct(f.URL)
	cfg.ClientConfig.Compression = "none"
	cfg.MaxRequestSize = 5000
	e := startLogs(t, cfg, nil)
	require.NoError(t, e.ConsumeLogs(t.Context(), records(100)))
	requireExactly(t, f, 100)
	require.LessOrEqual(t, most, 5000)
	require.Greater(t, f.count(), 4)
}

func TestTooLargeIsHalvedDownToOne(t *testing.T) {
	f := newFake(t)
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	f.request = func(_ int, w http.ResponseWriter, _ *http.Request, docs []doc) bool {
		for _, d := range docs {
			if len(docs) > 4 || strings.Contains(d.Source, `"message":"message 13"`) && d.Index == "logs-generic-default" {
				http.Error(w, "<html>413</html>", http.StatusRequestEntityTooLarge)
				return true
			}
		}
		return false
	}
	e := startLogs(t, direct(f.URL), tel)
	require.NoError(t, e.ConsumeLogs(t.Context(), records(30)))
	require.Len(t, f.docs(), 30, "29 and one dead letter")
	require.Equal(t, map[string]int64{"too_large": 1}, dropped(t, tel))
}

func TestBrokenAnswersAreTriedAgain(t *testing.T) {
	answers := map[string]func(w http.ResponseWriter, r *http.Request){
		"429": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "busy", http.StatusTooManyRequests) },
		"503": func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "no master", http.StatusServiceUnavailable)
		},
		"401": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "who are you", http.StatusUnauthorized) },
		"400 of a proxy": func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "<html>plain HTTP to HTTPS port</html>", http.StatusBadRequest)
		},
		"redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) },
		"garbage":  func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>welcome</html>") },
		"half an answer": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"errors":false,"items":[{"create":{"sta`)
		},
		"too few": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"errors":false,"items":[{"create":{"status":201}}]}`)
		},
		"no verdict":     func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{}`) },
		"cut connection": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"cut in answer": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, `{"errors":false`)
			panic(http.ErrAbortHandler)
		},
		"huge": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, strings.Repeat("x", 1<<20))
		},
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.request = func(n int, w http.ResponseWriter, r *http.Request, _ []doc) bool {
				if n > 2 {
					return false
				}
				answer(w, r)
				return true
			}
			tel := componenttest.NewTelemetry()
			defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
			e := startLogs(t, retrying(f.URL), tel)
			require.NoError(t, e.ConsumeLogs(t.Context(), records(50)))
			requireExactly(t, f, 50)
			require.Empty(t, dropped(t, tel))
		})
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	f := newFake(t)
	f.request = func(_ int, w http.ResponseWriter, _ *http.Request, _ []doc) bool {
		w.Header().Set("Retry-After", "77")
		http.Error(w, "busy", http.StatusTooManyRequests)
		return true
	}
	err := startLogs(t, direct(f.URL), nil).ConsumeLogs(t.Context(), records(2))
	require.ErrorContains(t, err, "Throttle (1m17s)")
}

func TestHangingServerTimesOut(t *testing.T) {
	f := newFake(t)
	release := make(chan struct{})
	f.request = func(n int, _ http.ResponseWriter, _ *http.Request, _ []doc) bool {
		if n == 1 {
			<-release
			return true
		}
		return false
	}
	cfg := retrying(f.URL)
	cfg.ClientConfig.Timeout = 100 * time.Millisecond
	e := startLogs(t, cfg, nil)
	require.NoError(t, e.ConsumeLogs(t.Context(), records(50)))
	close(release)
	requireExactly(t, f, 50)
}

func TestSecondNodeTakesOver(t *testing.T) {
	down, up := newFake(t), newFake(t)
	down.Close()
	cfg := direct("")
	cfg.Endpoints = []string{down.URL, up.URL}
	e := startLogs(t, cfg, nil)
	for range 4 {
		require.NoError(t, e.ConsumeLogs(t.Context(), records(10)))
	}
	require.Len(t, up.docs(), 40)
}

func TestAuthentication(t *testing.T) {
	f := newFake(t)
	cfg := direct(f.URL)
	cfg.APIKey = "a2V5OnZhbHVl"
	cfg.ClientConfig.Headers.Set("X-Found", "us")
	require.NoError(t, startLogs(t, cfg, nil).ConsumeLogs(t.Context(), records(1)))
	require.Equal(t, "APIKey a2V5OnZhbHVl", f.headers.Get("Authorization"))
	require.Equal(t, "us", f.headers.Get("X-Found"))
	require.Equal(t, "gzip", f.headers.Get("Content-Encoding"))

	cfg = direct(strings.Replace(f.URL, "//", "//elastic:secret@", 1))
	require.NoError(t, startLogs(t, cfg, nil).ConsumeLogs(t.Context(), records(1)))
	require.Equal(t, "Basic ZWxhc3RpYzpzZWNyZXQ=", f.headers.Get("Authorization"))
}

func TestTracesAreExportedOnce(t *testing.T) {
	f := newFake(t)
	attempts := 0
	f.item = func(doc) (int, string) {
		if attempts++; attempts%3 == 0 {
			return http.StatusTooManyRequests, "es_rejected_execution_exception"
		}
		return 0, ""
	}
	set := exportertest.NewNopSettings(elasticsearchexporter.NewFactory().Type())
	e, err := elasticsearchexporter.NewFactory().CreateTraces(t.Context(), set, retrying(f.URL))
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	td := ptrace.NewTraces()
	ss := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty()
	for i := range 50 {
		s := ss.Spans().AppendEmpty()
		s.SetTraceID(pcommon.TraceID{1, byte(i)})
		s.SetSpanID(pcommon.SpanID{2, byte(i)})
		s.SetStartTimestamp(1795262400000000000)
		s.SetEndTimestamp(1795262400000000500)
	}
	require.NoError(t, e.ConsumeTraces(t.Context(), td))
	require.NoError(t, e.Shutdown(t.Context()))
	seen := map[string]bool{}
	for _, d := range f.docs() {
		require.Equal(t, "traces-generic-default", d.Index)
		require.NotEmpty(t, d.ID)
		seen[fmt.Sprint(d.fields(t)["trace.id"])] = true
	}
	require.Len(t, seen, 50)
	require.Len(t, f.docs(), 50)
}
