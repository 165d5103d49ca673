package kubelet_test

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/metric/noop"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/tidewatch/tidewatch/internal/kubelet"
	"github.com/tidewatch/tidewatch/internal/kubelet/kubelettest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = time.Minute

func config(k *kubelettest.Kubelet) kubelet.Config {
	cfg := kubelet.DefaultConfig()
	cfg.Endpoint, cfg.TokenFile, cfg.TLS.CAFile = k.URL, k.TokenFile, k.CAFile
	cfg.Timeout = patience
	cfg.MinRefreshInterval, cfg.RefreshInterval = time.Millisecond, 20*time.Millisecond
	return cfg
}

func open(t *testing.T, cfg kubelet.Config) *kubelet.Directory {
	t.Helper()
	d, err := kubelet.Open(cfg, zap.NewNop())
	require.NoError(t, err)
	t.Cleanup(d.Close)
	return d
}

func ready(t *testing.T, d *kubelet.Directory) {
	t.Helper()
	select {
	case <-d.Ready():
	case <-time.After(patience):
		require.Fail(t, "no list")
	}
}

var web = kubelettest.Pod{
	Namespace: "shop", Name: "web-6d4b75cb6d-x2x9k", UID: "uid-web", IP: "10.1.0.9", OwnerKind: "ReplicaSet", OwnerName: "web-6d4b75cb6d",
	Labels: map[string]string{"pod-template-hash": "6d4b75cb6d", "app": "web"}, Containers: []string{"app=4f1c", "sidecar=77aa"},
}

func TestPodsAreFoundUnderAllTheirNames(t *testing.T) {
	k := kubelettest.New(t)
	k.Add(web, kubelettest.Pod{Namespace: "kube-system", Name: "proxy-1", UID: "uid-proxy", IP: "10.0.0.7", HostNetwork: true, OwnerKind: "DaemonSet", OwnerName: "proxy"})
	d := open(t, config(k))
	ready(t, d)
	x := d.Index()
	p := x.UID("uid-web")
	require.NotNil(t, p)
	require.Equal(t, "web", p.Workload)
	require.Equal(t, kubelet.KindDeployment, p.WorkloadKind)
	require.Same(t, p, x.Name("shop", web.Name))
	require.Same(t, p, x.IP(netip.MustParseAddr("::ffff:10.1.0.9")))
	byID, c := x.ContainerID("77aa")
	require.Same(t, p, byID)
	require.Equal(t, "sidecar", c.Name)
	require.Equal(t, map[string]float64{"memory": 128 << 20, "cpu": 0.5}, c.Limits)
	require.Equal(t, kubelet.State{Name: "terminated", Reason: "OOMKilled", ExitCode: 137}, c.Last)
	require.Nil(t, x.IP(netip.MustParseAddr("10.0.0.7")), "the node's address is no pod's")
	require.Equal(t, kubelettest.Node, d.Node())
	require.Len(t, x.Pods(), 2)
}

func TestAPodThatIsGoneIsRememberedForItsLastLines(t *testing.T) {
	k := kubelettest.New(t)
	k.Add(web)
	cfg := config(k)
	cfg.KeepGone = time.Hour
	d := open(t, cfg)
	ready(t, d)
	k.Remove(web.UID)
	require.Eventually(t, func() bool { return len(d.Index().Pods()) == 0 }, patience, time.Millisecond)
	require.NotNil(t, d.Index().UID(web.UID))
	require.Nil(t, d.Index().IP(netip.MustParseAddr(web.IP)), "the address may be another's soon")
	k.Add(web)
	require.Eventually(t, func() bool { return d.Index().IP(netip.MustParseAddr(web.IP)) != nil }, patience, time.Millisecond)
}

func TestTheTokenIsReadAgainWhenItIsRotated(t *testing.T) {
	k := kubelettest.New(t)
	d := open(t, config(k))
	ready(t, d)
	k.RotateToken("second")
	k.Add(web)
	require.Eventually(t, func() bool { return d.Index().UID(web.UID) != nil }, patience, time.Millisecond)
}

func TestAnUnknownPodIsAskedForAtOnce(t *testing.T) {
	k := kubelettest.New(t)
	cfg := config(k)
	cfg.RefreshInterval = time.Hour
	d := open(t, cfg)
	ready(t, d)
	k.Add(web)
	found := func(x *kubelet.Index) bool { return x.UID(web.UID) != nil }
	require.True(t, d.Await(t.Context(), web.UID, patience, found))
	lists := k.Lists()
	require.False(t, d.Await(t.Context(), "nobody", patience, func(*kubelet.Index) bool { return false }))
	require.False(t, d.Await(t.Context(), "nobody", patience, func(*kubelet.Index) bool { return true }), "it was asked for before")
	require.Greater(t, k.Lists(), lists)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.False(t, d.Await(ctx, "somebody", patience, func(*kubelet.Index) bool { return false }))
}

func TestTenThousandPodsAreCapped(t *testing.T) {
	k := kubelettest.New(t)
	for i := range 10_000 {
		k.Add(kubelettest.Pod{Namespace: "load", Name: fmt.Sprint("pod-", i), UID: fmt.Sprint("uid-", i), Containers: []string{"c=" + fmt.Sprint(i)}})
	}
	cfg := config(k)
	cfg.RefreshInterval = time.Hour
	d := open(t, cfg)
	ready(t, d)
	require.Eventually(t, func() bool { return d.Stats().Refused == 5000 }, patience, time.Millisecond)
	require.Equal(t, 5000, d.Stats().Pods)
}

