//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/metric"

	"github.com/tidewatch/tidewatch/dashboards"
	"github.com/tidewatch/tidewatch/internal/freeport"
	"github.com/tidewatch/tidewatch/signals"
)

// mayBeEmpty are queries that have nothing to say on a host like this one, by dashboard,
// panel and query, with the reason.
var mayBeEmpty = map[string]string{
	"tidewatch-host/A disk is full in/A":               "no disk fills at a rate that leads to its end",
	"tidewatch-anomalies/The next two hours/A":         "forecasts begin after two hours",
	"tidewatch-anomalies/The next two hours/B":         "forecasts begin after two hours",
	"tidewatch-anomalies/The next two hours/C":         "forecasts begin after two hours",
	"tidewatch-incidents/Root causes/A":                "whether the analysis of traces names a cause in so short a time is another test's",
	"tidewatch-incidents-elasticsearch/Root causes/A":  "whether the analysis of traces names a cause in so short a time is another test's",
	"tidewatch-incidents-elasticsearch/Resolved/A":     "the incident is still open; the panel says 0",
	"tidewatch-incidents-elasticsearch/Acknowledged/A": "nobody has taken the incident; the panel says 0",
	"tidewatch-logs-elasticsearch/Floods/A":            "nothing floods; the panel says 0",
	"tidewatch-logs-elasticsearch/Silences/A":          "nothing falls silent; the panel says 0",
	"tidewatch-agent/Delivery ledger/D":                "nothing was given up; the column is empty",
	"tidewatch-agent/Given up, by reason/A":            "nothing was given up",
}

