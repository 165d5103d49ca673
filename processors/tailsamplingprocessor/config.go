package tailsamplingprocessor

import (
	"errors"
	"time"

	"go.opentelemetry.io/collector/component"
)

// Config of the processor.
type Config struct {
	// SpansPerSecond is how many spans are passed on in the long run; bursts of some seconds may be
	// more.
	SpansPerSecond float64 `mapstructure:"spans_per_second"`
	// Quiet is how long after its last span a trace is decided on, MaxWait how long after its first one
	// at the latest.
	Quiet   time.Duration `mapstructure:"quiet"`
	MaxWait time.Duration `mapstructure:"max_wait"`
	// MaxBytes is the memory for traces that wait; when it is full the oldest are decided on as they
	// are.
	MaxBytes int64 `mapstructure:"max_bytes"`
	// SlowRatio is how many times the 99th percentile of its operation a span must last to be slow.
	SlowRatio float64 `mapstructure:"slow_ratio"`
	// RarePerHour is how often a path (the set of operations of a trace) may be seen in an hour to be
	// rare.
	RarePerHour float64 `mapstructure:"rare_per_hour"`
	// MaxOperations and MaxPaths are how many have a history; those beyond are never slow, never
	// rare.
	MaxOperations int `mapstructure:"max_operations"`
	MaxPaths      int `mapstructure:"max_paths"`
	// MaxDecisions is of how many traces the decision is remembered for spans that come late.
	MaxDecisions int `mapstructure:"max_decisions"`
	// Storage is the storage extension that keeps what is usual, and the counts of what was dropped,
	// across restarts.
	Storage *component.ID `mapstructure:"storage"`
	// SnapshotInterval is how often they are saved; zero is at shutdown only.
	SnapshotInterval time.Duration `mapstructure:"snapshot_interval"`
}

func createDefaultConfig() component.Config {
	return &Config{
		SpansPerSecond: 500,              // a GB a day or so at an usual size of a span
		Quiet:          5 * time.Second,  // an interval of most SDKs' batches
		MaxWait:        30 * time.Second, // longer is a stream or a job
		MaxBytes:       32 << 20,         // five seconds of about 4,000 spans a second
		SlowRatio:      1.5,              // one in a hundred is above the percentile by its definition
		RarePerHour:    5,                // a nightly job, a failover, an error page
		MaxOperations:  2000,             // about 400 bytes each
		MaxPaths:       2000,             // about 150 bytes each
		MaxDecisions:   50_000,           // 1.5 MB
		// What a crash may cost.
		SnapshotInterval: 5 * time.Minute,
	}
}

// Validate names the key and the fix.
func (c *Config) Validate() error {
	var errs []error
	for _, v := range []struct {
		bad bool
		msg string
	}{
		{!(c.SpansPerSecond > 0), "spans_per_second must be positive"},
		{c.Quiet <= 0, "quiet must be positive"},
		{c.MaxWait < c.Quiet, "max_wait must not be shorter than quiet"},
		{c.MaxBytes < 1<<20, "max_bytes must be at least 1048576"},
		{!(c.SlowRatio >= 1), "slow_ratio must be at least 1"},
		{!(c.RarePerHour >= 0), "rare_per_hour must not be negative; 0 takes no path for rare"},
		{c.MaxOperations <= 0, "max_operations must be positive"},
		{c.MaxPaths <= 0, "max_paths must be positive"},
		{c.MaxDecisions <= 0, "max_decisions must be positive"},
		{c.SnapshotInterval < 0, "snapshot_interval must not be negative"},
	} {
		if v.bad {
			errs = append(errs, errors.New(v.msg))
		}
	}
	return errors.Join(errs...)
}
