package remotewriteexporter

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var t0 = time.Unix(1_700_000_000, 0).UTC()

func configFor(url string) *Config {
	cfg := createDefaultConfig().(*Config)
	cfg.Endpoint = url
	cfg.Retry.InitialInterval = time.Millisecond
	cfg.Retry.RandomizationFactor = 0
	return cfg
}

func started(t testing.TB, cfg *Config) (*metricsExporter, *componenttest.Telemetry) {
	t.Helper()
	require.NoError(t, confmap.Validate(cfg))
	tel := componenttest.NewTelemetry()
	set := exportertest.NewNopSettings(componentType)
	set.TelemetrySettings = tel.NewTelemetrySettings()
	e, err := newExporter(cfg, set)
	require.NoError(t, err)
	e.now = func() time.Time { return t0 }
	require.NoError(t, e.start(context.Background(), componenttest.NewNopHost()))
	t.Cleanup(func() {
		require.NoError(t, e.shutdown(context.Background()))
		require.NoError(t, tel.Shutdown(context.Background()))
	})
	return e, tel
}

func dropped(t *testing.T, tel *componenttest.Telemetry) map[string]int64 {
	t.Helper()
	out := map[string]int64{}
	m, err := tel.GetMetric("tidewatch_exporter_dropped_items")
	if err != nil {
		return out
	}
	for _, dp := range m.Data.(metricdata.Sum[int64]).DataPoints {
		reason, _ := dp.Attributes.Value("reason")
		out[reason.AsString()] += dp.Value
	}
	return out
}

// point is one point of a sum called "n" with the attribute k.
type point struct {
	k     string
	at    int // ms after t0
	v     float64
	stale bool
}

func sums(delta bool, points ...point) pmetric.Metrics {
	md := pmetric.NewMetrics()
	m := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName("n")
	s := m.SetEmptySum()
	s.SetIsMonotonic(true)
	s.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	if delta {
		s.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	}
	for _, p := range points {
		dp := s.DataPoints().AppendEmpty()
		dp.SetDoubleValue(p.v)
		dp.SetTimestamp(pcommon.NewTimestampFromTime(t0.Add(time.Duration(p.at) * time.Millisecond)))
		dp.Attributes().PutStr("k", p.k)
		dp.SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(p.stale))
	}
	return md
}

func TestConfig(t *testing.T) {
	all, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	load := func(id string) *Config {
		sub, err := all.Sub(id)
		require.NoError(t, err)
		cfg := createDefaultConfig().(*Config)
		require.NoError(t, sub.Unmarshal(cfg))
		require.NoError(t, confmap.Validate(cfg))
		return cfg
	}
	u, err := load("remote_write").writeURL()
	require.NoError(t, err)
	require.Equal(t, "http://127.0.0.1:9090/api/v1/write", u.String())
	c := load("remote_write/all")
	u, err = c.writeURL()
	require.NoError(t, err)
	require.Equal(t, "https://mimir.example/api/v1/push", u.String())
	require.Equal(t, 8, c.Shards)
	require.Equal(t, "file_storage", c.Queue.Get().StorageID.String())
	require.True(t, c.Queue.Get().BlockOnOverflow)
	require.Zero(t, c.Retry.MaxElapsedTime)
	require.NotContains(t, fmt.Sprintf("%v", c), "{p}")
	for _, bad := range []struct {
		change func(*Config)
		says   string
	}{
		{func(c *Config) { c.Endpoint = "" }, "endpoint must be set"},
		{func(c *Config) { c.Endpoint = "localhost:9090" }, "endpoint must begin"},
		{func(c *Config) { c.Queue.Get().NumConsumers = 2 }, "raise shards"},
		{func(c *Config) { c.Shards = 0 }, "shards must"},
		{func(c *Config) { c.MaxSamplesPerRequest = 0 }, "max_samples_per_request must"},
		{func(c *Config) { c.MaxSeries = 0 }, "max_series must"},
		{func(c *Config) { c.SeriesExpiration = 0 }, "series_expiration must"},
		{func(c *Config) { c.Username, c.BearerToken = "u", "t" }, "must not both"},
		{func(c *Config) { c.Password = "p" }, "set both"},
		{func(c *Config) { c.Username, c.Password, c.PasswordFile = "u", "p", "f" }, "must not both"},
		{func(c *Config) { c.BearerToken, c.BearerTokenFile = "t", "f" }, "must not both"},
		{func(c *Config) { c.Protocol = "v3" }, "protocol must"},
		{func(c *Config) { c.StaleAfter = time.Millisecond }, "stale_after must"},
		{func(c *Config) { c.Headers.Set("content-type", "x") }, "headers must not contain content-type"},
		{func(c *Config) { c.Endpoint = "http://u:geheim@h:x/" }, "endpoint must be a URL"},
	} {
		c := configFor("http://h")
		bad.change(c)
		require.ErrorContains(t, c.Validate(), bad.says)
	}
}

