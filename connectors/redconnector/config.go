package redconnector

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/collector/component"

	"github.com/tidewatch/tidewatch/signals"
)

// Config of the connector.
type Config struct {
	// Interval is how often metrics are sent.
	Interval time.Duration `mapstructure:"interval"`
	// Temporality of counts and histograms: cumulative or delta.
	Temporality string `mapstructure:"temporality"`
	// Expiry is how long after its last span a series ends.
	Expiry time.Duration `mapstructure:"expiry"`
	// ResourceAttributes are what tells services apart; the metrics have them as resource
	// attributes. Attributes of single instances multiply the series.
	ResourceAttributes []string `mapstructure:"resource_attributes"`
	// Dimensions are further attributes of spans, or of their resources, by which calls and durations
	// are counted.
	Dimensions []string `mapstructure:"dimensions"`
	// Histogram says how durations are counted.
	Histogram Histogram `mapstructure:"histogram"`
	// Exemplars adds to durations the trace of the slowest and of the latest span.
	Exemplars bool `mapstructure:"exemplars"`
	// MaxServices is how many services are told apart; the others are <other> together.
	MaxServices int `mapstructure:"max_services"`
	// MaxOperations is how many span names of one service are told apart, MaxSeries how many series
	// there are of all; what is beyond has the span name <other>.
	MaxOperations int `mapstructure:"max_operations"`
	MaxSeries     int `mapstructure:"max_series"`
	// Gauges are what baselines are learned of, and what the table of services shows.
	Gauges Gauges `mapstructure:"gauges"`
	// ServiceGraph counts who calls whom.
	ServiceGraph ServiceGraph `mapstructure:"service_graph"`
}

// Histogram says how durations are counted.
type Histogram struct {
	// Type is exponential, which is Prometheus' native histogram, or explicit, its classic one.
	Type string `mapstructure:"type"`
	// Unit of durations, ms or s; those of the service graph are in seconds in any case.
	Unit string `mapstructure:"unit"`
	// MaxSize is how many buckets an exponential histogram has; when values need more, each two
	// become one.
	MaxSize int `mapstructure:"max_size"`
	// Buckets are the upper bounds of an explicit histogram.
	Buckets []time.Duration `mapstructure:"buckets"`
}

// Gauges are rate, share of errors, mean and 99th percentile of what a service was asked for.
type Gauges struct {
	Enabled bool `mapstructure:"enabled"`
	// Window is over which they are taken.
	Window time.Duration `mapstructure:"window"`
	// MaxOperations is of how many operations of all services there are gauges beside those of the
	// services; the first ones seen.
	MaxOperations int `mapstructure:"max_operations"`
	// MinCalls is how many calls there must be within the window for a share or a percentile.
	MinCalls int `mapstructure:"min_calls"`
}

// ServiceGraph counts requests between services.
type ServiceGraph struct {
	Enabled bool `mapstructure:"enabled"`
	// Wait is how long one side of a request waits for the other.
	Wait time.Duration `mapstructure:"wait"`
	// MaxPending is how many sides wait; the oldest give way.
	MaxPending int `mapstructure:"max_pending"`
	// MaxEdges is how many pairs of services are told apart; the others are <other> together.
	MaxEdges int `mapstructure:"max_edges"`
}

const (
	temporalityCumulative = "cumulative"
	temporalityDelta      = "delta"
	typeExponential       = "exponential"
	typeExplicit          = "explicit"
	unitMilliseconds      = "ms"
	unitSeconds           = "s"
)

