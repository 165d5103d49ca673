package anomalyconnector

import (
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
)

// Config of the connector.
type Config struct {
	// Rules say which metrics are watched and how; the first that matches a metric
	// decides. They come before the built-in ones.
	Rules []Rule `mapstructure:"rules"`
	// BuiltinRules appends rules for host metrics, and one that watches every other
	// metric in both directions.
	BuiltinRules bool `mapstructure:"builtin_rules"`
	// MinHistory is how long a series is only learned and never anomalous.
	MinHistory time.Duration `mapstructure:"min_history"`
	// AdoptAfter is how long an anomaly lasts before its level becomes the new
	// normal; zero is never.
	AdoptAfter time.Duration `mapstructure:"adopt_after"`
	// MaxBytes is the memory for what is learned. When it is used up, the points of
	// further series are watched together, one series named <other> per metric, and
	// counted.
	MaxBytes int64 `mapstructure:"max_bytes"`
	// MaxBaselines is of how many series the baseline families are exported.
	MaxBaselines int `mapstructure:"max_baselines"`
	// MaxForecasts is of how many series the next two hours are forecast, of those whose
	// rule asks for it.
	MaxForecasts int `mapstructure:"max_forecasts"`
	// SeriesExpiry is how long after its last point a series is forgotten.
	SeriesExpiry time.Duration `mapstructure:"series_expiry"`
	// BaselinesInterval is the least time between two points of a baseline; zero
	// gives one for every point observed. A change of state is always exported.
	BaselinesInterval time.Duration `mapstructure:"baselines_interval"`
	// GroupWindow is how long after a series became anomalous others of the same resource
	// that do so belong to the same finding; zero gives each series its own.
	GroupWindow time.Duration `mapstructure:"group_window"`
	// UpdateInterval is the least time between two "updated" findings of a series.
	UpdateInterval time.Duration `mapstructure:"update_interval"`
	// WarmStart fills the baselines of new series from history.
	WarmStart WarmStart `mapstructure:"warm_start"`
	// Storage is the storage extension that keeps what was learned across restarts;
	// without it learning starts anew.
	Storage *component.ID `mapstructure:"storage"`
	// SnapshotInterval is how often the state is saved; zero is at shutdown only.
	SnapshotInterval time.Duration `mapstructure:"snapshot_interval"`

	// built is what the sides of the connector share that were built from this
	// configuration; guarded by building.
	built *watcher
}

// Rule says how some metrics are watched.
type Rule struct {
	// Include and Exclude are patterns of metric names: * stands for any text, ? for
	// one character. A name must match one of Include and none of Exclude.
	Include []string `mapstructure:"include"`
	Exclude []string `mapstructure:"exclude"`
	// Attributes are patterns that the attributes of a series must match; a series
	// that lacks one of them is not watched.
	Attributes map[string]string `mapstructure:"attributes"`
	// Ignore leaves the metrics unwatched.
	Ignore bool `mapstructure:"ignore"`
	// Direction of deviations that matter: both, up or down; empty is both.
	Direction string `mapstructure:"direction"`
	// Floor is the smallest deviation that matters, in the metric's unit (per second
	// for counters).
	Floor float64 `mapstructure:"floor"`
	// MinChange is the smallest deviation that matters as a share of the expected
	// value: 0.1 is a tenth.
	MinChange float64 `mapstructure:"min_change"`
	// For is how long a deviation lasts before it is an anomaly; zero is a minute, at
	// least two points and at most six.
	For time.Duration `mapstructure:"for"`
	// Forecast adds what the next two hours are expected to bring.
	Forecast bool `mapstructure:"forecast"`
	// Full is the value at which a series is full, such as 1 for a utilization; when it
	// will be so is exported. It needs Forecast.
	Full *float64 `mapstructure:"full"`
	// Severity of the findings: info, warning or critical; empty is warning.
	Severity string `mapstructure:"severity"`
}

func createDefaultConfig() component.Config {
	return &Config{
		BuiltinRules:      true,
		MinHistory:        24 * time.Hour,     // each hour of the day was seen once
		AdoptAfter:        time.Hour,          // a finding has told of what stays
		MaxBytes:          8 << 20,            // about 2800 series; a host has about 100
		MaxBaselines:      500,                // five metrics each: 2500 more series in Prometheus
		MaxForecasts:      100,                // 1.6 KB and nine metrics each
		SeriesExpiry:      7 * 24 * time.Hour, // a host that was off for a week has not lost its baseline
		BaselinesInterval: 10 * time.Second,   // as often as host metrics
		GroupWindow:       time.Minute,        // what fails together shows within some points
		UpdateInterval:    5 * time.Minute,    // enough to follow an incident on a page
		// All hours of a week.
		WarmStart:        WarmStart{Window: 7 * 24 * time.Hour},
		SnapshotInterval: 5 * time.Minute, // a crash loses five minutes of learning
	}
}

// Validate names the key and the fix.
func (c *Config) Validate() error {
	var errs []error
	positive := func(ok bool, key string) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s must be positive", key))
		}
	}
	notNegative := func(d time.Duration, key string) {
		if d < 0 {
			errs = append(errs, fmt.Errorf("%s must not be negative", key))
		}
	}
	positive(c.MaxBytes > 0, "max_bytes")
	positive(c.SeriesExpiry > 0, "series_expiry")
	if c.MaxBaselines < 0 {
		errs = append(errs, errors.New("max_baselines must not be negative; 0 exports none"))
	}
	if c.MaxForecasts < 0 {
		errs = append(errs, errors.New("max_forecasts must not be negative; 0 forecasts none"))
	}
	notNegative(c.MinHistory, "min_history")
	notNegative(c.AdoptAfter, "adopt_after")
	notNegative(c.BaselinesInterval, "baselines_interval")
	notNegative(c.GroupWindow, "group_window")
	notNegative(c.UpdateInterval, "update_interval")
	notNegative(c.SnapshotInterval, "snapshot_interval")
	if err := c.WarmStart.validate(); err != nil {
		errs = append(errs, fmt.Errorf("warm_start::%w", err))
	}
	if len(c.Rules) == 0 && !c.BuiltinRules {
		errs = append(errs, errors.New("rules must not be empty when builtin_rules is false: nothing would be watched"))
	}
	for i := range c.Rules {
		if err := c.Rules[i].validate(); err != nil {
			errs = append(errs, fmt.Errorf("rules::%d::%w", i, err))
		}
	}
	return errors.Join(errs...)
}
