// Package kubelettest is a kubelet for tests: TLS, a token, a pod list that changes, and
// the faults of real ones.
package kubelettest

import (
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Kubelet serves over TLS and answers 401 without the right token.
type Kubelet struct {
	*httptest.Server
	// TokenFile and CAFile are what a client needs.
	TokenFile, CAFile string

	t  *testing.T
	mu sync.Mutex // guards all below
	// token is what is asked for.
	token string
	pods  map[string]map[string]any // by uid
	pages map[string]http.HandlerFunc
	lists int
	turns int
}

// New starts a kubelet without pods; it ends with the test.
func New(t *testing.T) *Kubelet {
	t.Helper()
	dir := t.TempDir()
	k := &Kubelet{
		t: t, TokenFile: filepath.Join(dir, "token"), CAFile: filepath.Join(dir, "ca.crt"),
		pods: map[string]map[string]any{}, pages: map[string]http.HandlerFunc{},
	}
	k.Server = httptest.NewTLSServer(k)
	t.Cleanup(k.Close)
	k.RotateToken("first")
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: k.Certificate().Raw})
	require.NoError(t, os.WriteFile(k.CAFile, cert, 0o600))
	return k
}

// RotateToken changes the token in the file and the one that is accepted.
func (k *Kubelet) RotateToken(token string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.token, k.turns = token, k.turns+1
	require.NoError(k.t, os.WriteFile(k.TokenFile, []byte(token), 0o600))
	at := time.Date(2026, 11, 21, 12, 0, k.turns, 0, time.UTC) // a file's time may be too coarse to tell two writes apart
	require.NoError(k.t, os.Chtimes(k.TokenFile, at, at))
}

// Add adds a pod, or replaces the one with its uid.
func (k *Kubelet) Add(pods ...Pod) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, p := range pods {
		k.pods[p.UID] = p.object()
	}
}

// Remove takes a pod off the list.
func (k *Kubelet) Remove(uid string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.pods, uid)
}

// Serve answers a path; with nil it is as it was at first. "/pods" may be replaced too.
func (k *Kubelet) Serve(path string, page http.HandlerFunc) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if page == nil {
		delete(k.pages, path)
	} else {
		k.pages[path] = page
	}
}

// Page serves a text page.
func (k *Kubelet) Page(path, text string) {
	k.Serve(path, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		_, _ = w.Write([]byte(text))
	})
}

// Lists is how often the pods were asked for.
func (k *Kubelet) Lists() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.lists
}

// ServeHTTP is the kubelet's API.
func (k *Kubelet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	k.mu.Lock()
	if r.URL.Path == "/pods" {
		k.lists++
	}
	page, known := k.pages[r.URL.Path]
	accepted := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ") == k.token
	items := make([]map[string]any, 0, len(k.pods))
	for _, p := range k.pods {
		items = append(items, p)
	}
	k.mu.Unlock()
	switch {
	case !accepted:
		w.WriteHeader(http.StatusUnauthorized)
	case known:
		page(w, r)
	case r.URL.Path == "/pods":
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"kind": "PodList", "apiVersion": "v1", "metadata": map[string]any{}, "items": items})
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// Pod is what a test says of a pod.
type Pod struct {
	Namespace, Name, UID, IP string
	OwnerKind, OwnerName     string
	Labels, Annotations      map[string]string
	Created                  time.Time
	HostNetwork              bool
	// Containers are names, or name=id.
	Containers []string
	// Port is named metrics, of the first container.
	Port int
}

// Node is the name of the node of all pods.
const Node = "node-1"

func (p Pod) object() map[string]any {
	meta := map[string]any{"namespace": p.Namespace, "name": p.Name, "uid": p.UID, "labels": p.Labels, "annotations": p.Annotations, "managedFields": []any{map[string]any{"manager": "kubelet"}}}
	if !p.Created.IsZero() {
		meta["creationTimestamp"] = p.Created.UTC().Format(time.RFC3339)
	}
	if p.OwnerKind != "" {
		meta["ownerReferences"] = []any{map[string]any{"kind": p.OwnerKind, "name": p.OwnerName, "controller": true}}
	}
	var specs, statuses []any
	for i, c := range p.Containers {
		name, id, _ := strings.Cut(c, "=")
		spec := map[string]any{
			"name": name, "image": "registry.example/" + name + ":1.4",
			"resources": map[string]any{"limits": map[string]any{"memory": "128Mi", "cpu": "500m"}},
		}
		if i == 0 && p.Port > 0 {
			spec["ports"] = []any{map[string]any{"name": "metrics", "containerPort": p.Port, "protocol": "TCP"}}
		}
		specs = append(specs, spec)
		statuses = append(statuses, map[string]any{
			"name": name, "containerID": "containerd://" + id, "ready": true, "restartCount": 2, "state": map[string]any{"running": map[string]any{}},
			"lastState": map[string]any{"terminated": map[string]any{"reason": "OOMKilled", "exitCode": 137}},
		})
	}
	status := map[string]any{
		"phase": "Running", "hostIP": "10.0.0.7", "podIP": p.IP, "startTime": "2026-11-21T12:00:00Z",
		"conditions": []any{map[string]any{"type": "Ready", "status": "True"}}, "containerStatuses": statuses,
	}
	if p.IP != "" {
		status["podIPs"] = []any{map[string]any{"ip": p.IP}}
	}
	return map[string]any{"metadata": meta, "spec": map[string]any{"nodeName": Node, "hostNetwork": p.HostNetwork, "containers": specs}, "status": status}
}
