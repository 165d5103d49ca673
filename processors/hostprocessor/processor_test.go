package hostprocessor

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.uber.org/goleak"
	"go.uber.org/zap"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func load(t *testing.T, id string) *Config {
	t.Helper()
	all, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	sub, err := all.Sub(id)
	require.NoError(t, err)
	cfg := NewFactory().CreateDefaultConfig().(*Config)
	require.NoError(t, sub.Unmarshal(cfg))
	require.NoError(t, confmap.Validate(cfg))
	return cfg
}

func TestConfig(t *testing.T) {
	require.Equal(t, createDefaultConfig(), load(t, "host"))
	named := load(t, "host/named")
	require.Equal(t, "web-1", named.Name)
	require.True(t, named.Override)
	for want, change := range map[string]func(*Config){
		"name must be":             func(c *Config) { c.Name = strings.Repeat("x", 254) },
		`detect: "guess" must be`:  func(c *Config) { c.Detect = []string{"guess"} },
		"metadata_endpoint must":   func(c *Config) { c.Detect, c.MetadataEndpoint = []string{detectMetadata}, "x" },
		"metadata_timeout must be": func(c *Config) { c.Detect, c.MetadataTimeout = []string{detectMetadata}, 0 },
	} {
		cfg := createDefaultConfig().(*Config)
		change(cfg)
		require.ErrorContains(t, cfg.Validate(), want)
	}
}

func logs(attrs map[string]any) plog.Logs {
	ld := plog.NewLogs()
	_ = ld.ResourceLogs().AppendEmpty().Resource().Attributes().FromRaw(attrs)
	return ld
}

func process(t *testing.T, cfg *Config, ld plog.Logs) map[string]any {
	t.Helper()
	sink := new(consumertest.LogsSink)
	p, err := NewFactory().CreateLogs(t.Context(), processortest.NewNopSettings(componentType), cfg, sink)
	require.NoError(t, err)
	require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, p.ConsumeLogs(t.Context(), ld))
	require.NoError(t, p.Shutdown(t.Context()))
	return sink.AllLogs()[0].ResourceLogs().At(0).Resource().Attributes().AsRaw()
}

func TestNamesTheHost(t *testing.T) {
	name, err := os.Hostname()
	require.NoError(t, err)
	got := process(t, load(t, "host"), logs(map[string]any{"service.name": "checkout"}))
	require.Equal(t, name, got["host.name"])
	require.Equal(t, runtime.GOOS, got["os.type"])
	require.Equal(t, runtime.GOARCH, got["host.arch"])
	require.Equal(t, "checkout", got["service.name"])
}

func TestKeepsAnotherHost(t *testing.T) {
	relayed := map[string]any{"host.name": "db-7"}
	require.Equal(t, relayed, process(t, load(t, "host"), logs(relayed)))
	require.Equal(t, "web-1", process(t, load(t, "host/named"), logs(relayed))["host.name"])
}

func TestMachineID(t *testing.T) {
	file := filepath.Join(t.TempDir(), "machine-id")
	require.NoError(t, os.WriteFile(file, []byte("0123abcd\n"), 0o600))
	old := machineIDFiles
	t.Cleanup(func() { machineIDFiles = old })
	machineIDFiles = []string{"/does/not/exist", file}
	require.Equal(t, "0123abcd", process(t, &Config{Name: "n"}, logs(nil))["host.id"])
	machineIDFiles = nil
	require.NotContains(t, process(t, &Config{Name: "n"}, logs(nil)), "host.id")
}

func TestMetricsAndTraces(t *testing.T) {
	h, err := newHost(zap.NewNop(), &Config{Name: "n"})
	require.NoError(t, err)
	md := pmetric.NewMetrics()
	md.ResourceMetrics().AppendEmpty()
	md, err = h.processMetrics(t.Context(), md)
	require.NoError(t, err)
	v, ok := md.ResourceMetrics().At(0).Resource().Attributes().Get("host.name")
	require.True(t, ok)
	require.Equal(t, "n", v.Str())
	td := ptrace.NewTraces()
	td.ResourceSpans().AppendEmpty()
	td, err = h.processTraces(t.Context(), td)
	require.NoError(t, err)
	_, ok = td.ResourceSpans().At(0).Resource().Attributes().Get("host.name")
	require.True(t, ok)
}

func TestFactory(t *testing.T) {
	require.Equal(t, component.MustNewType("host"), NewFactory().Type())
	require.NoError(t, componenttest.CheckConfigStruct(NewFactory().CreateDefaultConfig()))
}
