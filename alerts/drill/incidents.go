package drill

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/tidewatch/tidewatch/incident"
	"github.com/tidewatch/tidewatch/signals"
)

// Incidents is what the agent's own incident engine makes of the storm, given all of its alerts as they fire and
// nothing else: no calls between services, no traces.
type Incidents struct {
	// Opened is how many there were, Bystanders how many of these hold nothing but bystanders.
	Opened     int `yaml:"opened" json:"opened"`
	Bystanders int `yaml:"bystanders" json:"bystanders"`
	// CausesFound is how many of the true causes are in an incident that names their place as its cause.
	CausesFound int `yaml:"causes_found" json:"causes_found"`
	// FirstSeconds is how long after the storm began the first was opened, -1 for never.
	FirstSeconds float64 `yaml:"first_seconds" json:"first_seconds"`
}

// check is how often the incident connector asks.
const check = 5 * time.Second

// Incidents plays the storm to an incident engine with its default settings. begin is any time; the result does not
// depend on it.
func (s *Storm) Incidents(begin time.Time) Incidents {
	e := incident.NewEngine(incident.Settings{})
	events := s.Events()
	out := Incidents{FirstSeconds: -1}
	opened := map[string]bool{}
	for at := time.Duration(0); at <= s.Length; at += check {
		for len(events) > 0 && events[0].At <= at {
			ev := events[0]
			events = events[1:]
			e.Observe(s.finding(ev, begin), begin.Add(ev.At))
		}
		for _, c := range e.Advance(begin.Add(at)) {
			if c.What == incident.ChangeOpened {
				opened[c.Incident.ID] = true
				if out.FirstSeconds < 0 {
					out.FirstSeconds = at.Seconds()
				}
			}
			if c.What == incident.ChangeMerged {
				delete(opened, c.Incident.ID)
			}
		}
	}
	out.Opened = len(opened)
	found := map[int]bool{}
	for _, i := range e.Incidents() {
		if !opened[i.ID] {
			continue
		}
		only := true
		for _, m := range i.Findings {
			k, err := strconv.Atoi(m.ID)
			if err != nil || k >= len(s.Alerts) {
				continue // none of the storm's
			}
			a := &s.Alerts[k]
			only = only && a.Role == RoleBystander
			if a.Role == RoleCause && m.Role == incident.RoleCause {
				found[a.Cause] = true
			}
		}
		if only {
			out.Bystanders++
		}
	}
	out.CausesFound = len(found)
	return out
}

// finding is an alert as the alert_webhook receiver makes one of it.
func (s *Storm) finding(ev Event, begin time.Time) incident.Finding {
	a := &s.Alerts[ev.Alert]
	f := incident.Finding{
		ID: strconv.Itoa(ev.Alert), Kind: signals.KindAlert, State: signals.StateOpen, Severity: a.Labels["severity"], Score: 1,
		Start: begin.Add(ev.At), Time: begin.Add(ev.At), Summary: a.Rule.ID + " fires.",
		Subject: []incident.Attr{{Key: signals.AttrAlertName, Value: a.Rule.ID}},
	}
	if !ev.Firing {
		f.State = signals.StateResolved
	}
	instance, _, _ := strings.Cut(a.Labels["instance"], ":")
	put := func(attribute, value string) {
		if value != "" {
			f.Entity = append(f.Entity, incident.Attr{Key: attribute, Value: value})
		}
	}
	put(signals.AttrServiceName, cmp.Or(a.Labels["service_name"], a.Labels["service"]))
	put(signals.AttrHostName, cmp.Or(a.Labels["host_name"], a.Labels["k8s_node_name"], a.Labels["node"], instance))
	put("k8s.pod.name", cmp.Or(a.Labels["k8s_pod_name"], a.Labels["pod"]))
	return f
}
