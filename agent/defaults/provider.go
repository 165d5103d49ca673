// Package defaults is the confmap provider `builtin:` with the profiles that
// are embedded in the binary.
package defaults

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"io/fs"
	"net"
	"os"
	"runtime/debug"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/confmap"

	"github.com/tidewatch/tidewatch/internal/template"
)

//go:embed *.yaml
var profiles embed.FS

const scheme = "builtin"

// NewFactory returns the factory of the provider. `builtin:host` is the profile
// host.yaml; profiles are templates over the environment, so that an exporter
// whose URL is not set is not part of the pipeline, and over the memory limit of the Go
// runtime, which the memory_limiter stays below.
func NewFactory() confmap.ProviderFactory {
	return confmap.NewProviderFactory(func(confmap.ProviderSettings) confmap.Provider { return provider{} })
}

type provider struct{}

func (provider) Scheme() string                 { return scheme }
func (provider) Shutdown(context.Context) error { return nil }

// Retrieve renders the profile that uri names.
func (provider) Retrieve(_ context.Context, uri string, _ confmap.WatcherFunc) (*confmap.Retrieved, error) {
	name, ok := strings.CutPrefix(uri, scheme+":")
	if !ok {
		return nil, fmt.Errorf("%q is not a %s: location", uri, scheme)
	}
	b, err := Render(name, os.Getenv, debug.SetMemoryLimit(-1))
	if err != nil {
		return nil, err
	}
	return confmap.NewRetrievedFromYAML(b)
}

// Render returns the YAML of the named profile for an environment and a memory limit in
// bytes. References such as ${env:TIDEWATCH_LOKI_URL} stay unresolved in it.
func Render(name string, getenv func(string) string, memoryLimit int64) ([]byte, error) {
	src, err := profiles.ReadFile(name + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("there is no profile %q; the built-in ones are %s", scheme+":"+name, strings.Join(Names(), ", "))
	}
	t, err := template.Parse(name, string(src), template.Functions{
		"env":     getenv,
		"servers": servers,
		"mib":     func(most int64) int64 { return min(most, memoryLimit/5*4>>20) },
		"address": func(host string, port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }, // brackets for IPv6
	})
	if err != nil {
		return nil, fmt.Errorf("parse profile %q: %w", name, err)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, nil); err != nil {
		return nil, fmt.Errorf("render profile %q: %w", name, err)
	}
	return out.Bytes(), nil
}

// Names lists the profiles as they are written on the command line.
func Names() []string {
	files, _ := fs.Glob(profiles, "*.yaml") // the pattern is constant and valid
	names := make([]string, 0, len(files))
	for _, f := range files {
		names = append(names, scheme+":"+strings.TrimSuffix(f, ".yaml"))
	}
	return names
}
