package journaldreceiver

import (
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
)

// Where reading begins at the very first start.
const (
	startTail      = "tail"
	startBeginning = "beginning"
	startEnd       = "end"
)

// Config of the receiver.
type Config struct {
	// Journalctl is the program to run, found in PATH unless it has slashes.
	Journalctl string `mapstructure:"journalctl"`
	// Directory is the folder of the journal; empty means the host's own. In a
	// container it is where the host's journal is mounted.
	Directory string `mapstructure:"directory"`
	// Units limits reading to these units; empty means all entries.
	Units []string `mapstructure:"units"`
	// Priority limits reading to this and more important levels: a name or number
	// that journalctl knows. Empty means all.
	Priority string `mapstructure:"priority"`
	// StartAt says where to begin at the very first start: tail (the last
	// InitialEntries), beginning or end.
	StartAt string `mapstructure:"start_at"`
	// InitialEntries is how many entries start_at: tail reads.
	InitialEntries int `mapstructure:"initial_entries"`
	// Storage is the extension that keeps the cursor. Without one every start is a
	// first start.
	Storage *component.ID `mapstructure:"storage"`
	// MaxBatchRecords is the largest number of records given on at once.
	MaxBatchRecords int `mapstructure:"max_batch_records"`
	// BatchTimeout is how long a batch waits for more entries.
	BatchTimeout time.Duration `mapstructure:"batch_timeout"`
	// MaxRetryInterval is the longest wait until a batch that the pipeline refused for
	// now is offered again. The first wait is 100ms, or this if it is shorter; each
	// further one is twice as long.
	MaxRetryInterval time.Duration `mapstructure:"max_retry_interval"`
}

func createDefaultConfig() component.Config {
	return &Config{
		Journalctl:       "journalctl",
		StartAt:          startTail,
		InitialEntries:   1000, // enough to see patterns at once
		MaxBatchRecords:  1000, // so many may be doubled by a crash between delivery and cursor
		BatchTimeout:     200 * time.Millisecond,
		MaxRetryInterval: 30 * time.Second, // soon enough after an outage, and rare enough not to be felt in one
	}
}

// Validate names the key and the fix.
func (c *Config) Validate() error {
	var errs []error
	if c.Journalctl == "" {
		errs = append(errs, errors.New("journalctl must name the program, usually journalctl"))
	}
	switch c.StartAt {
	case startTail, startBeginning, startEnd:
	default:
		errs = append(errs, fmt.Errorf("start_at: %q must be tail, beginning or end", c.StartAt))
	}
	if c.InitialEntries < 0 {
		errs = append(errs, errors.New("initial_entries must not be negative"))
	}
	if c.MaxBatchRecords <= 0 {
		errs = append(errs, errors.New("max_batch_records must be positive"))
	}
	if c.BatchTimeout <= 0 {
		errs = append(errs, errors.New("batch_timeout must be positive"))
	}
	if c.MaxRetryInterval <= 0 {
		errs = append(errs, errors.New("max_retry_interval must be positive"))
	}
	return errors.Join(errs...)
}
