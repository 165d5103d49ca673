package healthextension

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/tidewatch/tidewatch/internal/listen"
	"github.com/tidewatch/tidewatch/signals"
)

// Config of the extension.
type Config struct {
	// Endpoint is the address of /livez and /readyz.
	Endpoint string `mapstructure:"endpoint"`
	// Config is who may see why the agent is not ready: tls, token_file, open_to_network.
	// Whether it is alive and ready is told to everybody who can reach the endpoint.
	listen.Config `mapstructure:",squash"`
	// TelemetryURL is the page with the agent's own metrics, from which progress
	// is read. Empty means that progress is not judged.
	TelemetryURL string `mapstructure:"telemetry_url"`
	// Interval is the time between two looks at the own metrics.
	Interval time.Duration `mapstructure:"interval"`
	// StallAfter is how long an exporter may hold items without delivering any
	// before the agent is no longer ready.
	StallAfter time.Duration `mapstructure:"stall_after"`
}

func createDefaultConfig() *Config {
	return &Config{
		Endpoint:     signals.AddrHealth,
		TelemetryURL: "http://" + signals.AddrTelemetry + "/metrics",
		// A look costs about 1 ms of CPU; probes usually come every 10 s.
		Interval: 10 * time.Second,
		// Longer than the longest backoff step of an exporter (30 s), so that an
		// exporter that is just waiting for its next try is not called stalled.
		StallAfter: time.Minute,
	}
}

// Validate names the key and the fix.
func (c *Config) Validate() error {
	if err := c.Check(c.Endpoint, signals.AddrHealth); err != nil {
		return err
	}
	if u, err := url.Parse(c.TelemetryURL); c.TelemetryURL != "" && (err != nil || u.Host == "") {
		return fmt.Errorf("telemetry_url must be a URL such as http://%s/metrics, or empty", signals.AddrTelemetry)
	}
	if c.Interval <= 0 {
		return errors.New("interval must be positive, for example 10s")
	}
	if c.StallAfter < c.Interval {
		return errors.New("stall_after must not be shorter than interval")
	}
	return nil
}
