package consoleextension

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"

	"github.com/tidewatch/tidewatch/internal/listen"
	"github.com/tidewatch/tidewatch/internal/localstore"
	"github.com/tidewatch/tidewatch/signals"
)

// Config configures the page and the bounds of what it remembers.
type Config struct {
	// Endpoint is the address of the page and its API. One that other machines can
	// reach needs TLS and Auth.
	Endpoint string `mapstructure:"endpoint"`
	// TLS is the certificate of the page; with client_ca_file only those come in who
	// show a certificate of it.
	TLS configoptional.Optional[configtls.ServerConfig] `mapstructure:"tls"`
	// Auth says who may see the page. Without it everybody may who can reach the
	// endpoint and, with client_ca_file, has a certificate.
	Auth configoptional.Optional[AuthConfig] `mapstructure:"auth"`
	// BehindProxy permits an endpoint that other machines can reach without TLS or
	// Auth: a proxy in front has both, and nobody can go around it.
	BehindProxy bool `mapstructure:"behind_proxy"`
	// AllowedHosts are further names by which browsers may ask for the page, for
	// example that of a proxy. Loopback names and the endpoint's own always work.
	AllowedHosts []string `mapstructure:"allowed_hosts"`
	// TelemetryURL is the page with the agent's own metrics, from which the health
	// of the pipeline is read. Empty means that it is not shown.
	TelemetryURL string `mapstructure:"telemetry_url"`
	// ScrapeInterval is the time between two looks at the own metrics.
	ScrapeInterval time.Duration `mapstructure:"scrape_interval"`
	// RulesDirectory is an alert ledger whose rules come over the shipped ones, and whose
	// drills are shown. Empty shows the shipped rules.
	RulesDirectory string `mapstructure:"rules_directory"`

	// MaxSeries is how many watched series are remembered.
	MaxSeries int `mapstructure:"max_series"`
	// PointsPerSeries is how many points are remembered of each.
	PointsPerSeries int `mapstructure:"points_per_series"`
	// MaxPatterns is how many log patterns are remembered; the rest is counted
	// together as <other>.
	MaxPatterns int `mapstructure:"max_patterns"`
	// MaxFindings is how many findings are remembered, open ones longest.
	MaxFindings int `mapstructure:"max_findings"`
	// MaxLogs is how many recent lines are remembered, and again as many of
	// severity WARN and above.
	MaxLogs int `mapstructure:"max_logs"`
	// MaxTraces and MaxSpans are how many traces, and spans of all of them, are
	// remembered.
	MaxTraces int `mapstructure:"max_traces"`
	MaxSpans  int `mapstructure:"max_spans"`
}

func createDefaultConfig() *Config {
	o := localstore.DefaultOptions()
	return &Config{
		Endpoint: signals.AddrConsole,
		// Both are off: only this machine can reach the address.
		TLS:          configoptional.Default(configtls.ServerConfig{}),
		Auth:         configoptional.Default(AuthConfig{Session: 12 * time.Hour}), // a shift
		TelemetryURL: "http://" + signals.AddrTelemetry + "/metrics",
		// A look costs about 1 ms of CPU and the numbers move at this pace.
		ScrapeInterval: 10 * time.Second,

		// Together 9 to 10 MB when everything is full; a host usually needs 3 MB.
		MaxSeries:       o.MaxSeries,
		PointsPerSeries: o.PointsPerSeries,
		MaxPatterns:     o.MaxPatterns,
		MaxFindings:     o.MaxFindings,
		MaxLogs:         o.MaxLogs,
		MaxTraces:       o.MaxTraces,
		MaxSpans:        o.MaxSpans,
	}
}

// Validate names the key and the fix.
func (c *Config) Validate() error {
	if err := c.guards().Check(); err != nil {
		return err
	}
	if u, err := url.Parse(c.TelemetryURL); c.TelemetryURL != "" && (err != nil || u.Host == "") {
		return fmt.Errorf("telemetry_url must be a URL such as http://%s/metrics, or empty", signals.AddrTelemetry)
	}
	if c.TelemetryURL != "" && c.ScrapeInterval < time.Second {
		return errors.New("scrape_interval must be at least 1s, for example 10s")
	}
	for key, v := range map[string]int{
		"max_series": c.MaxSeries, "points_per_series": c.PointsPerSeries, "max_patterns": c.MaxPatterns, "max_findings": c.MaxFindings,
		"max_logs": c.MaxLogs, "max_traces": c.MaxTraces, "max_spans": c.MaxSpans,
	} {
		if v <= 0 {
			return fmt.Errorf("%s must be positive", key)
		}
	}
	return nil
}

// guards are what an endpoint must have that other machines can reach.
func (c *Config) guards() listen.Rule {
	return listen.Rule{
		Endpoint:  c.Endpoint,
		TLS:       c.TLS.HasValue(),
		Login:     c.Auth.HasValue() || c.TLS.HasValue() && c.TLS.Get().ClientCAFile != "",
		LoginKeys: "auth (token_file or users_file)",
		Loopback:  signals.AddrConsole,
		Permitted: c.BehindProxy,
		Unless:    "behind_proxy: true if only a proxy with TLS and a login can reach it",
	}
}

func (c *Config) storeOptions() localstore.Options {
	return localstore.Options{
		MaxSeries:       c.MaxSeries,
		PointsPerSeries: c.PointsPerSeries,
		MaxPatterns:     c.MaxPatterns,
		MaxFindings:     c.MaxFindings,
		MaxLogs:         c.MaxLogs,
		MaxTraces:       c.MaxTraces,
		MaxSpans:        c.MaxSpans,
	}
}