func createDefaultConfig() component.Config {
	return &Config{
		Interval:    10 * time.Second, // as host_metrics
		Temporality: temporalityCumulative,
		Expiry:      15 * time.Minute, // a service that restarts keeps its series
		// Not the host: instances come and go, and the baseline is that of the service.
		ResourceAttributes: []string{signals.AttrServiceName, "service.namespace", "deployment.environment.name"},
		Histogram: Histogram{
			Type:    typeExponential,
			Unit:    unitMilliseconds, // as upstream's span metrics
			MaxSize: 160,              // as the SDKs: a thousandfold range within 5 %
			// As upstream's.
			Buckets: []time.Duration{
				2 * time.Millisecond, 4 * time.Millisecond, 6 * time.Millisecond, 8 * time.Millisecond, 10 * time.Millisecond, 50 * time.Millisecond,
				100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond, time.Second, 1400 * time.Millisecond,
				2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second,
			},
		},
		Exemplars:     true,
		MaxServices:   200,  // a large fleet behind a gateway; about 6 KB each
		MaxOperations: 100,  // more are names with ids in them
		MaxSeries:     2000, // about 1.5 KB each
		Gauges: Gauges{
			Enabled:       true,
			Window:        time.Minute, // steady enough to learn, short enough to tell of a fault in time
			MaxOperations: 100,         // four baselines each, of the 2800 that there is room for
			MinCalls:      10,          // less is chance
		},
		ServiceGraph: ServiceGraph{
			Enabled:    true,
			Wait:       10 * time.Second, // two batches of most SDKs
			MaxPending: 10_000,           // about 1.5 MB
			MaxEdges:   500,              // about 2 KB each
		},
	}
}

// Validate names the key and the fix.
func (c *Config) Validate() error {
	var errs []error
	for _, v := range []struct {
		bad bool
		msg string
	}{
		{c.Interval < time.Second, "interval must be at least 1s"},
		{c.Temporality != temporalityCumulative && c.Temporality != temporalityDelta, fmt.Sprintf("temporality must be cumulative or delta, not %q", c.Temporality)},
		{c.Expiry < c.Interval, "expiry must not be shorter than interval"},
		{!slices.Contains(c.ResourceAttributes, signals.AttrServiceName), "resource_attributes must contain service.name"},
		{c.Histogram.Type != typeExponential && c.Histogram.Type != typeExplicit, fmt.Sprintf("histogram::type must be exponential or explicit, not %q", c.Histogram.Type)},
		{c.Histogram.Unit != unitMilliseconds && c.Histogram.Unit != unitSeconds, fmt.Sprintf("histogram::unit must be ms or s, not %q", c.Histogram.Unit)},
		{c.Histogram.MaxSize < 10 || c.Histogram.MaxSize > 1000, "histogram::max_size must be from 10 to 1000"},
		{c.Histogram.Type == typeExplicit && len(c.Histogram.Buckets) == 0, "histogram::buckets must not be empty"},
		{!ascending(c.Histogram.Buckets), "histogram::buckets must be positive and ascend"},
		{c.MaxServices <= 0, "max_services must be positive"},
		{c.MaxOperations <= 0, "max_operations must be positive"},
		{c.MaxSeries <= 0, "max_series must be positive"},
		{c.Gauges.Enabled && c.Gauges.Window < c.Interval, "gauges::window must not be shorter than interval"},
		{c.Gauges.Enabled && c.Gauges.Window > 60*c.Interval, "gauges::window must not be longer than 60 intervals"},
		{c.Gauges.MaxOperations < 0, "gauges::max_operations must not be negative; 0 has gauges of services only"},
		{c.Gauges.MinCalls < 0, "gauges::min_calls must not be negative"},
		{c.ServiceGraph.Enabled && c.ServiceGraph.Wait <= 0, "service_graph::wait must be positive"},
		{c.ServiceGraph.Enabled && c.ServiceGraph.MaxPending <= 0, "service_graph::max_pending must be positive"},
		{c.ServiceGraph.Enabled && c.ServiceGraph.MaxEdges <= 0, "service_graph::max_edges must be positive"},
	} {
		if v.bad {
			errs = append(errs, errors.New(v.msg))
		}
	}
	return errors.Join(errs...)
}

func ascending(buckets []time.Duration) bool {
	last := time.Duration(0)
	for _, b := range buckets {
		if b <= last {
			return false
		}
		last = b
	}
	return true
}
