package scrapereceiver_test

import (
	"compress/gzip"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/tidewatch/tidewatch/internal/kubelet/kubelettest"
	"github.com/tidewatch/tidewatch/receivers/scrapereceiver"
)

const patience = time.Minute

// config has an interval that leaves a busy machine time for a scrape. The tests run side
// by side, since most of their time they wait.
func config(jobs ...scrapereceiver.JobConfig) *scrapereceiver.Config {
	cfg := scrapereceiver.NewFactory().CreateDefaultConfig().(*scrapereceiver.Config)
	cfg.ScrapeInterval, cfg.ScrapeTimeout, cfg.DiscoveryInterval = time.Second, time.Second, 10*time.Millisecond
	cfg.Jobs = jobs
	return cfg
}

// static is a job with servers for targets.
func static(name string, servers ...*httptest.Server) scrapereceiver.JobConfig {
	jc := scrapereceiver.JobConfig{Name: name}
	for _, s := range servers {
		jc.Static = append(jc.Static, scrapereceiver.Group{Targets: []string{strings.TrimPrefix(strings.TrimPrefix(s.URL, "http://"), "https://")}})
	}
	return jc
}

func start(t *testing.T, cfg *scrapereceiver.Config, next consumer.Metrics) {
	t.Helper()
	require.NoError(t, cfg.Validate())
	r, err := scrapereceiver.NewFactory().CreateMetrics(t.Context(), receivertest.NewNopSettings(component.MustNewType("scrape")), cfg, next)
	require.NoError(t, err)
	require.NoError(t, r.Shutdown(t.Context()), "may run without start")
	r, err = scrapereceiver.NewFactory().CreateMetrics(t.Context(), receivertest.NewNopSettings(component.MustNewType("scrape")), cfg, next)
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, r.Shutdown(context.Background())) })
}

// point is one of a gauge or sum.
type point struct {
	value    float64
	stale    bool
	attrs    map[string]any
	resource map[string]any
}

// points are all of a name so far, the oldest first.
func points(sink *consumertest.MetricsSink, name string) (found []point) {
	for _, md := range sink.AllMetrics() {
		for _, rm := range md.ResourceMetrics().All() {
			for _, sm := range rm.ScopeMetrics().All() {
				for _, m := range sm.Metrics().All() {
					if m.Name() != name {
						continue
					}
					var dps pmetric.NumberDataPointSlice
					switch m.Type() {
					case pmetric.MetricTypeGauge:
						dps = m.Gauge().DataPoints()
					case pmetric.MetricTypeSum:
						dps = m.Sum().DataPoints()
					default:
						continue
					}
					for _, p := range dps.All() {
						found = append(found, point{p.DoubleValue(), p.Flags().NoRecordedValue(), p.Attributes().AsRaw(), rm.Resource().Attributes().AsRaw()})
					}
				}
			}
		}
	}
	return found
}

// eventually waits for a point of a name that is as wanted.
func eventually(t *testing.T, sink *consumertest.MetricsSink, name string, wanted func(point) bool) (found point) {
	t.Helper()
	require.Eventually(t, func() bool {
		for _, p := range points(sink, name) {
			if wanted(p) {
				found = p
				return true
			}
		}
		return false
	}, patience, 5*time.Millisecond, "no such point of %s", name)
	return found
}

func is(v float64) func(point) bool { return func(p point) bool { return !p.stale && p.value == v } }

func stale(p point) bool { return p.stale }

