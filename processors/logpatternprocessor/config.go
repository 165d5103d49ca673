package logpatternprocessor

import (
	"errors"
	"time"

	"go.opentelemetry.io/collector/component"
)

// Config is the configuration of log_pattern.
type Config struct {
	// Storage names the storage extension that keeps patterns across restarts;
	// without one they are learned anew.
	Storage *component.ID `mapstructure:"storage"`
	// SnapshotInterval is how often patterns are saved; zero saves at shutdown
	// only.
	SnapshotInterval time.Duration `mapstructure:"snapshot_interval"`
	// MaxPatterns is how many patterns are kept per service.
	MaxPatterns int `mapstructure:"max_patterns"`
	// MaxBytes bounds the memory of the patterns of one service.
	MaxBytes int `mapstructure:"max_bytes"`
	// MaxServices is how many services are told apart; the others share one set
	// of patterns.
	MaxServices int `mapstructure:"max_services"`
	// MaxLine is how many bytes of a message are looked at.
	MaxLine int `mapstructure:"max_line"`
	// IncludeTemplate adds the template besides the id.
	IncludeTemplate bool `mapstructure:"include_template"`
}

func createDefaultConfig() component.Config {
	return &Config{
		SnapshotInterval: 5 * time.Minute, // what a crash may cost, against a write of some hundred kB
		MaxPatterns:      1000,            // programs rarely have more statements that log
		MaxBytes:         2 << 20,         // 1000 patterns of 1 kB, and as much for what their values are
		MaxServices:      100,             // a busy host; bounds everything at 200 MiB
		MaxLine:          8 << 10,         // what follows is payload
		IncludeTemplate:  true,
	}
}

// Validate names the key and the fix.
func (c *Config) Validate() error {
	var errs []error
	if c.SnapshotInterval < 0 {
		errs = append(errs, errors.New("snapshot_interval must not be negative"))
	}
	if c.MaxPatterns <= 0 {
		errs = append(errs, errors.New("max_patterns must be positive"))
	}
	if c.MaxBytes < 64<<10 {
		errs = append(errs, errors.New("max_bytes must be at least 65536"))
	}
	if c.MaxServices <= 0 {
		errs = append(errs, errors.New("max_services must be positive"))
	}
	if c.MaxLine < 256 {
		errs = append(errs, errors.New("max_line must be at least 256"))
	}
	return errors.Join(errs...)
}
