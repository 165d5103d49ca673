package drill

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tidewatch/tidewatch/alerts"
)

// Notification is what arrived at a receiver.
type Notification struct {
	// At is since the storm began, in its own time.
	At       time.Duration
	Receiver string
	// Alerts by their labels; Firing says which of them fire.
	Alerts []map[string]string
	Firing []bool
}

// fires says whether it tells of anything that fires.
func (n *Notification) fires() bool { return slices.Contains(n.Firing, true) }

// Budget is what is allowed.
type Budget struct {
	// Notifications a cause; each bystander may have one of its own besides.
	Notifications int `yaml:"notifications_per_cause" json:"notifications_per_cause"`
	// CauseWithin is how long after it fires a cause is told.
	CauseWithin time.Duration `yaml:"-" json:"-"`
	// Seconds is the same in records.
	Seconds float64 `yaml:"cause_within_seconds" json:"cause_within_seconds"`
}

// DefaultBudget is three notifications a cause, which is told within a minute. A cause that is late cannot hide what was
// told before it: then it is twice as many.
func DefaultBudget(scenario string) Budget {
	b := Budget{Notifications: 3, CauseWithin: time.Minute}
	if scenario == ScenarioLateCause {
		b.Notifications *= 2
	}
	return b
}

// Result is what became of a storm.
type Result struct {
	// Notifications tell of alerts that fire, Resolved only of some that ended.
	Notifications int `yaml:"notifications" json:"notifications"`
	Resolved      int `yaml:"resolved_notifications" json:"resolved_notifications"`
	// Allowed is how many notifications the budget allows.
	Allowed int `yaml:"notifications_allowed" json:"notifications_allowed"`
	// Receivers counts notifications by receiver.
	Receivers map[string]int `yaml:"receivers" json:"receivers"`
	// Shown is how many different alerts people saw, BeforeCause how many symptoms of these
	// before their cause.
	Shown       int `yaml:"alerts_shown" json:"alerts_shown"`
	BeforeCause int `yaml:"symptoms_shown_before_cause" json:"symptoms_shown_before_cause"`
	// Duplicates are alerts that a receiver was told again while they went on.
	Duplicates int `yaml:"duplicates" json:"duplicates"`
	// Misrouted alerts went to someone who does not own them, Lost are causes and bystanders
	// that nobody was told.
	Misrouted int `yaml:"misrouted" json:"misrouted"`
	Lost      int `yaml:"lost" json:"lost"`
	// Unknown alerts are none of the storm's.
	Unknown int     `yaml:"unknown,omitempty" json:"unknown,omitempty"`
	Causes  []Cause `yaml:"causes" json:"causes"`
	// Slowest is the time to the cause that took longest, in seconds; -1 when one was not told.
	Slowest float64  `yaml:"time_to_cause_seconds" json:"time_to_cause_seconds"`
	Passed  bool     `yaml:"passed" json:"passed"`
	Reasons []string `yaml:"reasons,omitempty" json:"reasons,omitempty"`
}

// Cause is what became of a true cause.
type Cause struct {
	Rule  string `yaml:"rule" json:"rule"`
	Place string `yaml:"place" json:"place"`
	// Seconds from its firing to the first notification that has it, -1 for none; Rank is its
	// place among the alerts of that notification, 1 for the first, of Of.
	Seconds float64 `yaml:"seconds" json:"seconds"`
	Rank    int     `yaml:"rank,omitempty" json:"rank,omitempty"`
	Of      int     `yaml:"of,omitempty" json:"of,omitempty"`
}

// Judge says what people saw of a storm, and whether it is within the budget. Notifications come in
// the order of time.
func Judge(s *Storm, owners alerts.Owners, notes []Notification, b Budget) Result {
	j := judge{storm: s, owners: owners, index: s.index(), shown: map[int]bool{}, told: map[string]time.Duration{}}
	r := &j.result
	r.Receivers = map[string]int{}
	for _, i := range s.causes {
		a := &s.Alerts[i]
		r.Causes = append(r.Causes, Cause{Rule: a.Rule.ID, Place: placeOf(a.Labels), Seconds: -1})
	}
	for i := range notes {
		j.notification(&notes[i])
	}
	r.Shown = len(j.shown)
	for i := range s.Alerts {
		if a := &s.Alerts[i]; a.Role == RoleBystander && !j.shown[i] {
			r.Lost++
		}
	}
	for _, c := range r.Causes {
		if c.Seconds < 0 {
			r.Lost++
			r.Slowest = -1
		} else if r.Slowest >= 0 {
			r.Slowest = max(r.Slowest, c.Seconds)
		}
	}
	j.verdict(b)
	return j.result
}

