//go:build e2e

package e2e

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"

	"github.com/tidewatch/tidewatch/internal/kubelet/kubelettest"
)

// logSink takes OTLP over HTTP and keeps, by text, the resources that a line came with.
type logSink struct {
	*httptest.Server
	mu    sync.Mutex // guards lines
	lines map[string][]map[string]any
}

func newLogSink(t *testing.T) *logSink {
	t.Helper()
	s := &logSink{lines: map[string][]map[string]any{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := s.take(r); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *logSink) take(r *http.Request) error {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			return err
		}
		body = z
	}
	b, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	req := plogotlp.NewExportRequest()
	if err := req.UnmarshalProto(b); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, rl := range req.Logs().ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				text := lr.Body().AsString()
				s.lines[text] = append(s.lines[text], rl.Resource().Attributes().AsRaw())
			}
		}
	}
	return nil
}

// of returns the resources of the lines that have the text.
func (s *logSink) of(text string) []map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []map[string]any
	for line, resources := range s.lines {
		if strings.Contains(line, text) {
			found = append(found, resources...)
		}
	}
	return found
}

// podLog is the folder of a container's logs as a kubelet lays it out.
type podLog struct {
	t    *testing.T
	file string
}

func newPodLog(t *testing.T, root string, p kubelettest.Pod, container string) *podLog {
	t.Helper()
	dir := filepath.Join(root, p.Namespace+"_"+p.Name+"_"+p.UID, container)
	require.NoError(t, os.MkdirAll(dir, 0o755))
	return &podLog{t, filepath.Join(dir, "2.log")}
}

