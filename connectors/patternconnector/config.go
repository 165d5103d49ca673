package patternconnector

import (
	"errors"
	"time"

	"go.opentelemetry.io/collector/component"

	"github.com/tidewatch/tidewatch/logpattern/change"
)

// Config is the configuration of pattern. Both uses of the connector, to metrics
// and to findings, read it.
type Config struct {
	// Storage names the storage extension that keeps the history of patterns
	// across restarts; without one they are learned anew.
	Storage *component.ID `mapstructure:"storage"`
	// SnapshotInterval is how often the history is saved; zero saves at shutdown
	// only.
	SnapshotInterval time.Duration `mapstructure:"snapshot_interval"`
	// MaxServices is how many services are told apart; lines of others are counted
	// as one service and do not become findings.
	MaxServices int `mapstructure:"max_services"`

	// Interval is how often metrics are sent. Findings are sent every 5 seconds, or
	// as often if this is less.
	Interval time.Duration `mapstructure:"interval"`
	// TopPatterns is how many patterns per service have a series of their own; the
	// others are counted as <other>.
	TopPatterns int `mapstructure:"top_patterns"`

	// Learning is how long after its first line a service has no findings: all its
	// patterns are new. Zero is no time at all.
	Learning time.Duration `mapstructure:"learning"`
	// MaxPatterns is how many patterns per service have a history.
	MaxPatterns int `mapstructure:"max_patterns"`
	// MaxNew is how many new patterns of a service are reported within a minute,
	// errors twice as many. One finding names the others.
	MaxNew int `mapstructure:"max_new"`
	// MaxChanges is how many changes of all kinds of a service are reported within
	// ten minutes, errors twice as many. One finding names the others.
	MaxChanges int `mapstructure:"max_changes"`
	// FloodLines is how many lines within a minute are a flood of a pattern that has
	// less than an hour of history.
	FloodLines int `mapstructure:"flood_lines"`
	// FloodRatio is how many times the most that is expected of a pattern a flood or
	// a spike must reach.
	FloodRatio float64 `mapstructure:"flood_ratio"`
	// UpdateInterval is the shortest time between two updates of a finding.
	UpdateInterval time.Duration `mapstructure:"update_interval"`
	// ResolveAfter is how long the cause must be gone for a finding to be resolved.
	ResolveAfter time.Duration `mapstructure:"resolve_after"`
	// Links are URLs that findings carry, most useful first. {log.pattern.id},
	// {log.record.template}, {start_ms}, {end_ms} and the names of the service's
	// resource attributes in braces stand for their values.
	Links []string `mapstructure:"links"`
}

func createDefaultConfig() component.Config {
	return &Config{
		SnapshotInterval: 5 * time.Minute,  // what a crash may cost
		MaxServices:      100,              // as log_pattern
		Interval:         10 * time.Second, // as host_metrics
		TopPatterns:      50,               // with <other> almost all lines of a program; 5,000 series at most
		Learning:         10 * time.Minute, // most programs have said each usual message once
		MaxPatterns:      1000,             // as log_pattern
		MaxNew:           10,               // a deploy is not a hundred findings
		MaxChanges:       30,               // more than a person reads in that time
		FloodLines:       100,              // more than a person reads line by line
		FloodRatio:       4,                // growth and noise stay below
		UpdateInterval:   5 * time.Minute,  // a finding is news, not a chart
		ResolveAfter:     5 * time.Minute,  // longer than the gap between retries
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
		{c.MaxServices <= 0, "max_services must be positive"},
		{c.Interval <= 0, "interval must be positive, e.g. 10s"},
		{c.TopPatterns <= 0, "top_patterns must be positive"},
		{c.Learning < 0, "learning must not be negative"},
		{c.MaxPatterns <= 0, "max_patterns must be positive"},
		{c.MaxNew <= 0, "max_new must be positive"},
		{c.MaxChanges <= 0, "max_changes must be positive"},
		{c.FloodLines <= 0, "flood_lines must be positive"},
		{c.FloodRatio <= 1, "flood_ratio must be greater than 1"},
		{c.UpdateInterval <= 0, "update_interval must be positive, e.g. 5m"},
		{c.ResolveAfter <= 0, "resolve_after must be positive, e.g. 5m"},
	} {
		if v.bad {
			errs = append(errs, errors.New(v.msg))
		}
	}
	return errors.Join(append(errs, validateLinks(c.Links))...)
}

func (c *Config) changeOptions() change.Options {
	learning := c.Learning
	if learning == 0 {
		learning = -1 // none
	}
	return change.Options{
		Learning: learning, MaxPatterns: c.MaxPatterns, MaxNew: c.MaxNew, MaxChanges: c.MaxChanges, FloodLines: c.FloodLines,
		Ratio: c.FloodRatio, UpdateEvery: c.UpdateInterval, ResolveAfter: c.ResolveAfter,
	}
}