// index finds alerts by the key of their labels.
func (s *Storm) index() map[string]int {
	index := make(map[string]int, len(s.Alerts))
	for i := range s.Alerts {
		index[Key(s.Alerts[i].Labels)] = i
	}
	return index
}

type judge struct {
	storm  *Storm
	owners alerts.Owners
	index  map[string]int
	shown  map[int]bool
	told   map[string]time.Duration // when a receiver was told of an alert last
	result Result
}

func (j *judge) notification(n *Notification) {
	r := &j.result
	if !n.fires() {
		r.Resolved++
		return
	}
	r.Notifications++
	r.Receivers[n.Receiver]++
	for k, labels := range n.Alerts {
		if !n.Firing[k] {
			continue
		}
		i, known := j.index[Key(labels)]
		if !known {
			r.Unknown++
			continue
		}
		j.alert(n, k, i)
	}
}

func (j *judge) alert(n *Notification, k, i int) {
	r, a := &j.result, &j.storm.Alerts[i]
	key := n.Receiver + " " + Key(a.Labels)
	last, again := j.told[key]
	j.told[key] = n.At
	switch {
	case again && !a.beganBetween(last, n.At):
		r.Duplicates++
	case !again && !j.belongs(a, n.Receiver):
		r.Misrouted++
	}
	if j.shown[i] {
		return
	}
	j.shown[i] = true
	switch a.Role {
	case RoleCause:
		c := &r.Causes[slices.Index(j.storm.causes, i)]
		c.Seconds, c.Rank, c.Of = max(seconds(n.At-a.On[0].From), 0), k+1, len(n.Alerts)
	case RoleSymptom:
		if at := slices.IndexFunc(j.storm.causes, func(c int) bool { return j.storm.Alerts[c].Cause == a.Cause }); at >= 0 && !j.shown[j.storm.causes[at]] {
			r.BeforeCause++
		}
	}
}

// beganBetween says whether an alert began anew after a time.
func (a *Alert) beganBetween(from, to time.Duration) bool {
	return slices.ContainsFunc(a.On, func(on Interval) bool { return on.From > from && on.From <= to })
}

// belongs says whether a receiver is the owner's: its own for the severity where there is one.
func (j *judge) belongs(a *Alert, receiver string) bool {
	owner, severity := a.Labels[alerts.LabelOwner], a.Labels[alerts.LabelSeverity]
	kind, ok := strings.CutPrefix(receiver, owner+"-")
	if !ok {
		return false
	}
	if _, has := j.owners.Owners[owner].Receivers[severity]; has {
		return kind == severity
	}
	_, has := j.owners.Owners[owner].Receivers[kind]
	return has
}

func (j *judge) verdict(b Budget) {
	r := &j.result
	bystanders := 0
	for i := range j.storm.Alerts {
		if j.storm.Alerts[i].Role == RoleBystander {
			bystanders++
		}
	}
	r.Allowed = b.Notifications*len(r.Causes) + bystanders
	fail := func(format string, args ...any) { r.Reasons = append(r.Reasons, fmt.Sprintf(format, args...)) }
	if r.Notifications > r.Allowed {
		fail("%d notifications, %d are allowed", r.Notifications, r.Allowed)
	}
	for _, c := range r.Causes {
		switch {
		case c.Seconds < 0:
			fail("the cause %s (%s) was not told", c.Rule, c.Place)
		case c.Seconds > b.CauseWithin.Seconds():
			fail("the cause %s (%s) was told after %.1f s, %.0f s are allowed", c.Rule, c.Place, c.Seconds, b.CauseWithin.Seconds())
		}
	}
	if r.Misrouted > 0 {
		fail("%d alerts went to someone who does not own them", r.Misrouted)
	}
	for i := range j.storm.Alerts {
		if a := &j.storm.Alerts[i]; a.Role == RoleBystander && !j.shown[i] {
			fail("%s (%s) has nothing to do with any cause and was not told", a.Rule.ID, placeOf(a.Labels))
		}
	}
	r.Passed = len(r.Reasons) == 0
}

// placeOf says where an alert is.
func placeOf(labels map[string]string) string {
	for _, name := range []string{"service_name", "service", "k8s_pod_name", "pod"} {
		if v := labels[name]; v != "" {
			return v
		}
	}
	return cmp.Or(labels["host_name"], labels["k8s_node_name"], labels["node"], labels["instance"], labels["k8s_cluster_name"], labels["exporter"], "no place")
}

func seconds(d time.Duration) float64 { return float64(d.Round(10*time.Millisecond)) / 1e9 }