// Every query of every panel, annotation and variable of the shipped dashboards is answered
// with data by a real Prometheus, Loki and Elasticsearch, which a running agent feeds.
func TestDashboardsShowData(t *testing.T) {
	warmUp(t, "elasticsearch")
	a := newAgent(t)
	es, loki := sharedBackend(t, "elasticsearch"), startBackend(t, "loki")
	prom := startBackend(t, "prometheus", fmt.Sprintf("SCRAPE_TARGETS=127.0.0.1:%d", a.telemetry))
	a.exportTo(es.url, loki.url, prom.url+"/api/v1/write")
	webhook := freeport.Port()
	a.env = append(a.env, fmt.Sprintf("TIDEWATCH_ALERT_WEBHOOK=127.0.0.1:%d", webhook))
	// Minutes are made seconds. The host is a node of a cluster, too.
	a.set = append(a.set, "connectors::anomaly::min_history=20s", "connectors::anomaly::baselines_interval=1s", "connectors::pattern::learning=20s", "connectors::red::interval=1s",
		"connectors::incident::settle=1s", "connectors::incident::interval=1s",
		"connectors::root_cause::interval=2s", "connectors::root_cause::window=8s",
		"processors::resource/node::attributes=[{key: k8s.node.name, value: node-1, action: insert}]",
		"service::pipelines::metrics::processors=[memory_limiter, host, resource/node]",
	)
	a.start()
	begin := time.Now()

	var exhausted atomic.Bool
	inventory := newShopService(t, a, "inventory", "GET /stock", inventoryWork(&exhausted))
	orders := newShopService(t, a, "orders", "POST /orders", func(ctx context.Context, s *shopService) error { return s.call(ctx, "GET inventory", inventory.URL) })
	front := newShopService(t, a, "front", "GET /checkout", func(ctx context.Context, s *shopService) error { return s.call(ctx, "POST orders", orders.URL) })
	defer customers(t, front.URL)()
	app := newApplication(t, a.logDir)
	shop := newInstrumented(t, app, a)
	depth, err := shop.meter.Float64Gauge(strangeMetric)
	require.NoError(t, err)

	// The kubelet's numbers, the shop's and the alert go on until the end.
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	defer func() { stop(); <-done }()
	go func() {
		defer close(done)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for second := 0; ; second++ {
			live(ctx, a, app, shop, depth, second, exhausted.Load())
			if exhausted.Load() {
				_ = notify(fmt.Sprintf("http://127.0.0.1:%d/alerts", webhook), "firing", begin) // tried again in a second
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	eventually(t, 2*time.Minute, "what is usual is learned", func() error {
		normal, err := promQL(prom.url, `sum(tidewatch_anomaly_state{metric="`+strangeMetric+`"} == bool 1)`)
		if err == nil && normal == 0 {
			err = fmt.Errorf("it is not known of %s", strangeMetric)
		}
		return err
	})
	exhausted.Store(true)

	v := &viewer{prometheus: prom.url, loki: loki.url, elasticsearch: es.url, prefer: strangeMetric}
	panels, queries, seen, last := 0, 0, map[string]bool{}, map[string]error{}
	// Those of middleware are looked at where its servers run.
	boards := slices.DeleteFunc(dashboards.All(), func(d *dashboards.Dashboard) bool { return slices.Contains(d.Tags, "middleware") })
	for _, d := range boards {
		for _, p := range d.Panels {
			if p.Type != "row" {
				panels++
			}
			queries += len(p.Targets)
		}
	}
	eventually(t, 4*time.Minute, "every query is answered with data", func() error {
		clear(last)
		for _, d := range boards {
			v.look(d, seen, last)
		}
		missing := 0
		var sb strings.Builder
		for name, err := range last {
			if mayBeEmpty[name] == "" {
				missing++
				fmt.Fprintf(&sb, "\n%s: %v", name, err)
			}
		}
		if missing > 0 {
			return fmt.Errorf("%d of %d queries: %s", missing, queries, sb.String())
		}
		return nil
	})
	for name := range last {
		t.Logf("empty, which may be: %s: %s", name, mayBeEmpty[name])
	}
	t.Logf("%d dashboards, %d panels, %d queries; %d answered with data, with annotations and variables, after %s", len(boards), panels, queries, len(seen), time.Since(begin).Round(time.Second))
	unlisted(t, a)
}

// strangeMetric is a metric of the shop that jumps.
const strangeMetric = "shop.dashboards.depth"

// live is one second of the life of the host, its programs and its pods.
func live(ctx context.Context, a *agent, app *application, shop *instrumented, depth metric.Float64Gauge, second int, strange bool) {
	app.now()
	app.writePlain(5)
	level := 100.0
	if strange {
		level = 1000
		app.writeRefused(20)
	}
	depth.Record(ctx, level+float64(second*7%5))
	shop.push()
	_ = sendKubelet(ctx, a, second) // sent again in a second
}

// sendKubelet sends what a kubelet's pages /metrics/cadvisor and /metrics/resource, and its
// list of pods, have of a pod that is close to its limits.
func sendKubelet(ctx context.Context, a *agent, second int) error {
	now := fmt.Sprint(time.Now().UnixNano())
	var metrics []map[string]any
	add := func(name string, counter bool, value float64, labels map[string]string) {
		var attributes []map[string]any
		for k, v := range labels {
			attributes = append(attributes, map[string]any{"key": k, "value": map[string]string{"stringValue": v}})
		}
		points := map[string]any{"dataPoints": []any{map[string]any{"timeUnixNano": now, "asDouble": value, "attributes": attributes}}}
		if counter {
			points["aggregationTemporality"], points["isMonotonic"] = 2, true
			metrics = append(metrics, map[string]any{"name": name, "sum": points})
			return
		}
		metrics = append(metrics, map[string]any{"name": name, "gauge": points})
	}
	s := float64(second)
	for _, c := range []string{"web", "sidecar"} {
		labels := map[string]string{"namespace": "shop", "pod": "front-7d4b9", "container": c}
		add("container_cpu_usage_seconds_total", true, s/4, labels)
		add("container_cpu_cfs_periods_total", true, s*10, labels)
		add("container_cpu_cfs_throttled_periods_total", true, s*3, labels)
		add("container_oom_events_total", true, 1, labels)
		add("container_memory_working_set_bytes", false, 900e6, labels)
		add("container_spec_memory_limit_bytes", false, 1e9, labels)
		add("kube_pod_container_status_restarts_total", true, float64(second/40), labels)
		labels = map[string]string{"namespace": "shop", "pod": "front-7d4b9", "container": c, "reason": "OOMKilled"}
		add("kube_pod_container_status_last_terminated_reason", false, 1, labels)
		labels = map[string]string{"namespace": "shop", "pod": "front-7d4b9", "container": c, "reason": "CrashLoopBackOff"}
		add("kube_pod_container_status_waiting_reason", false, 1, labels)
	}
	pod := map[string]string{"namespace": "shop", "pod": "front-7d4b9"}
	add("pod_memory_working_set_bytes", false, 950e6, pod)
	network := map[string]string{"namespace": "shop", "pod": "front-7d4b9", "interface": "eth0"}
	add("container_network_receive_bytes_total", true, s*1000, network)
	add("container_network_transmit_bytes_total", true, s*2000, network)
	add("node_cpu_usage_seconds_total", true, s/2, nil)
	add("node_memory_working_set_bytes", false, 5e9, nil)
	add("machine_cpu_cores", false, 2, nil)
	add("machine_memory_bytes", false, 8e9, nil)
	body, err := json.Marshal(map[string]any{"resourceMetrics": []any{map[string]any{
		"resource":     map[string]any{"attributes": []any{map[string]any{"key": "service.name", "value": map[string]string{"stringValue": "kubelet"}}}},
		"scopeMetrics": []any{map[string]any{"metrics": metrics}},
	}}})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, fmt.Sprintf("http://127.0.0.1:%d/v1/metrics", a.http), bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(r)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// unlisted fails for what the agent serves and signals.Metrics lacks, or has with another type: the reference would
// be wrong, and lint would call it unknown.
func unlisted(t *testing.T, a *agent) {
	t.Helper()
	listed := map[string]string{}
	for _, m := range signals.Metrics() {
		listed[m.Name] = m.Type
	}
	served := regexp.MustCompile(`(?m)^# TYPE (\w+) (\w+)$`)
	for _, port := range []int{a.metrics, a.telemetry} {
		_, page, err := get(fmt.Sprintf("http://127.0.0.1:%d/metrics", port))
		require.NoError(t, err)
		for _, m := range served.FindAllStringSubmatch(string(page), -1) {
			if dashboards.Own(m[1]) {
				assert.Equal(t, m[2], listed[m[1]], "%s is served as a %s: signals/metrics.txt says how to list it", m[1], m[2])
			}
		}
	}
}
