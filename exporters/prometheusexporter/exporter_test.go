package prometheusexporter

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

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
	require.Equal(t, createDefaultConfig(), load("prometheus"))
	require.Equal(t, "127.0.0.1:4321", load("prometheus").NetAddr.Endpoint)
	c := load("prometheus/all")
	require.Equal(t, "0.0.0.0:9464", c.NetAddr.Endpoint)
	require.Equal(t, time.Minute, c.SeriesExpiration)
	require.Equal(t, []string{"cloud.region"}, c.PromoteResourceAttributes)
	for _, bad := range []struct {
		change func(*Config)
		says   string
	}{
		{func(c *Config) { c.NetAddr.Endpoint = "" }, "endpoint must"},
		{func(c *Config) { c.MaxSeries = 0 }, "max_series must"},
		{func(c *Config) { c.SeriesExpiration = 0 }, "series_expiration must"},
	} {
		c := createDefaultConfig().(*Config)
		bad.change(c)
		require.ErrorContains(t, c.Validate(), bad.says)
	}
}

func TestFactory(t *testing.T) {
	require.NoError(t, componenttest.CheckConfigStruct(NewFactory().CreateDefaultConfig()))
	cfg := createDefaultConfig().(*Config)
	cfg.NetAddr.Endpoint = "127.0.0.1:0"
	e, err := NewFactory().CreateMetrics(t.Context(), exportertest.NewNopSettings(componentType), cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, e.ConsumeMetrics(t.Context(), every()))
	require.NoError(t, e.Shutdown(t.Context()))
}

func started(t *testing.T, change func(*Config)) (*metricsExporter, string) {
	t.Helper()
	e := exporterWith(t, change)
	require.NoError(t, e.start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, e.shutdown(context.Background())) })
	return e, "http://" + e.addr.String()
}

func get(t *testing.T, url string, headers map[string]string) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	for k, v := range headers {
		req.Header.Set(k, v)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true}}
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp, b
}

func TestServe(t *testing.T) {
	e, url := started(t, nil)
	require.NoError(t, e.consume(t.Context(), every()))

	resp, body := get(t, url+"/metrics", nil)
	require.Contains(t, resp.Header.Get("Content-Type"), "text/plain; version=0.0.4")
	parser := expfmt.NewTextParser(model.UTF8Validation)
	parsed, err := parser.TextToMetricFamilies(bytes.NewReader(body))
	require.NoError(t, err)
	require.Len(t, parsed, 6)
	require.Equal(t, dto.MetricType_COUNTER, parsed["requests_total"].GetType())
	require.Equal(t, "Depth, with \\ and \"quotes\"\nand lines.", parsed["queue_depth"].GetHelp())
	require.EqualValues(t, 7, parsed["payload_bytes"].GetMetric()[0].GetHistogram().GetSampleCount())

	resp, body = get(t, url+"/metrics", map[string]string{"Accept": "application/openmetrics-text;version=1.0.0", "Accept-Encoding": "gzip"})
	require.Contains(t, resp.Header.Get("Content-Type"), "application/openmetrics-text; version=1.0.0")
	require.Equal(t, "gzip", resp.Header.Get("Content-Encoding"))
	z, err := gzip.NewReader(bytes.NewReader(body))
	require.NoError(t, err)
	plain, err := io.ReadAll(z)
	require.NoError(t, err)
	require.Equal(t, page(t, e, openMetrics), string(plain))

	resp, body = get(t, url+"/metrics", map[string]string{"Accept": "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"})
	dec := expfmt.NewDecoder(bytes.NewReader(body), expfmt.ResponseFormat(resp.Header))
	native := false
	for {
		var f dto.MetricFamily
		if err := dec.Decode(&f); err != nil {
			require.ErrorIs(t, err, io.EOF)
			break
		}
		if f.GetName() == "payload_bytes" {
			h := f.GetMetric()[0].GetHistogram()
			native = true
			require.EqualValues(t, 1, h.GetSchema())
			require.Equal(t, []int64{1, 1, 1}, h.GetPositiveDelta())
			require.Len(t, h.GetExemplars(), 1)
		}
	}
	require.True(t, native)

	for _, other := range []string{"/", "/debug/pprof/", "/metrics/x"} {
		resp, _ = get(t, url+other, nil)
		require.Equal(t, http.StatusNotFound, resp.StatusCode, other)
	}
}

func TestPortInUse(t *testing.T) {
	_, url := started(t, nil)
	e := exporterWith(t, func(c *Config) { c.NetAddr.Endpoint = url[len("http://"):] })
	err := e.start(t.Context(), componenttest.NewNopHost())
	require.ErrorContains(t, err, "is in use; is another agent running?")
	require.NoError(t, e.shutdown(t.Context()))
	require.NoError(t, exporterWith(t, nil).shutdown(t.Context()), "without a start")
}

// A page never shows half a batch: both gauges of a batch have the same value.
func TestScrapesDuringUpdates(t *testing.T) {
	e, url := started(t, nil)
	require.NoError(t, e.consume(t.Context(), gauges(map[string]float64{"a": 0, "b": 0})))
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range 200 {
			_ = e.consume(t.Context(), gauges(map[string]float64{"a": float64(i), "b": float64(i), fmt.Sprint(i): 1}))
		}
	})
	for range 4 {
		wg.Go(func() {
			for range 20 {
				_, body := get(t, url+"/metrics", nil)
				parser := expfmt.NewTextParser(model.UTF8Validation)
				parsed, err := parser.TextToMetricFamilies(bytes.NewReader(body))
				require.NoError(t, err)
				both := map[string]float64{}
				for _, m := range parsed["g"].GetMetric() {
					both[m.GetLabel()[0].GetValue()] = m.GetGauge().GetValue()
				}
				require.Equal(t, both["a"], both["b"])
			}
		})
	}
	wg.Wait()
}

func TestPromtool(t *testing.T) {
	promtool := os.Getenv("TIDEWATCH_TEST_PROMTOOL")
	if promtool == "" {
		t.Skip("set TIDEWATCH_TEST_PROMTOOL to a promtool binary to lint the golden page")
	}
	in, err := os.Open(filepath.Join("testdata", "page.txt"))
	require.NoError(t, err)
	defer in.Close()
	cmd := exec.CommandContext(t.Context(), promtool, "check", "metrics")
	cmd.Stdin = in
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
}
