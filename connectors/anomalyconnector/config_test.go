package anomalyconnector

import (
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
)

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
	require.Equal(t, createDefaultConfig(), load(t, "anomaly"))
	storage := component.MustNewID("file_storage")
	require.Equal(t, &Config{
		Rules: []Rule{{
			Include: []string{"http.*"}, Exclude: []string{"http.debug.*"}, Attributes: map[string]string{"http.route": "/api/*"},
			Direction: "up", Floor: 5, MinChange: 0.2, For: 2 * time.Minute, Forecast: true, Severity: "critical",
		}, {Include: []string{"noisy.*"}, Ignore: true}},
		MinHistory: time.Hour, AdoptAfter: 2 * time.Hour, MaxBytes: 1 << 20, MaxBaselines: 10, MaxForecasts: 5, GroupWindow: 30 * time.Second, SeriesExpiry: 24 * time.Hour,
		BaselinesInterval: 30 * time.Second, UpdateInterval: time.Minute, WarmStart: WarmStart{Window: 48 * time.Hour, CSV: "/var/lib/history"},
		Storage: &storage, SnapshotInterval: time.Minute,
	}, load(t, "anomaly/all"))
	require.NoError(t, componenttest.CheckConfigStruct(NewFactory().CreateDefaultConfig()))
}

func TestValidateNamesTheKey(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"max_bytes must be positive":              func(c *Config) { c.MaxBytes = 0 },
		"max_forecasts must not be negative":      func(c *Config) { c.MaxForecasts = -1 },
		"group_window must not be negative":       func(c *Config) { c.GroupWindow = -1 },
		"max_baselines must not be negative":      func(c *Config) { c.MaxBaselines = -1 },
		"min_history must not be negative":        func(c *Config) { c.MinHistory = -1 },
		"adopt_after must not be negative":        func(c *Config) { c.AdoptAfter = -1 },
		"baselines_interval must not be negative": func(c *Config) { c.BaselinesInterval = -1 },
		"update_interval must not be negative":    func(c *Config) { c.UpdateInterval = -1 },
		"snapshot_interval must not be negative":  func(c *Config) { c.SnapshotInterval = -1 },
		"series_expiry must be positive":          func(c *Config) { c.SeriesExpiry = 0 },
		"rules must not be empty":                 func(c *Config) { c.BuiltinRules = false },
		"rules::0::include must name":             func(c *Config) { c.Rules = []Rule{{}} },
		"rules::0::floor must be":                 func(c *Config) { c.Rules = []Rule{{Include: []string{"*"}, Floor: math.NaN()}} },
		"rules::0::min_change must be":            func(c *Config) { c.Rules = []Rule{{Include: []string{"*"}, MinChange: -1}} },
		"rules::0::for must not":                  func(c *Config) { c.Rules = []Rule{{Include: []string{"*"}, For: -1}} },
		"rules::0::direction must be":             func(c *Config) { c.Rules = []Rule{{Include: []string{"*"}, Direction: "left"}} },
		"rules::0::full needs forecast":           func(c *Config) { c.Rules = []Rule{{Include: []string{"*"}, Full: new(float64)}} },
		"rules::0::severity must be":              func(c *Config) { c.Rules = []Rule{{Include: []string{"*"}, Severity: "bad"}} },
	} {
		c := createDefaultConfig().(*Config)
		change(c)
		require.ErrorContains(t, c.Validate(), want)
	}
	for _, r := range builtinRules() {
		require.NoError(t, r.validate())
	}
}

func TestPatterns(t *testing.T) {
	for _, x := range []struct {
		pattern, s string
		want       bool
	}{
		{"*", "", true},
		{"*", "a.b", true},
		{"a.*", "a.b", true},
		{"a.*", "ab", false},
		{"*.total", "x.y.total", true},
		{"*.total", "x.total.y", false},
		{"a?c", "abc", true},
		{"a?c", "ac", false},
		{"abc", "abcd", false},
		{"a*b*c", "aXXbYYc", true},
		{"", "", true},
	} {
		require.Equal(t, x.want, matches(x.pattern, x.s), "%q %q", x.pattern, x.s)
	}
}