func text(page string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		_, _ = w.Write([]byte(page))
	}
}

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func TestATargetIsScrapedFailsAndComesBack(t *testing.T) {
	t.Parallel()
	var broken atomic.Bool
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if broken.Load() {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		text("a 5\n")(w, r)
	})
	sink := new(consumertest.MetricsSink)
	cfg := config(static("web", s))
	cfg.Jobs[0].Static[0].Labels = map[string]string{"team": "blue"}
	start(t, cfg, sink)
	up := eventually(t, sink, "up", is(1))
	require.Equal(t, map[string]any{"team": "blue"}, up.attrs)
	require.Equal(t, "web", up.resource["service.name"])
	require.Equal(t, strings.TrimPrefix(s.URL, "http://"), up.resource["service.instance.id"])
	a := eventually(t, sink, "a", is(5))
	require.Equal(t, up.resource, a.resource)
	for _, name := range []string{"scrape_samples_scraped", "scrape_samples_post_metric_relabeling", "scrape_series_added"} {
		eventually(t, sink, name, is(1))
	}
	eventually(t, sink, "scrape_duration_seconds", func(p point) bool { return p.value > 0 })
	broken.Store(true)
	eventually(t, sink, "up", is(0))
	eventually(t, sink, "a", stale)
	broken.Store(false)
	sink.Reset()
	eventually(t, sink, "a", is(5))
}

func TestTheConnectionIsAsConfigured(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	token := filepath.Join(dir, "token")
	require.NoError(t, os.WriteFile(token, []byte("secret\n"), 0o600))
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer secret" || r.URL.Path != "/m" || r.URL.Query().Get("match") != "x" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = z.Write([]byte("a 5\n"))
		_ = z.Close()
	}))
	t.Cleanup(s.Close)
	jc := static("tls", s)
	jc.Scheme, jc.Path, jc.Params = "https", "/m", map[string][]string{"match": {"x"}}
	jc.Authorization.CredentialsFile = token
	jc.TLS.InsecureSkipVerify = true
	sink := new(consumertest.MetricsSink)
	start(t, config(jc), sink)
	require.Equal(t, "https", eventually(t, sink, "a", is(5)).resource["url.scheme"])

	untrusted := static("untrusted", s)
	untrusted.Scheme = "https"
	other := new(consumertest.MetricsSink)
	start(t, config(untrusted), other)
	eventually(t, other, "up", is(0))
}

func TestBasicAuth(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "u" || password != "p" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		text("a 5\n")(w, r)
	})
	jc := static("basic", s)
	jc.BasicAuth = scrapereceiver.BasicAuthConfig{Username: "u", Password: "p"}
	sink := new(consumertest.MetricsSink)
	start(t, config(jc), sink)
	eventually(t, sink, "a", is(5))
}

func TestAPageThatIsTooLongFailsEvenWhenItIsCompressed(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		for range 1000 {
			_, _ = z.Write([]byte(strings.Repeat("# ", 1000) + "\n"))
		}
		_ = z.Close()
	})
	jc := static("bomb", s)
	jc.BodyLimit = 10_000
	sink := new(consumertest.MetricsSink)
	start(t, config(jc), sink)
	eventually(t, sink, "up", is(0))
}

func TestTargetsInFilesComeAndGo(t *testing.T) {
	t.Parallel()
	s := serve(t, text("a 5\n"))
	dir := t.TempDir()
	file := filepath.Join(dir, "targets.json")
	sink := new(consumertest.MetricsSink)
	start(t, config(scrapereceiver.JobConfig{Name: "files", Files: []scrapereceiver.FileConfig{{Files: []string{filepath.Join(dir, "*.json"), filepath.Join(dir, "*.yaml")}}}}), sink)
	address := strings.TrimPrefix(s.URL, "http://")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, `[{"targets":[%q],"labels":{"from":"json"}}]`, address), 0o600))
	eventually(t, sink, "a", func(p point) bool { return p.attrs["from"] == "json" })
	require.NoError(t, os.WriteFile(filepath.Join(dir, "more.yaml"), fmt.Appendf(nil, "- targets: [%q]\n  labels: {from: yaml}\n", address), 0o600))
	eventually(t, sink, "a", func(p point) bool { return p.attrs["from"] == "yaml" })
	require.NoError(t, os.WriteFile(filepath.Join(dir, "bad.yaml"), []byte("targets: no"), 0o600))
	require.NoError(t, os.Remove(file))
	gone := eventually(t, sink, "up", stale)
	require.Equal(t, "json", gone.attrs["from"])
	eventually(t, sink, "a", func(p point) bool { return p.stale && p.attrs["from"] == "json" })
	sink.Reset()
	eventually(t, sink, "a", func(p point) bool { return p.attrs["from"] == "yaml" })
}

