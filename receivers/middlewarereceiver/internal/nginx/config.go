package nginx

import (
	"errors"
	"strings"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/source"
)

// Config of the nginx servers. An endpoint may be a URL with the path of the page.
type Config struct {
	source.Servers `mapstructure:",squash"`

	// Paths are where the page of stub_status is looked for, unless the endpoint has one.
	Paths []string `mapstructure:"paths"`
}

// DefaultConfig has the paths that are usual.
func DefaultConfig() Config {
	// Of the manuals of nginx, Debian, Datadog and the Ingress controller.
	return Config{Paths: []string{"/nginx_status", "/stub_status", "/basic_status", "/status"}}
}

// Validate names the key and the fix.
func (c *Config) Validate() error {
	for _, path := range c.Paths {
		if !strings.HasPrefix(path, "/") {
			return errors.New("paths must begin with /")
		}
	}
	if len(c.Paths) == 0 {
		return errors.New("paths must not be empty: /nginx_status is the usual one")
	}
	return nil
}
