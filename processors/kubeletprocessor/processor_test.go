package kubeletprocessor_test

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/goleak"

	"github.com/tidewatch/tidewatch/internal/kubelet/kubelettest"
	"github.com/tidewatch/tidewatch/processors/kubeletprocessor"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = time.Minute

var (
	web = kubelettest.Pod{
		Namespace: "shop", Name: "web-6d4b75cb6d-x2x9k", UID: "uid-web", IP: "10.1.0.9", OwnerKind: "ReplicaSet", OwnerName: "web-6d4b75cb6d",
		Labels:      map[string]string{"pod-template-hash": "6d4b75cb6d", "app": "web", "app.kubernetes.io/name": "storefront", "app.kubernetes.io/version": "2.1"},
		Annotations: map[string]string{"team": "blue"}, Containers: []string{"app=4f1c", "sidecar=77aa"},
	}
	db = kubelettest.Pod{Namespace: "shop", Name: "db-0", UID: "uid-db", IP: "10.1.0.10", OwnerKind: "StatefulSet", OwnerName: "db", Containers: []string{"postgres=99bb"}}
)

type harness struct {
	t    *testing.T
	tel  *componenttest.Telemetry
	logs processor.Logs
	sink *consumertest.LogsSink
}

func configFor(k *kubelettest.Kubelet) *kubeletprocessor.Config {
	cfg := kubeletprocessor.NewFactory().CreateDefaultConfig().(*kubeletprocessor.Config)
	cfg.Endpoint, cfg.TokenFile, cfg.TLS.CAFile = k.URL, k.TokenFile, k.CAFile
	cfg.MinRefreshInterval, cfg.RefreshInterval, cfg.Timeout = time.Millisecond, time.Hour, patience
	cfg.WaitAtStart, cfg.WaitUnknown = patience, patience
	return cfg
}

func settings(tel *componenttest.Telemetry) processor.Settings {
	set := processortest.NewNopSettings(component.MustNewType("kubelet"))
	set.TelemetrySettings = tel.NewTelemetrySettings()
	return set
}

func start(t *testing.T, cfg *kubeletprocessor.Config) *harness {
	t.Helper()
	h := &harness{t: t, tel: componenttest.NewTelemetry(), sink: new(consumertest.LogsSink)}
	var err error
	h.logs, err = kubeletprocessor.NewFactory().CreateLogs(t.Context(), settings(h.tel), cfg, h.sink)
	require.NoError(t, err)
	require.NoError(t, h.logs.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() {
		require.NoError(t, h.logs.Shutdown(context.Background()))
		require.NoError(t, h.logs.Shutdown(context.Background()), "may run twice")
		require.NoError(t, h.tel.Shutdown(context.Background()))
	})
	return h
}

// annotate returns the attributes of a resource after the processor.
func (h *harness) annotate(ctx context.Context, attrs map[string]any) map[string]any {
	h.t.Helper()
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	require.NoError(h.t, rl.Resource().Attributes().FromRaw(attrs))
	rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr("hello")
	h.sink.Reset()
	require.NoError(h.t, h.logs.ConsumeLogs(ctx, ld))
	require.Equal(h.t, 1, h.sink.LogRecordCount())
	return h.sink.AllLogs()[0].ResourceLogs().At(0).Resource().Attributes().AsRaw()
}

func from(ip string) context.Context {
	return client.NewContext(context.Background(), client.Info{Addr: &net.TCPAddr{IP: net.ParseIP(ip), Port: 4317}})
}

func sum(t *testing.T, tel *componenttest.Telemetry, name string) (total int64) {
	t.Helper()
	m, err := tel.GetMetric(name)
	require.NoError(t, err)
	for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
		total += p.Value
	}
	return total
}

func TestALineSaysWhichWorkloadWroteIt(t *testing.T) {
	k := kubelettest.New(t)
	k.Add(web, db)
	cfg := configFor(k)
	cfg.Labels, cfg.Annotations = []string{"app", "app.kubernetes.io/*"}, []string{"team"}
	h := start(t, cfg)
	path := "/var/log/pods/shop_web-6d4b75cb6d-x2x9k_uid-web/app/2.log"
	require.Equal(t, map[string]any{
		"log.file.path":      path,
		"k8s.namespace.name": "shop", "k8s.pod.name": "web-6d4b75cb6d-x2x9k", "k8s.pod.uid": "uid-web", "k8s.node.name": "node-1",
		"k8s.deployment.name": "web", "k8s.replicaset.name": "web-6d4b75cb6d",
		"k8s.container.name": "app", "k8s.container.restart_count": int64(2), "container.id": "4f1c",
		"container.image.name": "registry.example/app", "container.image.tags": []any{"1.4"},
		"k8s.pod.label.app": "web", "k8s.pod.label.app.kubernetes.io/name": "storefront", "k8s.pod.label.app.kubernetes.io/version": "2.1", "k8s.pod.annotation.team": "blue",
		"service.name": "storefront", "service.namespace": "shop", "service.version": "2.1",
	}, h.annotate(t.Context(), map[string]any{"log.file.path": path}))

	old := h.annotate(t.Context(), map[string]any{"log.file.path": "/var/log/pods/shop_db-0_uid-db/postgres/1.log"})
	require.Equal(t, "db", old["k8s.statefulset.name"])
	require.Equal(t, "db", old["service.name"])
	require.NotContains(t, old, "container.id", "the log is of an earlier start")
	require.Equal(t, int64(2), sum(t, h.tel, "tidewatch_kubelet_matched"))
	m, err := h.tel.GetMetric("tidewatch_kubelet_pods")
	require.NoError(t, err)
	require.Equal(t, int64(2), m.Data.(metricdata.Gauge[int64]).DataPoints[0].Value)
}