func TestAFaultyKubeletIsSaidOnceAndTriedAgain(t *testing.T) {
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	body := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) }
	}
	for name, c := range map[string]struct {
		page http.HandlerFunc
		want string
	}{
		"forbidden":    {status(http.StatusForbidden), "nodes/pods"},
		"unauthorized": {status(http.StatusUnauthorized), "token_file"},
		"broken":       {status(http.StatusInternalServerError), "500"},
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://elsewhere.example/", http.StatusFound)
		}, "302"},
		"garbage":      {body("<html>"), "invalid character"},
		"cut":          {body(`{"items":[{"metadata":{"na`), "unexpected EOF"},
		"not a list":   {body(`{"kind":"Status"}`), "no items"},
		"other items":  {body(`{"items":{}}`), "no list"},
		"huge":         {body(`{"items":[` + strings.Repeat(" ", 3<<20)), "max_body_bytes"},
		"huge garbage": {body(`{"kind":"` + strings.Repeat("x", 3<<20)), "max_body_bytes"},
		"slow": {func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
		}, "list pods"},
	} {
		t.Run(name, func(t *testing.T) {
			k := kubelettest.New(t)
			k.Add(web)
			k.Serve("/pods", c.page)
			cfg := config(k)
			cfg.MaxBodyBytes = 1 << 20
			if name == "slow" {
				cfg.Timeout = 20 * time.Millisecond
			}
			core, logs := observer.New(zap.InfoLevel)
			d, err := kubelet.Open(cfg, zap.New(core))
			require.NoError(t, err)
			defer d.Close()
			require.Eventually(t, func() bool { return d.Stats().Failures > 2 }, patience, time.Millisecond)
			require.Len(t, logs.All(), 1)
			require.Contains(t, logs.All()[0].ContextMap()["error"], c.want)
			require.NotContains(t, logs.All()[0].ContextMap()["error"], "first", "the token is a secret")
			if name == "slow" {
				return // this one's timeout is too short for a busy machine
			}
			k.Serve("/pods", nil)
			ready(t, d)
			require.Eventually(t, func() bool { return logs.Len() == 2 }, patience, time.Millisecond)
			require.NotNil(t, d.Index().UID(web.UID))
		})
	}
}

func TestWhatIsNoPodHidesNoOthers(t *testing.T) {
	k := kubelettest.New(t)
	k.Serve("/pods", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"items":[null, {"metadata":{"name":5}}, {"metadata":{"name":"n"}}, {"metadata":{"name":"n","namespace":"s","uid":"u"}},
			{"metadata":{"name":"` + strings.Repeat("n", 1000) + `","namespace":"s","uid":"v"}}, {"metadata":{"name":"m","namespace":"s","uid":"w"},"status":{"podIP":"nonsense"}}]}`))
	})
	d := open(t, config(k))
	ready(t, d)
	require.Len(t, d.Index().Pods(), 2)
}

func TestAnotherCertificateIsRefusedUntilTheFileHasIt(t *testing.T) {
	k := kubelettest.New(t)
	right, err := os.ReadFile(k.CAFile)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(k.CAFile, []byte("none"), 0o600))
	d := open(t, config(k))
	require.Eventually(t, func() bool { return d.Stats().Failures > 1 }, patience, time.Millisecond)
	require.Zero(t, k.Lists())
	require.NoError(t, os.WriteFile(k.CAFile, right, 0o600))
	ready(t, d)
}

func TestComponentsShareOneDirectory(t *testing.T) {
	k := kubelettest.New(t)
	cfg := config(k)
	a, endA, err := kubelet.Acquire(cfg, zap.NewNop(), noop.Meter{})
	require.NoError(t, err)
	b, endB, err := kubelet.Acquire(cfg, zap.NewNop(), noop.Meter{})
	require.NoError(t, err)
	require.Same(t, a, b)
	endA()
	ready(t, b)
	endB()
	c, endC, err := kubelet.Acquire(cfg, zap.NewNop(), noop.Meter{})
	require.NoError(t, err)
	require.NotSame(t, a, c)
	endC()
	cfg.Endpoint = "https://"
	_, _, err = kubelet.Acquire(cfg, zap.NewNop(), noop.Meter{})
	require.ErrorContains(t, err, "endpoint")
}

func TestConfigNamesTheKey(t *testing.T) {
	require.NoError(t, kubelet.DefaultConfig().Check())
	for want, change := range map[string]func(*kubelet.Config){
		"NODE_IP":              func(c *kubelet.Config) { c.Endpoint = "" },
		"no user":              func(c *kubelet.Config) { c.Endpoint = "https://u:p@h:1" },
		"timeout must":         func(c *kubelet.Config) { c.Timeout = 0 },
		"min_refresh_interval": func(c *kubelet.Config) { c.MinRefreshInterval = 0 },
		"refresh_interval":     func(c *kubelet.Config) { c.RefreshInterval = 0 },
		"keep_gone":            func(c *kubelet.Config) { c.KeepGone = -1 },
		"max_pods":             func(c *kubelet.Config) { c.MaxPods = 0 },
		"max_body_bytes":       func(c *kubelet.Config) { c.MaxBodyBytes = 0 },
	} {
		c := kubelet.DefaultConfig()
		change(&c)
		require.ErrorContains(t, c.Check(), want)
	}
	for given, want := range map[string]string{"10.0.0.7": "10.0.0.7:10250", "fd00::7": "[fd00::7]:10250", "node-1": "node-1:10250", "node-1:1": "node-1:1", "http://h:2/": "h:2"} {
		client, err := kubelet.NewClient(kubelet.Config{Endpoint: given})
		require.NoError(t, err)
		require.Equal(t, want, client.Address())
	}
}
