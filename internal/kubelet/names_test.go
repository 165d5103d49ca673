package kubelet

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLogPaths(t *testing.T) {
	id := strings.Repeat("4f", 32)
	for path, want := range map[string]LogPath{
		"/var/log/pods/shop_web-1_8a/app/3.log":                           {Namespace: "shop", Pod: "web-1", UID: "8a", Container: "app", Restart: 3},
		"/hostfs/var/log/pods/shop_web-1_8a/app/0.log.20260309-120000.gz": {Namespace: "shop", Pod: "web-1", UID: "8a", Container: "app"},
		"/var/log/pods/shop_web-1_8a/app/other.log":                       {Namespace: "shop", Pod: "web-1", UID: "8a", Container: "app", Restart: -1},
		"/var/log/containers/web-1_shop_side-car-" + id + ".log":          {Namespace: "shop", Pod: "web-1", Container: "side-car", ContainerID: id, Restart: -1},
		"/var/log/syslog": {}, "": {}, "/var/log/pods/shop_web/app/0.log": {}, "/var/log/pods/__/app/0.log": {}, "/var/log/containers/a_b_c.log": {}, "/var/log/containers/a_b_c-1.log": {},
	} {
		got, ok := ParseLogPath(path)
		require.Equal(t, want != LogPath{}, ok, path)
		if ok {
			require.Equal(t, want, got, path)
		}
	}
}

func FuzzParseLogPath(f *testing.F) {
	f.Add("/var/log/pods/shop_web-1_8a/app/3.log")
	f.Add("/var/log/containers/web-1_shop_app-4f1c4f1c4f1c.log")
	f.Fuzz(func(t *testing.T, path string) {
		if p, ok := ParseLogPath(path); ok {
			require.NotEmpty(t, p.Namespace)
			require.NotEmpty(t, p.Pod)
		}
	})
}

func TestWorkloads(t *testing.T) {
	created := time.Unix(29_500_000*60, 0)
	for _, c := range []struct{ kind, owner, hash, want, wantKind string }{
		{"", "", "", "p-n1", KindPod},
		{"ReplicaSet", "web-abc", "abc", "web", KindDeployment},
		{"ReplicaSet", "web-abc", "", "web-abc", KindReplicaSet},
		{"ReplicaSet", "abc", "abc", "abc", KindReplicaSet},
		{"StatefulSet", "db", "", "db", KindStatefulSet},
		{"DaemonSet", "proxy", "", "proxy", KindDaemonSet},
		{"Job", "backup-29500001", "", "backup", KindCronJob},
		{"Job", "import-2026", "", "import-2026", KindJob},
		{"Job", "import", "", "import", KindJob},
		{"Job", "import-99999999999999999999", "", "import-99999999999999999999", KindJob},
		{"Node", "n1", "", "p", KindStaticPod},
		{"Rollout", "x", "", "x", "Rollout"},
	} {
		p := Pod{Name: "p-n1", OwnerKind: c.kind, OwnerName: c.owner, Created: created, Labels: map[string]string{templateHash: c.hash}}
		p.setWorkload()
		require.Equal(t, c.want, p.Workload, c)
		require.Equal(t, c.wantKind, p.WorkloadKind, c)
	}
}

func TestQuantities(t *testing.T) {
	for text, want := range map[string]float64{"1": 1, "250m": 0.25, "128Mi": 128 << 20, "1.5G": 1.5e9, "1e3": 1000, "2E": 2e18, "5Ei": 5 * (1 << 60), "100n": 1e-7} {
		got, ok := quantity(text)
		require.True(t, ok, text)
		require.InEpsilon(t, want, got, 1e-12, text)
	}
	for _, text := range []string{"", "m", "x", "1 Mi", "1Mim", "NaN", "1.m", "0x"} {
		_, ok := quantity(text)
		require.False(t, ok, text)
	}
}