func TestOTLPIsKnownByAddressNameAndContainer(t *testing.T) {
	k := kubelettest.New(t)
	k.Add(web, db)
	h := start(t, configFor(k))
	pod := func(attrs map[string]any) any { return attrs["k8s.pod.name"] }
	require.Equal(t, "db-0", pod(h.annotate(t.Context(), map[string]any{"k8s.pod.ip": "10.1.0.10"})))
	require.Equal(t, "db-0", pod(h.annotate(t.Context(), map[string]any{"k8s.pod.uid": "uid-db"})))
	require.Equal(t, "db-0", pod(h.annotate(t.Context(), map[string]any{"container.id": "containerd://99bb"})))
	byName := h.annotate(t.Context(), map[string]any{"k8s.namespace.name": "shop", "k8s.pod.name": "db-0", "service.name": "mine"})
	require.Equal(t, "uid-db", byName["k8s.pod.uid"])
	require.Equal(t, "postgres", byName["k8s.container.name"], "it is the only one")
	require.Equal(t, "mine", byName["service.name"])
	require.NotContains(t, byName, "service.namespace")

	got := h.annotate(from("10.1.0.9"), map[string]any{"service.name": "mine", "host.name": "web-6d4b75cb6d-x2x9k"})
	require.Equal(t, "web", got["k8s.deployment.name"])
	require.NotContains(t, got, "k8s.container.name", "it has two")
	require.Equal(t, "sidecar", h.annotate(from("10.1.0.9"), map[string]any{"k8s.container.name": "sidecar"})["k8s.container.name"])
	for _, relayed := range []map[string]any{{"host.name": "another"}, {"k8s.node.name": "node-9"}, {"k8s.pod.name": "other-1"}} {
		require.NotContains(t, h.annotate(from("10.1.0.9"), relayed), "k8s.deployment.name")
	}
	for _, stranger := range []context.Context{from("10.9.9.9"), from("127.0.0.1"), t.Context()} {
		require.Empty(t, h.annotate(stranger, map[string]any{}))
	}
}

func TestWhatIsThereIsKeptUnlessOverridingIsAskedFor(t *testing.T) {
	k := kubelettest.New(t)
	k.Add(db)
	cfg := configFor(k)
	given := map[string]any{"k8s.pod.uid": "uid-db", "k8s.namespace.name": "mine"}
	require.Equal(t, "mine", start(t, cfg).annotate(t.Context(), given)["k8s.namespace.name"])
	cfg.Override = true
	require.Equal(t, "shop", start(t, cfg).annotate(t.Context(), given)["k8s.namespace.name"])
}

func TestRecordsWaitForTheFirstListAndForANewPod(t *testing.T) {
	k := kubelettest.New(t)
	k.Add(web)
	asked, answer := make(chan struct{}), make(chan struct{})
	k.Serve("/pods", func(w http.ResponseWriter, _ *http.Request) {
		close(asked)
		<-answer
		k.Serve("/pods", nil)
		w.WriteHeader(http.StatusInternalServerError)
	})
	h := start(t, configFor(k))
	<-asked
	go close(answer)
	require.Equal(t, "web", h.annotate(t.Context(), map[string]any{"k8s.pod.uid": "uid-web"})["k8s.deployment.name"])
	k.Add(db)
	require.Equal(t, "db", h.annotate(t.Context(), map[string]any{"log.file.path": "/var/log/pods/shop_db-0_uid-db/postgres/2.log"})["k8s.statefulset.name"])
	require.Positive(t, sum(t, h.tel, "tidewatch_kubelet_held"))
}

func TestAMissIsTaggedAndCounted(t *testing.T) {
	k := kubelettest.New(t)
	cfg := configFor(k)
	h := start(t, cfg)
	path := "/var/log/pods/shop_ghost_uid-ghost/app/0.log"
	want := map[string]any{
		"log.file.path": path, "k8s.namespace.name": "shop", "k8s.pod.name": "ghost", "k8s.pod.uid": "uid-ghost", "k8s.container.name": "app", "k8s.container.restart_count": int64(0),
		"tidewatch.pod.metadata": "unknown",
	}
	require.Equal(t, want, h.annotate(t.Context(), map[string]any{"log.file.path": path}))
	require.Equal(t, want, h.annotate(t.Context(), map[string]any{"log.file.path": path}), "the second one does not wait")
	require.Equal(t, int64(2), sum(t, h.tel, "tidewatch_kubelet_missed"))
}