// write appends lines as a container runtime does; the last one is cut in two, as it
// does with long ones.
func (l *podLog) write(lines ...string) {
	l.t.Helper()
	var text bytes.Buffer
	for i, line := range lines {
		at := time.Now().UTC().Format(time.RFC3339Nano)
		if half := len(line) / 2; i == len(lines)-1 {
			fmt.Fprintf(&text, "%s stdout P %s\n", at, line[:half])
			line = line[half:]
		}
		fmt.Fprintf(&text, "%s stdout F %s\n", at, line)
	}
	f, err := os.OpenFile(l.file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	require.NoError(l.t, err)
	_, err = text.WriteTo(f)
	require.NoError(l.t, err)
	require.NoError(l.t, f.Close())
}

// rotate is what a kubelet does with a log that is full.
func (l *podLog) rotate() {
	l.t.Helper()
	require.NoError(l.t, os.Rename(l.file, l.file+time.Now().UTC().Format(".20060102-150405")))
}

func TestKubernetes(t *testing.T) {
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		fmt.Fprint(w, "# TYPE orders_total counter\norders_total{currency=\"EUR\"} 42\n")
	}))
	t.Cleanup(app.Close)
	host, port, _ := strings.Cut(strings.TrimPrefix(app.URL, "http://"), ":")
	web := kubelettest.Pod{
		Namespace: "shop", Name: "web-6d4b75cb6d-x2x9k", UID: "4f1c8a52-0001", IP: "10.1.0.9", OwnerKind: "ReplicaSet", OwnerName: "web-6d4b75cb6d",
		Labels: map[string]string{"pod-template-hash": "6d4b75cb6d"}, Containers: []string{"app=4f1c"},
	}
	late := kubelettest.Pod{
		Namespace: "shop", Name: "orders-0", UID: "4f1c8a52-0002", IP: host, OwnerKind: "StatefulSet", OwnerName: "orders", Containers: []string{"orders=77aa"},
		Annotations: map[string]string{"prometheus.io/scrape": "true", "prometheus.io/port": port},
	}
	k := kubelettest.New(t)
	k.Add(web)
	k.Page("/metrics/cadvisor", `# TYPE container_cpu_usage_seconds_total counter
container_cpu_usage_seconds_total{container="",cpu="total",id="/",image="",name="",namespace="",pod=""} 9000
container_cpu_usage_seconds_total{container="",cpu="total",id="/system.slice/sshd.service",image="",name="",namespace="",pod=""} 3
container_cpu_usage_seconds_total{container="app",cpu="total",id="/kubepods/pod4f1c/4f1c",image="registry.example/app:1.4",name="4f1c",namespace="shop",pod="web-6d4b75cb6d-x2x9k"} 12.5
# TYPE container_tasks_state gauge
container_tasks_state{container="app",namespace="shop",pod="web-6d4b75cb6d-x2x9k",state="running"} 1
`)
	k.Page("/metrics/resource", "# TYPE node_memory_working_set_bytes gauge\nnode_memory_working_set_bytes 1.5e+09\n")
	k.Page("/metrics/probes", "# TYPE prober_probe_total counter\nprober_probe_total{container=\"app\",namespace=\"shop\",pod=\"web-6d4b75cb6d-x2x9k\",pod_uid=\"4f1c8a52-0001\",probe_type=\"Liveness\",result=\"failed\"} 4\n")

	sink := newLogSink(t)
	a := newAgent(t)
	a.profile = "builtin:kubernetes"
	a.env = append(a.env, "NODE_IP=127.0.0.1", "NODE_NAME=node-1", "TIDEWATCH_HOST_ROOT=/")
	pods := filepath.Join(t.TempDir(), "pods")
	kubelet := fmt.Sprintf("endpoint: %q, token_file: %q, tls: {ca_file: %q}, refresh_interval: 2s, timeout: 1m", k.URL, k.TokenFile, k.CAFile)
	a.set = append(a.set,
		"receivers::tail::include=["+pods+"/*/*/*.log]", "receivers::tail::start_at=beginning", "receivers::tail::discovery_interval=500ms",
		"receivers::scrape::scrape_interval=2s", "receivers::scrape::scrape_timeout=2s", "receivers::scrape::discovery_interval=500ms",
		"receivers::scrape::kubelet={"+kubelet+"}",
		"processors::kubelet={"+kubelet+", wait_at_start: 1m, wait_unknown: 1m}", // however busy the machine is
		fmt.Sprintf("exporters::otlp_http/test={endpoint: %q}", sink.URL),
		"service::pipelines::logs::exporters=[console, pattern, root_cause, otlp_http/test]",
	)
	log := newPodLog(t, pods, web, "app")
	log.write("first line of the shop", "second line of the shop")
	a.start()

	// Lines say which workload wrote them, over a rotation, each once.
	eventually(t, 2*time.Minute, "the first lines arrive", func() error { return want(2, len(sink.of("line of the shop"))) })
	log.rotate()
	log.write("third line of the shop")
	log.write("fourth line of the shop", "fifth line of the shop")
	eventually(t, 2*time.Minute, "the lines after the rotation arrive", func() error { return want(5, len(sink.of("line of the shop"))) })
	for _, number := range []string{"first", "second", "third", "fourth", "fifth"} {
		found := sink.of(number + " line of the shop")
		require.Len(t, found, 1)
		for key, value := range map[string]any{
			"k8s.namespace.name": "shop", "k8s.pod.name": web.Name, "k8s.container.name": "app", "k8s.deployment.name": "web", "k8s.node.name": "node-1",
			"service.name": "web", "service.namespace": "shop", "container.id": "4f1c", "host.name": "node-1",
		} {
			require.Equal(t, value, found[0][key], "%s of the %s line", key, number)
		}
	}

	// The kubelet's pages are on the agent's own, with the pods' labels.
	pod := []string{`namespace="shop"`, `pod="web-6d4b75cb6d-x2x9k"`, `container="app"`, `node="node-1"`, `job="kubelet"`, `workload="web"`, `workload_type="deployment"`}
	series := func(name string, labels ...string) float64 {
		_, page, err := get(fmt.Sprintf("http://127.0.0.1:%d/metrics", a.metrics))
		if err != nil {
			return 0
		}
		return sumSeries(page, name, labels...)
	}
	eventually(t, 2*time.Minute, "the kubelet's pages are scraped", func() error {
		if got := series("container_cpu_usage_seconds_total", append(pod, `metrics_path="/metrics/cadvisor"`)...); got != 12.5 {
			return fmt.Errorf("container_cpu_usage_seconds_total is %v", got)
		}
		if got := series("prober_probe_total", append(pod, `result="failed"`)...); got != 4 {
			return fmt.Errorf("prober_probe_total is %v", got)
		}
		if got := series("kube_pod_container_status_restarts_total", append(pod, `metrics_path="/pods"`)...); got != 2 {
			return fmt.Errorf("kube_pod_container_status_restarts_total is %v", got)
		}
		if got := series("up", `job="kubelet"`); got != 4 {
			return fmt.Errorf("up is %v in all", got)
		}
		if got := series("container_cpu_usage_seconds_total"); got != 9012.5 {
			return fmt.Errorf("the series of pods and the node are %v in all", got)
		}
		if got := series("node_memory_working_set_bytes", `node="node-1"`, `metrics_path="/metrics/resource"`); got != 1.5e9 {
			return fmt.Errorf("node_memory_working_set_bytes is %v", got)
		}
		return nil
	})
	require.Zero(t, series("container_tasks_state"), "nobody asks for it")

	// A pod that appears later is found, with the token that the cluster has rotated.
	k.RotateToken("second")
	k.Add(late)
	newPodLog(t, pods, late, "orders").write("a line of the late pod")
	eventually(t, 2*time.Minute, "the late pod's line arrives", func() error { return want(1, len(sink.of("a line of the late pod"))) })
	got := sink.of("a line of the late pod")[0]
	require.Equal(t, "orders", got["k8s.statefulset.name"])
	require.NotContains(t, got, "tidewatch.pod.metadata")
	eventually(t, 2*time.Minute, "the late pod is scraped", func() error {
		return want(42, int(series("orders_total", `job="shop/orders"`, `namespace="shop"`, `pod="orders-0"`, `container="orders"`, `node="node-1"`, `currency="EUR"`, `workload="orders"`)))
	})
	k.Remove(late.UID)
	eventually(t, 2*time.Minute, "the series of a pod that is gone end", func() error { return want(0, int(series("orders_total"))) })
	require.NoError(t, a.stop())
}

func want(want, got int) error {
	if got != want {
		return fmt.Errorf("%d, not %d", got, want)
	}
	return nil
}
