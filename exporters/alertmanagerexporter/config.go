package alertmanagerexporter

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
)

// path is that of the API for alerts.
const path = "/api/v2/alerts"

// Config of the exporter.
type Config struct {
	// ClientConfig holds tls, headers, auth, proxy_url and timeout of one request.
	confighttp.ClientConfig `mapstructure:",squash"`
	// Endpoints are the Alertmanagers; each gets all alerts. One entry may hold several,
	// with commas between them.
	Endpoints []string `mapstructure:"endpoints"`
	// Labels are added to every alert, for routing.
	Labels map[string]string `mapstructure:"labels"`
	// ResendInterval is how often alerts that hold are sent again.
	ResendInterval time.Duration `mapstructure:"resend_interval"`
	// ResolveTimeout is how long after it was sent last an Alertmanager takes an alert to
	// hold, should the agent be gone.
	ResolveTimeout time.Duration `mapstructure:"resolve_timeout"`
	// ResolvedFor is how long the end of an alert is sent again, for Alertmanagers that
	// were away.
	ResolvedFor time.Duration `mapstructure:"resolved_for"`
	// MaxAlerts is how many alerts are held.
	MaxAlerts int `mapstructure:"max_alerts"`

	Retry configretry.BackOffConfig                                `mapstructure:"retry_on_failure"`
	Queue configoptional.Optional[exporterhelper.QueueBatchConfig] `mapstructure:"sending_queue"`
}

func createDefaultConfig() component.Config {
	client := confighttp.NewDefaultClientConfig()
	client.Timeout = 10 * time.Second // as Prometheus
	client.Compression = ""           // Alertmanager does not unpack

	retry := configretry.NewDefaultBackOffConfig()
	retry.InitialInterval = time.Second // somebody waits for it
	retry.MaxElapsedTime = 0            // nothing is given up

	queue := exporterhelper.NewDefaultQueueConfig()
	queue.NumConsumers = 1 // the end of an incident after its beginning
	queue.BlockOnOverflow = true
	return &Config{
		ClientConfig:   client,
		ResendInterval: time.Minute,      // as Prometheus' resend delay
		ResolveTimeout: 5 * time.Minute,  // Alertmanager's own; four are missed before it ends
		ResolvedFor:    15 * time.Minute, // as Prometheus
		MaxAlerts:      2000,             // more is a case for the incident connector; about 1 kB each
		Retry:          retry,
		Queue:          configoptional.Some(queue),
	}
}

// Validate names the key and the fix.
func (c *Config) Validate() error {
	urls, err := c.urls()
	switch {
	case err != nil:
		return err
	case len(urls) == 0:
		return errors.New("endpoints must name at least one Alertmanager, for example [http://localhost:9093]")
	case c.Endpoint != "":
		return errors.New("endpoint must be written as endpoints, a list")
	case c.Compression.IsCompressed():
		return errors.New("compression must stay unset: an Alertmanager does not unpack")
	case c.Timeout <= 0:
		return errors.New("timeout must be positive: a server that hangs would hold up the others")
	case c.ResendInterval < time.Second:
		return errors.New("resend_interval must be at least 1s, for example 1m")
	case c.ResolveTimeout < 2*c.ResendInterval+c.Timeout:
		return errors.New("resolve_timeout must be more than two resend_interval and a timeout, or alerts end and begin again")
	case c.ResolvedFor < 0:
		return errors.New("resolved_for must not be negative")
	case c.MaxAlerts <= 0:
		return errors.New("max_alerts must be positive")
	case c.Queue.HasValue() && c.Queue.Get().NumConsumers != 1:
		return errors.New("sending_queue::num_consumers must be 1, so that the end of an incident comes after its beginning")
	}
	for name := range c.Labels {
		if !labelName(name) {
			return fmt.Errorf("labels: %q must have letters, digits and _ only, and not begin with a digit", name)
		}
	}
	return nil
}

func labelName(s string) bool {
	for i, c := range []byte(s) {
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// urls are the addresses of the API of all Alertmanagers.
func (c *Config) urls() ([]string, error) {
	var out []string
	for _, entry := range c.Endpoints {
		for e := range strings.SplitSeq(entry, ",") {
			if e = strings.TrimSpace(e); e == "" {
				continue
			}
			u, err := url.Parse(e)
			if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
				return nil, errors.New("endpoints must be URLs like http://localhost:9093") // not the value: it may hold a password
			}
			if u.Path = strings.TrimSuffix(u.Path, "/"); !strings.HasSuffix(u.Path, path) {
				u.Path += path
			}
			out = append(out, u.String())
		}
	}
	return out, nil
}