func TestOrderDuplicatesAndStaleness(t *testing.T) {
	r := newReceiver(t)
	e, _ := started(t, configFor(r.URL))
	require.NoError(t, push(t, e, sums(false, point{"a", 3, 3, false}, point{"a", 1, 1, false}, point{"b", 1, 9, true}, point{"a", 3, 4, false}, point{"a", 2, 2, false})))
	require.Equal(t, []string{
		"__name__=n_total k=a 1@1", "__name__=n_total k=a 2@2", "__name__=n_total k=a 4@3", "__name__=n_total k=b stale@1",
	}, r.samples())
}

// Some requests of a batch fail: a retry sends only those, and adds no delta twice.
func TestRetrySendsWhatIsLeft(t *testing.T) {
	r := newReceiver(t, answer(503), answer(429, "Retry-After", "7"), answer(500))
	cfg := configFor(r.URL)
	cfg.MaxSamplesPerRequest = 10
	e, tel := started(t, cfg)
	var points []point
	want := map[string]bool{}
	for i := range 100 {
		points = append(points, point{fmt.Sprint(i), 1, 1, false})
		want[fmt.Sprintf("__name__=n_total k=%d 1@1", i)] = true
	}
	b := converted(t, e, sums(true, points...))
	err := e.push(t.Context(), b)
	require.ErrorContains(t, err, "Throttle (7s)")
	require.False(t, consumererror.IsPermanent(err))
	require.NoError(t, e.push(t.Context(), b))
	got := map[string]bool{}
	for _, s := range r.samples() {
		require.False(t, got[s], "twice: %s", s)
		got[s] = true
	}
	require.Equal(t, want, got)
	require.Empty(t, dropped(t, tel))

	require.NoError(t, push(t, e, sums(true, point{"0", 2, 1, false})))
	require.Equal(t, "__name__=n_total k=0 2@2", r.samples()[100])
}

// A receiver that does not say what it wrote has written nothing, as far as one
// can know; the other requests of the batch go on.
func TestRefusedIsCountedOnce(t *testing.T) {
	r := newReceiver(t, nil, answer(400))
	cfg := configFor(r.URL)
	cfg.Shards, cfg.MaxSamplesPerRequest = 1, 2
	e, tel := started(t, cfg)
	require.NoError(t, push(t, e, sums(false, point{"a", 1, 1, false})))
	require.NoError(t, push(t, e, sums(false, point{"a", 2, 1, false}, point{"b", 1, 1, false}, point{"c", 1, 1, false})))
	require.Equal(t, []string{"__name__=n_total k=a 1@1", "__name__=n_total k=c 1@1"}, r.samples(), "the other request goes on")
	require.Equal(t, map[string]int64{"refused_400": 2}, dropped(t, tel))
}

func TestAuth(t *testing.T) {
	r := newReceiver(t)
	cfg := configFor(r.URL)
	cfg.Username, cfg.Password = "u", "secret"
	cfg.Headers.Set("X-Scope-OrgID", "team-a")
	e, _ := started(t, cfg)
	require.NoError(t, push(t, e, sums(false, point{"a", 1, 1, false})))
	require.Equal(t, "Basic dTpzZWNyZXQ=", r.headers[0].Get("Authorization"))
	require.Equal(t, "team-a", r.headers[0].Get("X-Scope-OrgID"))

	cfg = configFor(r.URL)
	cfg.BearerToken = "tok"
	e, _ = started(t, cfg)
	require.NoError(t, push(t, e, sums(false, point{"a", 1, 1, false})))
	require.Equal(t, "Bearer tok", r.headers[len(r.headers)-1].Get("Authorization"))
}

