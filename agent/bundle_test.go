package agent

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// unpack reads the texts of a bundle.
func unpack(t *testing.T, path string) map[string]string {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	zip, err := gzip.NewReader(f)
	require.NoError(t, err)
	files := map[string]string{}
	for archive := tar.NewReader(zip); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		require.NoError(t, err)
		require.EqualValues(t, 0o600, h.Mode)
		b, err := io.ReadAll(archive)
		require.NoError(t, err)
		files[strings.TrimPrefix(h.Name, "tidewatch-bundle/")] = string(b)
	}
}

// canaries are secrets that no file of a bundle may have, wherever they were.
var canaries = []string{"canary-config-1", "canary-file-2", "canary-url-3", "canary-env-4", "canary-header-5"}

func TestBundleHasNoSecrets(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "password")
	require.NoError(t, os.WriteFile(secret, []byte("canary-file-2\n"), 0o600))
	config := filepath.Join(dir, "config.yaml")
	require.NoError(t, os.WriteFile(config, []byte(`
receivers: {otlp: {protocols: {grpc: {endpoint: 127.0.0.1:0}}}}
exporters:
  loki: {endpoint: "http://user:canary-url-3@loki:3100", bearer_token: canary-config-1}
  loki/second: {endpoint: "http://loki:3100", user: u, password_file: `+secret+`, headers: {X-Key: canary-header-5}}
service: {pipelines: {logs: {receivers: [otlp], exporters: [loki, loki/second]}}}
`), 0o600))
	t.Setenv("TIDEWATCH_CONSOLE_TOKEN", "canary-env-4")
	everything := strings.Join(canaries, " ")
	log := filepath.Join(dir, "own.log")
	require.NoError(t, os.WriteFile(log, []byte("an error quotes "+everything+"\nand password=hunter2-canary and AKIAIOSFODNN7EXAMPLE\n"), 0o600))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/metrics") {
			fmt.Fprintf(w, "tidewatch_tail_records{note=%q} 7\n", everything)
			return
		}
		fmt.Fprintf(w, `{"reasons":[],"path":%q,"note":%q}`, r.URL.Path, everything)
	}))
	defer server.Close()
	out := filepath.Join(dir, "out.tar.gz")
	args := []string{
		"doctor", "--bundle", out, "--config", config, "--state-dir", dir, "--log-file", log, "--wait", "1ms", "--bundle-findings",
		"--telemetry-url", server.URL + "/metrics", "--health-url", server.URL + "/readyz", "--console-url", server.URL, "--pprof-url", server.URL,
	}
	said, err := execute(t, args...)
	require.NoError(t, err)
	require.Contains(t, said, "only you can read it")

	info, err := os.Stat(out)
	require.NoError(t, err)
	require.EqualValues(t, 0o600, info.Mode().Perm())
	files := unpack(t, out)
	for _, name := range []string{
		"MANIFEST.txt", "version.txt", "host.txt", "environment.txt", "config.yaml", "doctor.txt", "ready.json", "metrics.txt", "overview.json", "pipeline.json",
		"running-config.json", "log.txt", "state.txt", "goroutines.txt", "findings.json", "incidents.json",
	} {
		require.Contains(t, files, name)
		require.True(t, name == "MANIFEST.txt" || strings.Contains(files["MANIFEST.txt"], name), name)
	}
	require.Contains(t, files["config.yaml"], "endpoint: http://")
	require.Contains(t, files["metrics.txt"], "tidewatch_tail_records")
	for name, text := range files {
		if name == "heap.pb.gz" {
			continue // binary: the real one has names of functions only
		}
		for _, c := range append(canaries, "hunter2-canary", "AKIAIOSFODNN7EXAMPLE") {
			require.NotContains(t, text, c, name)
		}
	}

	_, err = execute(t, args...)
	require.ErrorContains(t, err, "is there already")
	after, err := os.Stat(out)
	require.NoError(t, err)
	require.Equal(t, info.Size(), after.Size(), "what is there is left alone")
}

func TestBundleWithoutAnAgent(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "config.yaml")
	require.NoError(t, os.WriteFile(config, []byte("receiverz: {}\n"), 0o600))
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	out := filepath.Join(dir, "out.tar.gz")
	_, err := execute(t, "doctor", "--bundle", out, "--config", config, "--state-dir", dir, "--log-file", filepath.Join(dir, "none"), "--wait", "1ms",
		"--telemetry-url", server.URL, "--health-url", server.URL, "--console-url", server.URL, "--pprof-url", server.URL)
	require.NoError(t, err)
	files := unpack(t, out)
	require.Contains(t, files["config.yaml"], `did you mean "receivers"?`, "a configuration that is wrong is told as it is")
	require.Contains(t, files["MANIFEST.txt"], "Not in it, since it could not be had:\n  doctor.txt")
	require.Contains(t, files["MANIFEST.txt"], "log.txt                read --log-file")
	require.Contains(t, files, "state.txt")
	require.NotContains(t, files, "findings.json")
	require.NotContains(t, files["MANIFEST.txt"], "findings.json")
}

func TestBundleIsBounded(t *testing.T) {
	b, err := newBundle(nil, topTime)
	require.NoError(t, err)
	big := strings.Repeat("a line of text\n", 1<<20)
	var files []bundleFile
	for i := range 12 {
		files = append(files, bundleFile{name: fmt.Sprintf("%d.txt", i), about: "much", read: func(context.Context) ([]byte, error) { return []byte(big), nil }})
	}
	path := filepath.Join(t.TempDir(), "out.tar.gz")
	require.NoError(t, b.write(t.Context(), path, files))
	total := 0
	got := unpack(t, path)
	for name, text := range got {
		require.LessOrEqual(t, len(text), maxBundleFile)
		if name != "MANIFEST.txt" {
			total += len(text)
		}
	}
	require.LessOrEqual(t, total, maxBundleTotal)
	require.Contains(t, got["MANIFEST.txt"], fmt.Sprintf("only the end of %d bytes", len(big)))
}
