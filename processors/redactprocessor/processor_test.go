package redactprocessor

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/goleak"
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
	require.Equal(t, createDefaultConfig(), load(t, "redact"))
	require.Equal(t, &Config{
		Classes: []string{"secrets", "email,card", "iban ssn"}, Except: []string{"jwt"}, Action: "label",
		Actions: map[string]string{"email": "hash", "iban": "drop_attribute"}, HashKeyFile: "testdata/hash.key",
		Patterns: []PatternConfig{{"employee", `\bE\d{6}\b`}}, Allow: []string{"*@example.com"},
		Keys: KeysConfig{Deny: []string{"user.birthday"}, Allow: []string{"git.*"}},
	}, load(t, "redact/all"))
	for want, c := range map[string]*Config{
		`classes: "mail" is no class`:                             {Action: "mask", Classes: []string{"mail"}},
		`except: "mail" is no class`:                              {Action: "mask", Except: []string{"mail"}},
		`action: "" must be one of mask, hash`:                    {},
		`actions::email: "x" must be one of`:                      {Action: "mask", Actions: map[string]string{"email": "x"}},
		"hash_key_file must name a file with a key for action":    {Action: "hash"},
		"patterns: x: error parsing regexp":                       {Action: "mask", Patterns: []PatternConfig{{"x", "("}}},
		`actions: "mail" is neither a class nor one of your patt`: {Action: "mask", Actions: map[string]string{"mail": "mask"}},
	} {
		require.ErrorContains(t, c.Validate(), want)
	}
}

func settings(t *testing.T) (processor.Settings, *componenttest.Telemetry) {
	t.Helper()
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, tel.Shutdown(context.Background())) })
	set := processortest.NewNopSettings(componentType)
	set.TelemetrySettings = tel.NewTelemetrySettings()
	return set, tel
}

func logs(t *testing.T, cfg *Config, set processor.Settings, ld plog.Logs) plog.Logs {
	t.Helper()
	sink := new(consumertest.LogsSink)
	p, err := NewFactory().CreateLogs(t.Context(), set, cfg, sink)
	require.NoError(t, err)
	require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, p.ConsumeLogs(t.Context(), ld))
	require.NoError(t, p.Shutdown(t.Context()))
	return sink.AllLogs()[0]
}

func TestLogs(t *testing.T) {
	set, tel := settings(t)
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	require.NoError(t, rl.Resource().Attributes().FromRaw(map[string]any{"process.command_line": "run --password hunter2", "host.name": "a"}))
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	records.AppendEmpty().Body().SetStr("password=hunter2 and xoxb-" + "123456789012-abcdefABCDEF")
	require.NoError(t, records.AppendEmpty().Body().FromRaw(map[string]any{
		"user": "joe", "password": "hunter2", "n": 3, "tries": []any{"token=abc123def456", 1}, "auth": map[string]any{"passwd": 12345, "pass": true},
		"old_password": map[string]any{"a": "x1", "b": []any{"x2"}},
	}))
	third := records.AppendEmpty()
	third.Body().SetEmptyBytes().FromRaw([]byte("Authorization: Bearer abcdef123456"))
	require.NoError(t, third.Attributes().FromRaw(map[string]any{"http.request.header.authorization": []any{"Bearer abcdef123456"}, "db.password": "x", "git.sha": "9801d17f2c3f0e4f5a6b7c8d9e0f1a2b3c4d5e6f"}))
	for _, line := range []string{"-----BEGIN PRIVATE " + "KEY-----", "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC", "-----END PRIVATE " + "KEY-----", "order 42 took 12 ms"} {
		records.AppendEmpty().Body().SetStr(line)
	}
	deep := records.AppendEmpty().Body()
	for range 40 {
		deep = deep.SetEmptySlice().AppendEmpty()
	}
	deep.SetStr("password=hunter2")

	got := logs(t, load(t, "redact"), set, ld).ResourceLogs().At(0)
	require.Equal(t, map[string]any{"process.command_line": "run --password ****", "host.name": "a"}, got.Resource().Attributes().AsRaw())
	var bodies, attrs []any
	for _, r := range got.ScopeLogs().At(0).LogRecords().All() {
		bodies, attrs = append(bodies, r.Body().AsRaw()), append(attrs, r.Attributes().AsRaw())
	}
	marked := func(classes ...any) any { return map[string]any{"tidewatch.redacted": classes} }
	require.Equal(t, []any{
		"password=**** and ****",
		map[string]any{
			"user": "joe", "password": "****", "n": int64(3), "tries": []any{"token=****", int64(1)}, "auth": map[string]any{"passwd": "****", "pass": true},
			"old_password": map[string]any{"a": "****", "b": []any{"****"}},
		},
		[]byte("Authorization: Bearer ****"), "****", "****", "****", "order 42 took 12 ms",
	}, bodies[:7])
	require.Equal(t, []any{
		marked("password", "slack_token"), marked("password"),
		map[string]any{
			"http.request.header.authorization": []any{"Bearer ****"}, "db.password": "****", "git.sha": "9801d17f2c3f0e4f5a6b7c8d9e0f1a2b3c4d5e6f",
			"tidewatch.redacted": []any{"authorization", "password"},
		},
		marked("private_key"), marked("private_key"), marked("private_key"),
		map[string]any{},
	}, attrs[:7])
	require.NotContains(t, records.At(7).Body().AsString(), "hunter2")

	metric, err := tel.GetMetric("tidewatch_redact_redacted")
	require.NoError(t, err)
	counts := map[string]int64{}
	for _, point := range metric.Data.(metricdata.Sum[int64]).DataPoints {
		class, _ := point.Attributes.Value("class")
		counts[class.AsString()] = point.Value
	}
	require.Equal(t, map[string]int64{"password": 8, "slack_token": 1, "authorization": 2, "private_key": 3}, counts)
}