func TestThereAreNoMoreTargetsThanAllowed(t *testing.T) {
	t.Parallel()
	s := serve(t, text("a 5\n"))
	jc := static("many", s)
	for i := range 5 {
		jc.Static = append(jc.Static, scrapereceiver.Group{Targets: jc.Static[0].Targets, Labels: map[string]string{"i": fmt.Sprint(i)}})
	}
	cfg := config(jc)
	cfg.MaxTargets, cfg.Concurrency = 2, 1
	sink := new(consumertest.MetricsSink)
	start(t, cfg, sink)
	eventually(t, sink, "a", func(p point) bool { return p.attrs["i"] == nil })
	eventually(t, sink, "a", func(p point) bool { return p.attrs["i"] == "0" })
	for _, p := range points(sink, "a") {
		require.NotEqual(t, "1", p.attrs["i"])
	}
}

// What client_golang sends as protobuf: native and classic histograms, with the start of
// counters.
func TestProtobuf(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	native := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "native_seconds", NativeHistogramBucketFactor: 1.1})
	classic := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "classic_seconds", Buckets: []float64{1, 2}})
	counter := prometheus.NewCounter(prometheus.CounterOpts{Name: "requests_total"})
	registry.MustRegister(native, classic, counter)
	for _, v := range []float64{0, 0.5, 1.5, -3, 1e9} {
		native.Observe(v)
		classic.Observe(v)
	}
	counter.Add(3)
	s := httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	t.Cleanup(s.Close)
	sink := new(consumertest.MetricsSink)
	start(t, config(static("go", s)), sink)
	eventually(t, sink, "requests_total", is(3))
	var found map[string]pmetric.Metric
	require.Eventually(t, func() bool {
		for _, md := range sink.AllMetrics() {
			found = map[string]pmetric.Metric{}
			for _, rm := range md.ResourceMetrics().All() {
				for _, sm := range rm.ScopeMetrics().All() {
					for _, m := range sm.Metrics().All() {
						found[m.Name()] = m
					}
				}
			}
			if _, ok := found["native_seconds"]; ok {
				return true
			}
		}
		return false
	}, patience, 5*time.Millisecond)
	n := found["native_seconds"].ExponentialHistogram().DataPoints().At(0)
	require.Equal(t, uint64(5), n.Count())
	require.Equal(t, uint64(1), n.ZeroCount())
	require.NotZero(t, n.StartTimestamp())
	count := func(counts pcommon.UInt64Slice) (sum uint64) {
		for _, c := range counts.AsRaw() {
			sum += c
		}
		return sum
	}
	require.Equal(t, uint64(1), count(n.Negative().BucketCounts()))
	require.Equal(t, uint64(3), count(n.Positive().BucketCounts()))
	require.Equal(t, []uint64{3, 1, 1}, found["classic_seconds"].Histogram().DataPoints().At(0).BucketCounts().AsRaw())
	require.NotZero(t, found["requests_total"].Sum().DataPoints().At(0).StartTimestamp())
}

