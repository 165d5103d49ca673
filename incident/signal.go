package incident

import (
	"strings"

	"github.com/tidewatch/tidewatch/signals"
)

// What kind of trouble a finding tells of.
const (
	// SignalTrouble is felt by users: errors, latency, missing work.
	SignalTrouble = "trouble"
	// SignalSaturation is a resource in use: it explains trouble, and is none alone.
	SignalSaturation = "saturation"
	// SignalTraffic is how much there is to do.
	SignalTraffic = "traffic"
	// SignalRelief is trouble that became less.
	SignalRelief = "relief"
	// SignalChange is something that was changed: a deployment.
	SignalChange = "change"
)

// Words by which the names of metrics tell what they measure. They follow the
// semantic conventions of OpenTelemetry and the habits of Prometheus exporters; the
// first list with a word that occurs wins.
var (
	troubleWords    = []string{"error", "fail", "exception", "5xx", "drop", "refused", "reject", "timeout", "abort", "retrans", "restart", "oom", "discard"}
	saturationWords = []string{"cpu", "memory", "heap", "utilization", "usage", "load", "disk", "filesystem", "queue", "pool", "paging", "swap", "thread", "goroutine", "inode", "open_f", "gc.", "gc_", "saturation", "backlog", "process"}
	latencyWords    = []string{"duration", "latency", "response_time", "response.time", "wait", "lag", "delay", "rtt"}
)

// signal works out what a finding tells of from its kind and, of metrics, from the
// name and the side of the band.
func (f *Finding) signal() string {
	switch f.Kind {
	case signals.KindPatternDeploy:
		return SignalChange
	case signals.KindMetricAnomaly:
	default:
		return SignalTrouble
	}
	name := strings.ToLower(attr(f.Subject, signals.AttrFindingMetric))
	for _, l := range []struct {
		words        []string
		above, below string
	}{
		{troubleWords, SignalTrouble, SignalRelief},
		{latencyWords, SignalTrouble, SignalRelief},
		{saturationWords, SignalSaturation, SignalTraffic},
	} {
		for _, w := range l.words {
			if !strings.Contains(name, w) {
				continue
			}
			if f.Below {
				return l.below
			}
			return l.above
		}
	}
	for _, a := range f.Subject {
		if v := strings.ToLower(a.Value); v == "error" || strings.HasSuffix(a.Key, "status_code") && strings.HasPrefix(v, "5") {
			if f.Below {
				return SignalRelief
			}
			return SignalTrouble
		}
	}
	if f.Below {
		return SignalTrouble // work that does not come
	}
	return SignalTraffic
}

// weight is how much a finding says that something is wrong; 1 is enough for an
// incident.
func (f *Finding) weight() float64 {
	if f.Severity != signals.SeverityWarning && f.Severity != signals.SeverityCritical {
		return 0
	}
	switch {
	case f.Kind == signals.KindAlert, f.Kind == signals.KindRootCause:
		return 1 // a person wrote the rule; a culprit was named
	case f.Signal == SignalRelief:
		return 0
	case f.Signal == SignalTraffic, f.Signal == SignalChange:
		return 0.25
	case f.Severity == signals.SeverityCritical:
		return 1
	default:
		return 0.5
	}
}
