package alertmanagerexporter

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tidewatch/tidewatch/incident"
	"github.com/tidewatch/tidewatch/internal/incidentlog"
	"github.com/tidewatch/tidewatch/signals"
)

// alert is one alert as the API has it.
type alert struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL,omitempty"`
}

// state is an alert and when it was told of.
type state struct {
	alert

	time  time.Time // of the record
	ended time.Time // zero while it holds
}

// read returns the alert of a record and the key under which it is held, which follows
// from its labels: an alert that becomes critical is another one.
func (c *Config) read(resource pcommon.Map, r plog.LogRecord, now time.Time) (key string, s *state, ok bool) {
	if i, ok := incidentlog.Read(r); ok {
		s = ofIncident(&i)
	} else if f, ok := incidentlog.ReadFinding(resource, r, now); ok {
		s = ofFinding(&f)
	} else {
		return "", nil, false
	}
	for name, value := range c.Labels {
		if _, own := s.Labels[name]; !own {
			s.Labels[name] = value
		}
	}
	return keyOf(s.Labels), s, true
}

func ofIncident(i *incidentlog.Record) *state {
	s := &state{time: i.Time, alert: alert{
		Labels:      map[string]string{"alertname": "TidewatchIncident", signals.LabelIncident: i.ID, "severity": i.Severity},
		Annotations: map[string]string{"summary": i.Title, "cause": i.Cause, "description": description(i)},
		StartsAt:    i.Start,
	}}
	for name, value := range map[string]string{
		"services": strings.Join(i.Services, ", "), "hosts": strings.Join(i.Hosts, ", "), "state": i.State, "owner": i.Owner, "known": i.Known,
	} {
		if value != "" {
			s.Annotations[name] = value
		}
	}
	if !i.Open() {
		s.ended = cmp.Or(i.Resolved, i.Time)
	}
	s.link(i.Links)
	return s
}

func description(i *incidentlog.Record) string {
	findings := "findings"
	if i.Count == 1 {
		findings = "finding"
	}
	return fmt.Sprintf("The cause is %s: %s. %d %s in %d services on %d hosts.", i.Cause, i.CauseWhy, i.Count, findings, len(i.Services), len(i.Hosts))
}

// entity are the attributes of a finding that are labels.
var entity = map[string]string{
	signals.AttrServiceName: "service", signals.AttrHostName: "host", "k8s.namespace.name": "namespace", "k8s.pod.name": "pod",
}

func ofFinding(f *incident.Finding) *state {
	s := &state{time: f.Time, alert: alert{
		Labels:      map[string]string{"alertname": "TidewatchFinding", "finding": f.ID, "kind": f.Kind, "severity": f.Severity},
		Annotations: map[string]string{"summary": f.Summary},
		StartsAt:    f.Start,
	}}
	for _, a := range f.Entity {
		if name := entity[a.Key]; name != "" && a.Value != "" {
			s.Labels[name] = a.Value
		}
	}
	if !f.Open() {
		s.ended = f.Time
	}
	s.link(f.Links)
	return s
}

func (s *state) link(links []string) {
	if len(links) > 0 {
		s.GeneratorURL = links[0]
		s.Annotations["links"] = strings.Join(links, " ")
	}
}

// keyOf is one text for one set of labels.
func keyOf(labels map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		fmt.Fprintf(&b, "%s=%q,", name, labels[name])
	}
	return b.String()
}

// subject is what an alert is about, whatever its severity.
func (s *state) subject() string {
	return cmp.Or(s.Labels[signals.LabelIncident], s.Labels["finding"])
}

// at is the alert as it is sent at a time: one that holds ends after timeout unless it is
// sent again.
func (s *state) at(now time.Time, timeout time.Duration) alert {
	a := s.alert
	a.EndsAt = s.ended
	if s.ended.IsZero() {
		a.EndsAt = now.Add(timeout)
	}
	if a.EndsAt.Before(a.StartsAt) {
		a.StartsAt = a.EndsAt
	}
	return a
}
