package alertwebhookreceiver

import (
	"errors"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/tidewatch/tidewatch/internal/listen"
)

// defaultEndpoint is beside the agent's other servers.
const defaultEndpoint = "127.0.0.1:4324"

// Config of the receiver.
type Config struct {
	// ServerConfig is where alerts are taken: endpoint, tls, auth, limits.
	confighttp.ServerConfig `mapstructure:",squash"`
	// Path is the path of the webhook.
	Path string `mapstructure:"path"`
	// Token must be sent as Authorization: Bearer. Empty asks for none, which only a
	// loopback endpoint may do.
	Token configopaque.String `mapstructure:"token"`
	// TokenFile holds the token instead, in one line; it is read again when it changes.
	TokenFile string `mapstructure:"token_file"`
	// OpenToNetwork permits an endpoint that other machines can reach without TLS, and never
	// one without a token or auth: anybody could send alerts.
	OpenToNetwork bool `mapstructure:"open_to_network"`
	// MaxAlerts is how many alerts of one request are taken; the rest is counted.
	MaxAlerts int `mapstructure:"max_alerts"`
	// SeverityLabel names the label with the severity.
	SeverityLabel string `mapstructure:"severity_label"`
	// ServiceLabels and HostLabels name the labels that say which service or host an
	// alert is about; the first that is there counts.
	ServiceLabels []string `mapstructure:"service_labels"`
	HostLabels    []string `mapstructure:"host_labels"`
}

func createDefaultConfig() component.Config {
	server := listen.DefaultHTTP(defaultEndpoint)
	server.MaxRequestBodySize = 8 << 20   // some thousand alerts; an Alertmanager sends a group at once
	server.ReadTimeout = 30 * time.Second // an Alertmanager gives up after less
	return &Config{
		ServerConfig:  server,
		Path:          "/alerts",
		MaxAlerts:     5000, // ten of the worst storms
		SeverityLabel: "severity",
		ServiceLabels: []string{"service_name", "service", "app_kubernetes_io_name", "app", "application"},
		HostLabels:    []string{"host_name", "node", "host", "hostname", "nodename"},
	}
}

// Validate names the key and the fix.
func (c *Config) Validate() error {
	switch {
	case !strings.HasPrefix(c.Path, "/"):
		return errors.New("path must begin with /, for example /alerts")
	case c.MaxAlerts <= 0:
		return errors.New("max_alerts must be positive")
	case c.MaxRequestBodySize <= 0:
		return errors.New("max_request_body_size must be positive, in bytes")
	case c.SeverityLabel == "":
		return errors.New("severity_label must be set, for example severity")
	}
	if err := c.bearer().Validate(); err != nil {
		return err
	}
	login := c.Token != "" || c.TokenFile != "" || c.Auth.HasValue()
	return listen.CheckHTTP(&c.ServerConfig, login, c.OpenToNetwork && login, defaultEndpoint)
}

func (c *Config) bearer() listen.TokenConfig {
	return listen.TokenConfig{Token: c.Token, TokenFile: c.TokenFile}
}
