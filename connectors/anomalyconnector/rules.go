package anomalyconnector

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tidewatch/tidewatch/anomaly"
	"github.com/tidewatch/tidewatch/signals"
)

var directions = map[string]anomaly.Direction{"": anomaly.Both, "both": anomaly.Both, "up": anomaly.Up, "down": anomaly.Down}

func (r *Rule) validate() error {
	finite := func(v float64) bool { return v >= 0 && v <= math.MaxFloat64 }
	switch {
	case len(r.Include) == 0:
		return errors.New(`include must name at least one pattern; "*" is every metric`)
	case r.Ignore:
		return nil
	case !finite(r.Floor):
		return errors.New("floor must be zero or positive")
	case !finite(r.MinChange):
		return errors.New("min_change must be zero or positive; 0.1 is a tenth")
	case r.Full != nil && !r.Forecast:
		return errors.New("full needs forecast: true")
	case r.Full != nil && !(math.Abs(*r.Full) <= math.MaxFloat64):
		return errors.New("full must be a number")
	case r.For < 0:
		return errors.New("for must not be negative")
	}
	if _, ok := directions[r.Direction]; !ok {
		return fmt.Errorf("direction must be both, up or down, not %q", r.Direction)
	}
	switch r.Severity {
	case "", signals.SeverityInfo, signals.SeverityWarning, signals.SeverityCritical:
		return nil
	default:
		return fmt.Errorf("severity must be info, warning or critical, not %q", r.Severity)
	}
}

// builtinRules watch a host without paging when it does its housekeeping: a
// deviation must matter to somebody, and last longer than a cron job takes.
// Metrics that say the same as another one here are left out.
func builtinRules() []Rule {
	const housekeeping = 5 * time.Minute
	full := 1.0
	used := map[string]string{"state": "used"}
	return []Rule{
		// A quarter of all processors.
		{Include: []string{"system.cpu.utilization"}, Floor: 0.25, For: housekeeping, Forecast: true},
		{Include: []string{"system.cpu.load_average.5m"}, Floor: 4, MinChange: 0.5, For: housekeeping},
		{Include: []string{"system.memory.utilization"}, Attributes: used, Floor: 0.1, For: housekeeping, Forecast: true},
		{Include: []string{"system.memory.usage"}, Attributes: used, Floor: 256 << 20, MinChange: 0.25, For: housekeeping},
		{Include: []string{"system.paging.utilization"}, Attributes: used, Direction: "up", Floor: 0.1, For: housekeeping},
		// 20 MB/s of disk and 5 MB/s of network are below what any machine of today notices.
		{Include: []string{"system.disk.io"}, Direction: "up", Floor: 20e6, MinChange: 0.5, For: housekeeping},
		{Include: []string{"system.network.io"}, Floor: 5e6, MinChange: 0.5, For: housekeeping, Forecast: true},
		{Include: []string{"system.network.errors", "system.network.dropped"}, Direction: "up", Floor: 10, For: housekeeping},
		{Include: []string{"system.filesystem.utilization"}, Direction: "up", Floor: 0.05, For: housekeeping, Forecast: true, Full: &full},
		{Include: []string{"system.processes.count"}, Direction: "up", Floor: 200, MinChange: 0.5, For: housekeeping},
		{Include: []string{signals.MetricLogLines}, Direction: "up", Floor: 20, MinChange: 0.5, For: housekeeping},
		// What a service was asked for, over the last minute. Less than one in twenty failing, or some
		// milliseconds more, is nothing to be told of; nor are a few calls a minute.
		{Include: []string{signals.MetricServiceErrors}, Direction: "up", Floor: 0.05},
		{Include: []string{signals.MetricServiceLatencyP99}, Direction: "up", Floor: 0.02, MinChange: 0.5},
		{Include: []string{signals.MetricServiceCalls}, Floor: 1, MinChange: 0.5, For: housekeeping},
		// What these are made of.
		{Include: []string{signals.MetricSpanCalls, signals.MetricSpanDuration, "traces_service_graph_*"}, Ignore: true},
		// Tidewatch's own families, and what is left of the host's.
		{Include: []string{"tidewatch.*", "tidewatch_*", "otelcol_*", "system.*", "process.*"}, Ignore: true},
		// An application's own metrics: a tenth of the value is the least to care about.
		{Include: []string{"*"}, MinChange: 0.1},
	}
}

// rule is a Rule made ready.
type rule struct {
	Rule
	settings anomaly.Settings
}

func compileRules(c *Config) []*rule {
	list := c.Rules
	if c.BuiltinRules {
		list = append(slices.Clip(list), builtinRules()...)
	}
	out := make([]*rule, len(list))
	for i := range list {
		s := anomaly.DefaultSettings()
		s.MinHistory, s.AdoptAfter = c.MinHistory, c.AdoptAfter
		s.Direction, s.Floor, s.MinChange, s.For = directions[list[i].Direction], list[i].Floor, list[i].MinChange, list[i].For
		out[i] = &rule{Rule: list[i], settings: s}
		if out[i].Severity == "" {
			out[i].Severity = signals.SeverityWarning
		}
	}
	return out
}

func (r *rule) matchesName(name string) bool {
	return matchesAny(r.Include, name) && !matchesAny(r.Exclude, name)
}

func matchesAny(patterns []string, s string) bool {
	for _, p := range patterns {
		if matches(p, s) {
			return true
		}
	}
	return false
}

// watches says whether a series is watched, by its attributes.
func (r *rule) watches(attributes pcommon.Map) bool {
	for k, pattern := range r.Attributes {
		v, ok := attributes.Get(k)
		if !ok || !matches(pattern, v.AsString()) {
			return false
		}
	}
	return true
}

// matches reports whether the pattern with * and ? covers all of s.
func matches(pattern, s string) bool {
	for pattern != "" {
		switch pattern[0] {
		case '*':
			pattern = strings.TrimLeft(pattern, "*")
			if pattern == "" {
				return true
			}
			for i := range len(s) + 1 {
				if matches(pattern, s[i:]) {
					return true
				}
			}
			return false
		case '?':
			if s == "" {
				return false
			}
		default:
			if s == "" || s[0] != pattern[0] {
				return false
			}
		}
		pattern, s = pattern[1:], s[1:]
	}
	return s == ""
}