func TestLogsWithAllKeys(t *testing.T) {
	set, _ := settings(t)
	ld := plog.NewLogs()
	r := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	r.Body().SetStr("E123456 paid 4111 1111 1111 1111, mail jo@corp.test or help@example.com")
	require.NoError(t, r.Attributes().FromRaw(map[string]any{
		"iban": "DE89370400440532013000", "user.birthday": map[string]any{"day": 1, "leap": false}, "git.author": "jo@corp.test", "n": 4111111111111111,
	}))
	got := logs(t, load(t, "redact/all"), set, ld).ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
	require.Regexp(t, `^<EMPLOYEE> paid <CARD>, mail <EMAIL:[0-9a-f]{16}> or help@example.com$`, got.Body().Str())
	require.Equal(t, map[string]any{"user.birthday": map[string]any{"day": "<KEY>", "leap": "<KEY>"}, "git.author": "jo@corp.test", "n": "<CARD>"}, got.Attributes().AsRaw())

	cfg := load(t, "redact/all")
	cfg.HashKeyFile = filepath.Join(t.TempDir(), "none")
	p, err := NewFactory().CreateLogs(t.Context(), set, cfg, consumertest.NewNop())
	require.NoError(t, err)
	require.ErrorContains(t, p.Start(t.Context(), componenttest.NewNopHost()), "hash_key_file: look at secret")
}

func TestTraces(t *testing.T) {
	set, _ := settings(t)
	td := ptrace.NewTraces()
	s := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	s.SetName("GET /login?password=hunter2")
	s.Status().SetMessage("dial postgres://a:hunter2@db/x")
	s.Attributes().PutStr("url.query", "token=abcdef123456&x=1")
	e := s.Events().AppendEmpty()
	e.SetName("retry --token hunter22")
	e.Attributes().PutStr("exception.message", "bad password 'x', password='hunter2'")
	s.Links().AppendEmpty().Attributes().PutStr("dsn", "redis://:hunter2@r")
	sink := new(consumertest.TracesSink)
	p, err := NewFactory().CreateTraces(t.Context(), set, load(t, "redact"), sink)
	require.NoError(t, err)
	require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, p.ConsumeTraces(t.Context(), td))
	b, err := (&ptrace.JSONMarshaler{}).MarshalTraces(sink.AllTraces()[0])
	require.NoError(t, err)
	require.NotContains(t, string(b), "hunter2")
	require.Equal(t, 6, strings.Count(string(b), "****"), string(b))
	require.Equal(t, map[string]any{"url.query": "token=****&x=1", "tidewatch.redacted": []any{"password", "url_password"}}, s.Attributes().AsRaw())
}

func TestMetrics(t *testing.T) {
	set, _ := settings(t)
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("url", "http://u:hunter2@h")
	ms := rm.ScopeMetrics().AppendEmpty().Metrics()
	exemplar := ms.AppendEmpty().SetEmptyGauge().DataPoints().AppendEmpty()
	exemplar.Attributes().PutStr("q", "password=hunter2")
	exemplar.Exemplars().AppendEmpty().FilteredAttributes().PutStr("q", "password=hunter2")
	ms.AppendEmpty().SetEmptySum().DataPoints().AppendEmpty().Attributes().PutStr("q", "password=hunter2")
	ms.AppendEmpty().SetEmptyHistogram().DataPoints().AppendEmpty().Attributes().PutStr("q", "password=hunter2")
	ms.AppendEmpty().SetEmptyExponentialHistogram().DataPoints().AppendEmpty().Attributes().PutStr("q", "password=hunter2")
	ms.AppendEmpty().SetEmptySummary().DataPoints().AppendEmpty().Attributes().PutStr("q", "password=hunter2")
	sink := new(consumertest.MetricsSink)
	p, err := NewFactory().CreateMetrics(t.Context(), set, load(t, "redact"), sink)
	require.NoError(t, err)
	require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, p.ConsumeMetrics(t.Context(), md))
	b, err := (&pmetric.JSONMarshaler{}).MarshalMetrics(sink.AllMetrics()[0])
	require.NoError(t, err)
	require.NotContains(t, string(b), "hunter2")
	require.Equal(t, 7, strings.Count(string(b), "****"), string(b))
	require.Equal(t, map[string]any{"q": "password=****"}, ms.At(1).Sum().DataPoints().At(0).Attributes().AsRaw(), "a point is not marked")
}

func BenchmarkLogs(b *testing.B) {
	p, err := newRedactor(processortest.NewNopSettings(componentType), createDefaultConfig().(*Config))
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