func TestTheKubeletItsPodsAndWhoAsksToBeScraped(t *testing.T) {
	t.Parallel()
	app := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RequestURI() != "/stats?format=prometheus" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		text("orders_total 7\n")(w, r)
	})
	host, portText, _ := strings.Cut(strings.TrimPrefix(app.URL, "http://"), ":")
	var port int
	_, err := fmt.Sscan(portText, &port)
	require.NoError(t, err)
	k := kubelettest.New(t)
	k.Page("/metrics/cadvisor", "# TYPE container_cpu_usage_seconds_total counter\ncontainer_cpu_usage_seconds_total{namespace=\"shop\",pod=\"web-1\",container=\"app\"} 12\n")
	web := kubelettest.Pod{
		Namespace: "shop", Name: "web-1", UID: "uid-web", IP: host, OwnerKind: "DaemonSet", OwnerName: "web", Containers: []string{"app=1", "sidecar=2"}, Port: port,
		Labels:      map[string]string{"app.kubernetes.io/name": "storefront"},
		Annotations: map[string]string{"prometheus.io/scrape": "true", "prometheus.io/port": "metrics", "prometheus.io/path": "stats?format=prometheus"},
	}
	cfg := config(
		scrapereceiver.JobConfig{Name: "kubelet", KubeletPaths: []string{"/metrics/cadvisor", "/pods"}},
		scrapereceiver.JobConfig{Name: "pods", PodAnnotations: true, Relabel: []scrapereceiver.RelabelConfig{{SourceLabels: []string{"__meta_kubernetes_pod_label_app_kubernetes_io_name"}, TargetLabel: "app"}}},
	)
	cfg.Kubelet.Endpoint, cfg.Kubelet.TokenFile, cfg.Kubelet.TLS.CAFile = k.URL, k.TokenFile, k.CAFile
	cfg.Kubelet.MinRefreshInterval, cfg.Kubelet.RefreshInterval = time.Millisecond, 20*time.Millisecond
	sink := new(consumertest.MetricsSink)
	start(t, cfg, sink)
	cpu := eventually(t, sink, "container_cpu_usage_seconds_total", is(12))
	require.Equal(t, map[string]any{"namespace": "shop", "pod": "web-1", "container": "app", "node": "", "metrics_path": "/metrics/cadvisor"}, withNode(cpu.attrs, ""))
	require.Equal(t, "kubelet", cpu.resource["service.name"])

	k.Add(web) // a pod that appears later
	orders := eventually(t, sink, "orders_total", is(7))
	require.Equal(t, map[string]any{"namespace": "shop", "pod": "web-1", "container": "app", "node": "node-1", "app": "storefront"}, orders.attrs)
	require.Equal(t, "web", orders.resource["service.name"])
	require.Equal(t, "shop", orders.resource["service.namespace"])
	require.Equal(t, "uid-web", orders.resource["k8s.pod.uid"])
	require.Equal(t, "app", orders.resource["k8s.container.name"])
	restarts := eventually(t, sink, "kube_pod_container_status_restarts_total", is(2))
	require.Equal(t, "uid-web", restarts.attrs["uid"])
	eventually(t, sink, "kube_pod_container_status_last_terminated_reason", func(p point) bool { return p.attrs["reason"] == "OOMKilled" })
	eventually(t, sink, "kube_pod_container_resource_limits", is(128<<20))

	k.Remove(web.UID)
	eventually(t, sink, "orders_total", stale)
	k.RotateToken("second")
	sink.Reset()
	eventually(t, sink, "container_cpu_usage_seconds_total", is(12))
}

// withNode replaces the node, which is known after the first list only.
func withNode(attrs map[string]any, node string) map[string]any {
	attrs["node"] = node
	return attrs
}

func TestTheEndOfTheAgentIsNotThatOfItsTargets(t *testing.T) {
	t.Parallel()
	s := serve(t, text("a 5\n"))
	sink := new(consumertest.MetricsSink)
	r, err := scrapereceiver.NewFactory().CreateMetrics(t.Context(), receivertest.NewNopSettings(component.MustNewType("scrape")), config(static("x", s)), sink)
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
	eventually(t, sink, "a", is(5))
	require.NoError(t, r.Shutdown(t.Context()))
	require.NoError(t, r.Shutdown(t.Context()), "may run twice")
	last := points(sink, "a")
	require.False(t, last[len(last)-1].stale)
}