func TestThePaceOfLists(t *testing.T) {
	p := newPace(time.Second, 30*time.Second)
	ordinary, asked := p.next()
	require.Equal(t, [2]time.Duration{30 * time.Second, time.Second}, [2]time.Duration{ordinary, asked})
	for range 10 {
		p.listed(true, false)
	}
	_, asked = p.next()
	require.Equal(t, 30*time.Second, asked)
	p.listed(false, false)
	_, asked = p.next()
	require.Equal(t, 30*time.Second, asked)
	p.listed(true, true)
	_, asked = p.next()
	require.Equal(t, time.Second, asked)
	for _, want := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
		p.failed()
		ordinary, asked = p.next()
		require.Equal(t, [2]time.Duration{want * time.Second, want * time.Second}, [2]time.Duration{ordinary, asked})
	}
}

func TestAnUnknownNameAsksEverMoreRarely(t *testing.T) {
	var u unknown
	now := time.Unix(1e9, 0)
	asked := 0
	for range 600 {
		if again, first := u.ask("x", now, time.Second); again {
			require.Equal(t, asked == 0, first)
			asked++
		}
		now = now.Add(time.Second)
	}
	require.Equal(t, 15, asked) // after 1, 2, 4 … 32 seconds, then each minute
	for i := range 10_000 {
		u.ask(strings.Repeat("y", i), now, time.Second)
	}
	require.LessOrEqual(t, len(u.names), maxUnknown)
}

func TestTheOldestGoFirst(t *testing.T) {
	pod := func(uid string) *Pod { return &Pod{Namespace: "n", Name: uid, UID: uid} }
	now := time.Unix(1e9, 0)
	x, did := newIndex(nil, nil).update([]*Pod{pod("a"), pod("b"), pod("c")}, now, time.Hour, 3)
	require.Equal(t, change{added: 3}, did)
	x, did = x.update([]*Pod{pod("b"), pod("c")}, now.Add(time.Second), time.Hour, 3)
	require.Equal(t, change{gone: 1}, did)
	require.NotNil(t, x.UID("a"))
	x, did = x.update([]*Pod{pod("c"), pod("d")}, now.Add(2*time.Second), time.Hour, 3)
	require.Equal(t, change{added: 1, gone: 1, evicted: 1}, did)
	require.Nil(t, x.UID("a"))
	require.NotNil(t, x.UID("b"))
	x, _ = x.update(nil, now.Add(2*time.Hour), time.Hour, 3)
	require.NotNil(t, x.UID("d"))
	require.Nil(t, x.UID("b"))
}

func FuzzDecodePods(f *testing.F) {
	f.Add(`{"items":[{"metadata":{"name":"n","namespace":"s","uid":"u","annotations":{"kubernetes.io/config.hash":"h"}},"status":{"podIP":"10.0.0.1"}}]}`)
	f.Add(`{"items":null}`)
	f.Fuzz(func(_ *testing.T, text string) {
		var pods []*Pod
		_ = decodePods(strings.NewReader(text), func(p *Pod) { pods = append(pods, p) })
		newIndex(nil, nil).update(pods, time.Unix(1e9, 0), time.Hour, 1000)
	})
}

func BenchmarkDecodePods(b *testing.B) {
	one := `{"metadata":{"name":"web-6d4b75cb6d-x2x9k","namespace":"shop","uid":"u","labels":{"app":"web"},"managedFields":[` + strings.Repeat(`{"manager":"kubelet","fieldsV1":{"f:status":{"f:conditions":{}}}},`, 100) + `{}]},"status":{"podIP":"10.0.0.1"}}`
	list := `{"items":[` + strings.Repeat(one+",", 109) + one + `]}`
	b.SetBytes(int64(len(list)))
	b.ReportAllocs()
	for b.Loop() {
		if err := decodePods(strings.NewReader(list), func(*Pod) {}); err != nil {
			b.Fatal(err)
		}
	}
}