// Secrets in files are read again when they change; without one nothing is sent,
// and nothing lost.
func TestSecretsInFiles(t *testing.T) {
	r := newReceiver(t)
	file := filepath.Join(t.TempDir(), "token")
	cfg := configFor(r.URL)
	cfg.BearerTokenFile = file
	e, tel := started(t, cfg)
	b := converted(t, e, sums(false, point{"a", 1, 1, false}))
	require.ErrorContains(t, e.push(t.Context(), b), "bearer_token_file")
	require.NoError(t, os.WriteFile(file, []byte("first\n"), 0o600))
	require.NoError(t, e.push(t.Context(), b))
	require.NoError(t, os.WriteFile(file, []byte("the second"), 0o600))
	require.NoError(t, push(t, e, sums(false, point{"a", 2, 1, false})))
	require.Equal(t, "Bearer first", r.headers[0].Get("Authorization"))
	require.Equal(t, "Bearer the second", r.headers[1].Get("Authorization"))
	require.Empty(t, dropped(t, tel))

	require.NoError(t, os.WriteFile(file, []byte("pass"), 0o600))
	cfg = configFor(r.URL)
	cfg.Username, cfg.PasswordFile = "u", file
	e, _ = started(t, cfg)
	require.NoError(t, push(t, e, sums(false, point{"a", 1, 1, false})))
	require.Equal(t, "Basic dTpwYXNz", r.headers[2].Get("Authorization"))
}

// A receiver is believed only with a certificate of the configured authority, and
// gets the client's.
func TestMutualTLS(t *testing.T) {
	r := &receiver{}
	r.Server = httptest.NewUnstartedServer(r)
	r.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	r.StartTLS()
	t.Cleanup(r.Close)
	pair := r.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	require.NoError(t, err)
	asPEM := func(kind string, der []byte) configopaque.String {
		return configopaque.String(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	cfg := configFor(r.URL)
	e, _ := started(t, cfg)
	require.ErrorContains(t, push(t, e, sums(false, point{"a", 1, 1, false})), "certificate")
	cfg = configFor(r.URL)
	cfg.TLS.CAPem = asPEM("CERTIFICATE", pair.Certificate[0])
	e, _ = started(t, cfg)
	require.Error(t, push(t, e, sums(false, point{"a", 1, 1, false})), "without the client's")
	cfg = configFor(r.URL)
	cfg.TLS.CAPem = asPEM("CERTIFICATE", pair.Certificate[0])
	cfg.TLS.CertPem, cfg.TLS.KeyPem = asPEM("CERTIFICATE", pair.Certificate[0]), asPEM("PRIVATE KEY", key)
	e, _ = started(t, cfg)
	require.NoError(t, push(t, e, sums(false, point{"a", 1, 1, false})))
	require.Len(t, r.samples(), 1)
}

// Through the whole helper: queue, batcher and retries, to a receiver that is
// ill at first. All arrives once, and in order for each series.
func TestThroughTheQueue(t *testing.T) {
	r := newReceiver(t, answer(503), answer(500), answer(429))
	cfg := configFor(r.URL)
	cfg.Queue.Get().Batch.Get().MinSize = 200
	e, err := NewFactory().CreateMetrics(t.Context(), exportertest.NewNopSettings(componentType), cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	for i := range 200 {
		require.NoError(t, e.ConsumeMetrics(t.Context(), sums(true, point{"a", i, 1, false}, point{"b", i, 1, false})))
	}
	require.Eventually(t, func() bool { return len(r.samples()) == 400 }, time.Minute, 10*time.Millisecond)
	require.NoError(t, e.Shutdown(t.Context()))
	next := map[string]int{}
	for _, s := range r.samples() {
		name := strings.Fields(s)[1]
		require.Equal(t, fmt.Sprintf("__name__=n_total %s %d@%d", name, next[name]+1, next[name]), s)
		next[name]++
	}
	require.Equal(t, map[string]int{"k=a": 200, "k=b": 200}, next)
}

func TestFactory(t *testing.T) {
	require.NoError(t, componenttest.CheckConfigStruct(NewFactory().CreateDefaultConfig()))
}

func BenchmarkTranslateAndEncode(b *testing.B) {
	r := newReceiver(b)
	e, _ := started(b, configFor(r.URL))
	var points []point
	for i := range 2000 {
		points = append(points, point{fmt.Sprint(i), 1, 1, false})
	}
	md := sums(false, points...)
	b.ReportAllocs()
	for b.Loop() {
		req, err := e.convert(b.Context(), md)
		require.NoError(b, err)
		e.plan(req.(*batch))
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/2000, "ns/sample")
}
