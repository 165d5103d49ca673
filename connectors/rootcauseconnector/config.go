package rootcauseconnector

import (
	"errors"
	"time"

	"go.opentelemetry.io/collector/component"

	"github.com/tidewatch/tidewatch/rootcause"
)

// Config is the configuration of root_cause. All its uses read the same one.
type Config struct {
	// Storage names the storage extension that keeps what is usual, and the finding that
	// is open, across restarts; without one a restart needs some windows to know again.
	Storage *component.ID `mapstructure:"storage"`
	// SnapshotInterval is how often it is saved, besides whenever a finding begins, changes
	// or ends; zero saves then and at shutdown only.
	SnapshotInterval time.Duration `mapstructure:"snapshot_interval"`
	// Interval is how often the last minute is compared with the time before.
	Interval time.Duration `mapstructure:"interval"`
	// Window is the time that is compared.
	Window time.Duration `mapstructure:"window"`
	// History is how many recent windows are kept as what is usual, and as many
	// again that reach further back.
	History int `mapstructure:"history"`
	// ResolveAfter is how long requests must be as usual for a finding to be resolved.
	ResolveAfter time.Duration `mapstructure:"resolve_after"`
	// AcceptAfter is when a change that lasts is taken to be usual.
	AcceptAfter time.Duration `mapstructure:"accept_after"`
	// UpdateInterval is the shortest time between two updates of a finding.
	UpdateInterval time.Duration `mapstructure:"update_interval"`
	// MaxTraceBytes bounds the traces that are held until they are complete, and
	// afterwards for questions about them.
	MaxTraceBytes int64 `mapstructure:"max_trace_bytes"`
	// MaxOperations is how many operations and calls are told apart; four times as
	// many things that happen in them.
	MaxOperations int `mapstructure:"max_operations"`
	// MaxEvidence is how many findings, and how many log lines of traces, wait to be
	// joined with traces.
	MaxEvidence int `mapstructure:"max_evidence"`
}

func createDefaultConfig() component.Config {
	return &Config{
		SnapshotInterval: 5 * time.Minute, // a crash costs five windows of history

		Interval:       10 * time.Second, // two of them and a trace's rest are half a minute
		Window:         time.Minute,      // some dozen requests of each kind
		History:        8,                // with the longer ones, an hour and a quarter
		ResolveAfter:   2 * time.Minute,  // two windows without trouble
		AcceptAfter:    time.Hour,        // somebody has looked at it by then, or nobody minds
		UpdateInterval: time.Minute,      // evidence grows while the window fills
		MaxTraceBytes:  16 << 20,         // about 100,000 spans
		MaxOperations:  2000,             // fifty services with forty operations; 10 MB with their history
		MaxEvidence:    5000,             // lines of a few seconds
	}
}

// Validate names the key and the fix.
func (c *Config) Validate() error {
	var errs []error
	for _, v := range []struct {
		bad bool
		msg string
	}{
		{c.SnapshotInterval < 0, "snapshot_interval must not be negative"},
		{c.Interval < time.Second, "interval must be at least 1s"},
		{c.Window < 2*c.Interval, "window must be at least twice the interval"},
		{c.History < 3, "history must be at least 3"},
		{c.ResolveAfter <= 0, "resolve_after must be positive, e.g. 2m"},
		{c.AcceptAfter <= c.ResolveAfter, "accept_after must be longer than resolve_after, e.g. 1h"},
		{c.UpdateInterval <= 0, "update_interval must be positive, e.g. 1m"},
		{c.MaxTraceBytes < 1<<20, "max_trace_bytes must be at least 1048576"},
		{c.MaxOperations <= 0, "max_operations must be positive"},
		{c.MaxEvidence <= 0, "max_evidence must be positive"},
	} {
		if v.bad {
			errs = append(errs, errors.New(v.msg))
		}
	}
	return errors.Join(errs...)
}

func (c *Config) options() rootcause.WatcherOptions {
	return rootcause.WatcherOptions{
		Step: c.Interval, Window: c.Window, Blocks: c.History, ResolveAfter: c.ResolveAfter, AcceptAfter: c.AcceptAfter,
		UpdateEvery: c.UpdateInterval, Bounds: rootcause.Bounds{Places: c.MaxOperations, Links: 4 * c.MaxOperations},
	}
}
