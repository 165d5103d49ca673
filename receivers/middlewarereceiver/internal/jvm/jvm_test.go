package jvm_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/goleak"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/jvm"
	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/source"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func serve(t *testing.T, path string, status int, page string) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != path {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(page))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func scrape(t *testing.T, cfg jvm.Config, endpoint string) (pmetric.Metrics, error) {
	s, err := jvm.New(cfg, endpoint)
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	md := pmetric.NewMetrics()
	err = s.Scrape(t.Context(), time.Unix(1_795_400_000, 0), md)
	return md, err
}

// flat has values by name and attributes; of histograms count and sum.
func flat(md pmetric.Metrics) map[string]float64 {
	all := map[string]float64{}
	for _, m := range md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
		var points pmetric.NumberDataPointSlice
		switch m.Type() {
		case pmetric.MetricTypeSum:
			points = m.Sum().DataPoints()
		case pmetric.MetricTypeGauge:
			points = m.Gauge().DataPoints()
		default:
			for _, p := range m.Histogram().DataPoints().All() {
				name, _ := p.Attributes().Get("jvm.gc.name")
				all[m.Name()+"{"+name.Str()+"} count"] = float64(p.Count())
				all[m.Name()+"{"+name.Str()+"} sum"] = p.Sum()
			}
			continue
		}
		for _, p := range points.All() {
			var values []string
			for _, v := range p.Attributes().All() {
				values = append(values, v.Str())
			}
			all[m.Name()+"{"+strings.Join(values, ",")+"}"] = p.DoubleValue() + float64(p.IntValue())
		}
	}
	return all
}

func page(t *testing.T, file string) string {
	b, err := os.ReadFile("testdata/" + file)
	require.NoError(t, err)
	return string(b)
}

func TestPagesOfThreeKindsSayTheSame(t *testing.T) {
	for file, want := range map[string]map[string]float64{
		"jmx_exporter-1.0.txt": {
			"jvm.memory.used{G1 Old Gen,heap}": 2794752, "jvm.memory.limit{G1 Old Gen,heap}": 134217728, "jvm.memory.used{Metaspace,non_heap}": 6160088,
			"jvm.memory.used_after_last_gc{G1 Old Gen,heap}": 2794752, "jvm.gc.duration{G1 Old Generation} count": 1, "jvm.gc.duration{G1 Old Generation} sum": 0.654,
			"jvm.thread.deadlocked{}": 2, "jvm.thread.count{runnable}": 5, "jvm.class.count{}": 2273, "jvm.class.loaded{}": 2273, "jvm.cpu.time{}": 0.84,
			"jvm.buffer.memory.used{direct}": 16384, "jvm.file_descriptor.count{}": 12,
		},
		"micrometer-1.13.txt": {
			"jvm.memory.used{G1 Eden Space,heap}": 25165824, "jvm.memory.limit{G1 Old Gen,heap}": 268435456, "jvm.memory.used_after_last_gc{G1 Old Gen,heap}": 31457280,
			"jvm.gc.duration{G1 Young Generation} count": 8, "jvm.gc.duration{G1 Young Generation} sum": 0.08, "jvm.thread.count{timed_waiting}": 6,
			"jvm.class.count{}": 12034, "jvm.class.unloaded{}": 3, "jvm.cpu.recent_utilization{}": 0.0125, "jvm.cpu.count{}": 4,
		},
		"opentelemetry-2.9.txt": {
			"jvm.memory.used{G1 Old Gen,heap}": 20971520, "jvm.memory.used{Metaspace,non_heap}": 41943040, "jvm.memory.used_after_last_gc{G1 Old Gen,heap}": 16777216,
			"jvm.gc.duration{G1 Young Generation} count": 3, "jvm.thread.count{true,timed_waiting}": 5, "jvm.class.count{}": 9211, "jvm.cpu.time{}": 12.34,
		},
	} {
		t.Run(file, func(t *testing.T) {
			md, err := scrape(t, jvm.DefaultConfig(), serve(t, "/actuator/prometheus", http.StatusOK, page(t, file)))
			require.NoError(t, err)
			got := flat(md)
			for name, value := range want {
				require.Contains(t, got, name)
				require.InDelta(t, value, got[name], 1e-9, name)
			}
			require.NotContains(t, got, "jvm.memory.limit{G1 Eden Space,heap}")
		})
	}
}

