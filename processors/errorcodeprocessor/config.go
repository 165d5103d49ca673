package errorcodeprocessor

import (
	"errors"
	"fmt"
	"os"

	"go.opentelemetry.io/collector/component"
)

// Config is the configuration of error_code.
type Config struct {
	// Directory holds catalogue files (*.yaml) of your own, which add to the shipped
	// entries or replace them; it may be missing. Empty: only the shipped ones. It is
	// read at start and at reload.
	Directory string `mapstructure:"directory"`
	// MaxLine is how many bytes of a message are looked at.
	MaxLine int `mapstructure:"max_line"`
}

func createDefaultConfig() component.Config {
	return &Config{
		MaxLine: 16 << 10, // a stack trace with its causes
	}
}

// Validate names the key and the fix.
func (c *Config) Validate() error {
	var errs []error
	if c.MaxLine < 64 {
		errs = append(errs, errors.New("max_line must be at least 64"))
	}
	if c.Directory != "" {
		if info, err := os.Stat(c.Directory); err == nil && !info.IsDir() {
			errs = append(errs, fmt.Errorf("directory: %s is a file: name the directory with your catalogue files", c.Directory))
		}
	}
	return errors.Join(errs...)
}