func TestWithoutAKubeletRecordsPassTagged(t *testing.T) {
	k := kubelettest.New(t)
	k.Serve("/pods", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	cfg := configFor(k)
	cfg.WaitAtStart, cfg.WaitUnknown = 10*time.Millisecond, 0
	h := start(t, cfg)
	got := h.annotate(t.Context(), map[string]any{"log.file.path": "/var/log/pods/shop_db-0_uid-db/postgres/0.log"})
	require.Equal(t, "pending", got["tidewatch.pod.metadata"])
	require.Equal(t, "db-0", got["k8s.pod.name"])
	require.Equal(t, map[string]any{"service.name": "x"}, h.annotate(from("10.1.0.9"), map[string]any{"service.name": "x"}))
}

func TestPointsOfCadvisorGetTheirWorkload(t *testing.T) {
	k := kubelettest.New(t)
	k.Add(web)
	sink := new(consumertest.MetricsSink)
	p, err := kubeletprocessor.NewFactory().CreateMetrics(t.Context(), settings(componenttest.NewTelemetry()), configFor(k), sink)
	require.NoError(t, err)
	require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, p.Shutdown(context.Background())) })
	batch := func() pmetric.Metrics {
		md := pmetric.NewMetrics()
		rm := md.ResourceMetrics().AppendEmpty()
		rm.Resource().Attributes().PutStr("k8s.pod.uid", "uid-web") // so that the pods are listed before
		ms := rm.ScopeMetrics().AppendEmpty().Metrics()
		ms.AppendEmpty().SetEmptyGauge().DataPoints().AppendEmpty()
		ms.AppendEmpty().SetEmptySum().DataPoints().AppendEmpty()
		ms.AppendEmpty().SetEmptyHistogram().DataPoints().AppendEmpty()
		ms.AppendEmpty().SetEmptyExponentialHistogram().DataPoints().AppendEmpty()
		ms.AppendEmpty().SetEmptySummary().DataPoints().AppendEmpty()
		ms.AppendEmpty()
		for i, attrs := range []interface{ PutStr(string, string) }{
			ms.At(0).Gauge().DataPoints().At(0).Attributes(), ms.At(1).Sum().DataPoints().At(0).Attributes(), ms.At(2).Histogram().DataPoints().At(0).Attributes(),
			ms.At(3).ExponentialHistogram().DataPoints().At(0).Attributes(), ms.At(4).Summary().DataPoints().At(0).Attributes(),
		} {
			attrs.PutStr("namespace", "shop")
			attrs.PutStr("pod", []string{web.Name, "ghost"}[min(i/4, 1)])
		}
		return md
	}
	require.NoError(t, p.ConsumeMetrics(t.Context(), batch()))
	ms := sink.AllMetrics()[0].ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
	want := map[string]any{"namespace": "shop", "pod": web.Name, "workload": "web", "workload_type": "deployment"}
	require.Equal(t, want, ms.At(0).Gauge().DataPoints().At(0).Attributes().AsRaw())
	require.Equal(t, want, ms.At(1).Sum().DataPoints().At(0).Attributes().AsRaw())
	require.Equal(t, want, ms.At(2).Histogram().DataPoints().At(0).Attributes().AsRaw())
	require.Equal(t, want, ms.At(3).ExponentialHistogram().DataPoints().At(0).Attributes().AsRaw())
	require.Equal(t, map[string]any{"namespace": "shop", "pod": "ghost"}, ms.At(4).Summary().DataPoints().At(0).Attributes().AsRaw())
}

func TestTracesToo(t *testing.T) {
	k := kubelettest.New(t)
	k.Add(db)
	sink := new(consumertest.TracesSink)
	p, err := kubeletprocessor.NewFactory().CreateTraces(t.Context(), settings(componenttest.NewTelemetry()), configFor(k), sink)
	require.NoError(t, err)
	require.NoError(t, p.Shutdown(t.Context()), "may run without start")
	require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))
	td := ptrace.NewTraces()
	td.ResourceSpans().AppendEmpty().Resource().Attributes().PutStr("container.id", "99bb")
	require.NoError(t, p.ConsumeTraces(t.Context(), td))
	got := sink.AllTraces()[0].ResourceSpans().At(0).Resource().Attributes().AsRaw()
	require.Equal(t, "db-0", got["k8s.pod.name"])
	require.NoError(t, p.Shutdown(t.Context()))
}

func TestAWrongEndpointFailsTheStart(t *testing.T) {
	cfg := kubeletprocessor.NewFactory().CreateDefaultConfig().(*kubeletprocessor.Config)
	cfg.Endpoint = "ftp://x"
	p, err := kubeletprocessor.NewFactory().CreateLogs(t.Context(), settings(componenttest.NewTelemetry()), cfg, consumertest.NewNop())
	require.NoError(t, err)
	require.ErrorContains(t, p.Start(t.Context(), componenttest.NewNopHost()), "endpoint")
	require.NoError(t, p.Shutdown(t.Context()))
}