func TestTheResourceSaysWhoItIs(t *testing.T) {
	md, err := scrape(t, jvm.DefaultConfig(), serve(t, "/metrics", http.StatusOK, page(t, "jmx_exporter-1.0.txt")))
	require.NoError(t, err)
	raw := md.ResourceMetrics().At(0).Resource().Attributes().AsRaw()
	require.Equal(t, "jvm", raw["service.name"])
	require.Equal(t, "17.0.15+6-Debian-1deb12u1", raw["process.runtime.version"])
	for _, m := range md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
		if m.Name() == "jvm.cpu.time" {
			require.Equal(t, int64(1795307667554), m.Sum().DataPoints().At(0).StartTimestamp().AsTime().UnixMilli())
		}
	}

	endpoint := serve(t, "/metrics", http.StatusOK, page(t, "opentelemetry-2.9.txt"))
	md, err = scrape(t, jvm.DefaultConfig(), endpoint)
	require.NoError(t, err)
	require.Equal(t, "checkout", md.ResourceMetrics().At(0).Resource().Attributes().AsRaw()["service.name"])
	cfg := jvm.DefaultConfig()
	cfg.ServiceName = "till"
	md, err = scrape(t, cfg, endpoint)
	require.NoError(t, err)
	require.Equal(t, "till", md.ResourceMetrics().At(0).Resource().Attributes().AsRaw()["service.name"])
}

func TestWhatIsNoVirtualMachine(t *testing.T) {
	for name, text := range map[string]string{"another program": "go_goroutines 5\nprocess_cpu_seconds 1\n", "a web page": "<html>", "empty": ""} {
		md, err := scrape(t, jvm.DefaultConfig(), serve(t, "/metrics", http.StatusOK, text))
		require.Error(t, err, name)
		require.Zero(t, md.ResourceMetrics().Len())
	}
	var many strings.Builder
	for i := range 3000 {
		many.WriteString("jvm_threads_state{state=\"" + strconv.Itoa(i) + "\"} 1\n")
	}
	_, err := scrape(t, jvm.DefaultConfig(), serve(t, "/metrics", http.StatusOK, many.String()))
	require.ErrorContains(t, err, "more than 2048 things")
}

func TestAPageThatWantsAPassword(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "watch" || password != "sesame" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = w.Write([]byte("jvm_threads_deadlocked 0\n"))
	}))
	t.Cleanup(s.Close)
	cfg := jvm.DefaultConfig()
	_, err := scrape(t, cfg, s.URL)
	require.ErrorIs(t, err, source.ErrOther)
	cfg.Endpoints = []string{s.URL}
	_, err = scrape(t, cfg, s.URL)
	var refused *source.RefusedError
	require.ErrorAs(t, err, &refused)
	require.Contains(t, refused.Hint, "jvm::password")
	cfg.Username, cfg.Password = "watch", "sesame"
	_, err = scrape(t, cfg, s.URL)
	require.NoError(t, err)
}

func TestPortsOfArguments(t *testing.T) {
	for argument, want := range map[string]int{
		"-javaagent:/opt/jmx_prometheus_javaagent-1.0.1.jar=9404:/etc/jmx.yaml": 9404,
		"-javaagent:jmx_prometheus_javaagent.jar=127.0.0.1:9405:/etc/jmx.yaml":  9405,
		"-Dotel.exporter.prometheus.port=9464":                                  9464,
		"--server.port=8085":                                                    8085,
		"-Dserver.port=0":                                                       0,
		"-javaagent:/opt/other.jar=9404":                                        0,
		"-Xmx1g":                                                                0,
		"-javaagent:/opt/jmx_prometheus_javaagent-1.0.1.jar":                    0,
		"-Djavax.net.ssl.trustStorePassword=1234":                               0,
	} {
		port, ok := jvm.Port(argument)
		require.Equal(t, want > 0, ok, argument)
		require.Equal(t, want, port*b2i(ok), argument)
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestConfig(t *testing.T) {
	require.ErrorContains(t, (&jvm.Config{}).Validate(), "paths must not be empty")
	require.ErrorContains(t, (&jvm.Config{Paths: []string{"x"}}).Validate(), "must begin with /")
	_, err := jvm.New(jvm.DefaultConfig(), "host:port")
	require.ErrorContains(t, err, "host:port")
}

// FuzzPage feeds what a server may answer.
func FuzzPage(f *testing.F) {
	for _, file := range []string{"jmx_exporter-1.0.txt", "micrometer-1.13.txt", "opentelemetry-2.9.txt"} {
		b, err := os.ReadFile("testdata/" + file)
		require.NoError(f, err)
		f.Add(b)
	}
	f.Fuzz(func(_ *testing.T, page []byte) { jvm.Append(page, time.Unix(1, 0), pmetric.NewMetrics()) })
}
