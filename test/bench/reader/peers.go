package main

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

const upstreamVersion = "v0.159.0"

//go:embed upstream.yaml
var upstreamManifest []byte

// upstream returns upstream's collector. It is built once, into the user's cache.
func upstream() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "tidewatch", "peers", "otelcol-"+upstreamVersion)
	binary := filepath.Join(dir, "otelcol", "otelcol")
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	fmt.Fprintln(os.Stderr, "building upstream's collector, once, in", dir)
	for name, content := range map[string][]byte{"go.mod": []byte("module peer\n\ngo 1.26\n"), "upstream.yaml": upstreamManifest} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return "", err
		}
	}
	for _, args := range [][]string{
		{"get", "-tool", "go.opentelemetry.io/collector/cmd/builder@" + upstreamVersion},
		{"tool", "builder", "--config", "upstream.yaml", "--ldflags", "-s -w"},
	} {
		if err := goIn(dir, args...); err != nil {
			return "", err
		}
	}
	return binary, nil
}

// floor builds the program that shows the least such work costs in Go, from the
// folder with yardsticks.
func floor(yardsticks, dir string) (string, error) {
	binary := filepath.Join(dir, "floor")
	return binary, goIn(filepath.Join(yardsticks, "throughput"), "build", "-o", binary, "./floor")
}

func goIn(dir string, args ...string) error {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", args[0], err, out)
	}
	return nil
}
