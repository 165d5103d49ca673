package consoleexporter

import (
	"errors"

	"go.opentelemetry.io/collector/component"
)

// Config configures the exporter.
type Config struct {
	// Extension is the console extension that owns the store.
	Extension component.ID `mapstructure:"extension"`
}

// Validate names the key and the fix.
func (c *Config) Validate() error {
	if c.Extension == (component.ID{}) {
		return errors.New("extension must name the console extension, for example console")
	}
	return nil
}
