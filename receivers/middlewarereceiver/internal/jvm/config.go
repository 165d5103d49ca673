package jvm

import (
	"errors"
	"strings"

	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/source"
)

// Config of the Java virtual machines. An endpoint may be a URL with the path of the page.
type Config struct {
	source.Servers `mapstructure:",squash"`

	// Paths are where the page of metrics is looked for, unless the endpoint has one.
	Paths []string `mapstructure:"paths"`
	// Username and Password are those of HTTP's basic authentication, where the page
	// wants one.
	Username string              `mapstructure:"username"`
	Password configopaque.String `mapstructure:"password"`
}

// DefaultConfig has the paths that are usual.
func DefaultConfig() Config {
	return Config{Paths: []string{"/metrics", "/actuator/prometheus"}} // of jmx_exporter and OpenTelemetry; of Spring Boot
}

// Validate names the key and the fix.
func (c *Config) Validate() error {
	for _, path := range c.Paths {
		if !strings.HasPrefix(path, "/") {
			return errors.New("paths must begin with /")
		}
	}
	if len(c.Paths) == 0 {
		return errors.New("paths must not be empty: /metrics is the usual one")
	}
	return nil
}
