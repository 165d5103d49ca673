package consoleextension

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tidewatch/tidewatch/alerts"
	"github.com/tidewatch/tidewatch/alerts/drill"
	"github.com/tidewatch/tidewatch/internal/localstore"
	"github.com/tidewatch/tidewatch/signals"
)

const (
	// ledgerAge is how old a reading of the ledger may be: who edits a rule sees it soon.
	ledgerAge = 10 * time.Second
	// shownDrills is how many drills come along, the newest first.
	shownDrills = 10
)

// States of a rule.
const (
	ruleFiring   = "firing"
	ruleQuiet    = "quiet"
	ruleUnknown  = "unknown" // no Alertmanager reports to this agent
	ruleDisabled = "disabled"
)

// ledger reads the alert ledger when somebody asks for it.
type ledger struct {
	directory string

	mu      sync.Mutex // guards the rest
	read    time.Time
	last    alerts.Ledger
	drills  []drill.Record
	problem string
}

// load returns the shipped rules with those of the directory over them, and what of the
// directory can't be read.
func (l *ledger) load(now time.Time) (alerts.Ledger, []drill.Record, string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.read.IsZero() && now.Sub(l.read) < ledgerAge && !now.Before(l.read) {
		return l.last, l.drills, l.problem
	}
	first := l.read.IsZero()
	l.read, l.problem = now, ""
	if first || l.directory != "" {
		shipped, err := alerts.Shipped()
		if err != nil {
			l.problem = err.Error()
		}
		l.last = shipped
	}
	if l.directory == "" {
		return l.last, l.drills, l.problem
	}
	fsys := os.DirFS(l.directory)
	own, err := alerts.Load(fsys)
	if err == nil {
		_, err = os.Stat(l.directory)
	}
	if err != nil {
		l.problem = fmt.Sprintf("rules of %s are left out: %v", l.directory, err)
	} else {
		l.last = l.last.Override(own)
	}
	if l.drills, err = drill.ReadRecords(fsys); err != nil && l.problem == "" {
		l.problem = fmt.Sprintf("some drills of %s are left out: %v", l.directory, err)
	}
	return l.last, l.drills, l.problem
}

// ruleView is a rule of the ledger with its state here and now.
type ruleView struct {
	ID       string `json:"id"`
	Group    string `json:"group"`
	Owner    string `json:"owner"`
	Severity string `json:"severity"`
	Type     string `json:"type"`
	// Summary is a template of Prometheus, Condition says in words when it fires.
	Summary     string `json:"summary"`
	Description string `json:"description"`
	Condition   string `json:"condition"`
	Action      string `json:"action"`
	// DeadlineSeconds is by when the owner acts, 0 if nobody has to.
	DeadlineSeconds float64 `json:"deadline_seconds"`
	Review          string  `json:"review,omitempty"`
	Overdue         bool    `json:"overdue"`
	Shipped         bool    `json:"shipped"`
	// State is firing, quiet, unknown or disabled. Since is when the first of Firing
	// began, Unix seconds.
	State  string      `json:"state"`
	Since  uint32      `json:"since,omitempty"`
	Firing []firedRule `json:"firing"`
}

// firedRule is an alert of a rule that the Alertmanager reported.
type firedRule struct {
	Finding  string            `json:"finding"`
	State    string            `json:"state"`
	Severity string            `json:"severity"`
	Summary  string            `json:"summary"`
	Start    uint32            `json:"start"`
	Resolved uint32            `json:"resolved,omitempty"`
	Entity   []localstore.Attr `json:"entity"`
}

// drillView is what became of a storm.
type drillView struct {
	Date          time.Time `json:"date"`
	Scenario      string    `json:"scenario"`
	Alerts        int       `json:"alerts"`
	Notifications int       `json:"notifications"`
	Allowed       int       `json:"allowed"`
	// CauseSeconds is the time to the cause that took longest, -1 if one was not told.
	CauseSeconds float64  `json:"cause_seconds"`
	Misrouted    int      `json:"misrouted"`
	Passed       bool     `json:"passed"`
	Reasons      []string `json:"reasons"`
}

// ruleList is the ledger with what is known of it here.
type ruleList struct {
	Time   int64       `json:"time"`
	Rules  []ruleView  `json:"rules"`
	Drills []drillView `json:"drills"`
	// Reports says whether an Alertmanager reports to this agent: else nothing is known
	// of what fires.
	Reports bool `json:"reports"`
	// Directory is that of the user's own rules, Problem what can't be read there.
	Directory string `json:"directory"`
	Problem   string `json:"problem"`
}

// ruleDetail is a rule with its runbook and what it did here.
type ruleDetail struct {
	Time    int64       `json:"time"`
	Rule    ruleView    `json:"rule"`
	Reports bool        `json:"reports"`
	History []firedRule `json:"history"`
	// OwnerName and Escalation are for people.
	OwnerName  string `json:"owner_name"`
	Escalation string `json:"escalation"`
	// Runbook is Markdown.
	Runbook     string   `json:"runbook"`
	Expressions []string `json:"expressions"`
	InhibitedBy []string `json:"inhibited_by"`
	Inhibits    []string `json:"inhibits"`
	Tests       []string `json:"tests"`
	// File is where the rule stands in its ledger.
	File string `json:"file"`
}

// rules lists the ledger's rules by group, and whether an Alertmanager reports here.
func (a *api) rules(*query) (any, error) {
	l, drills, problem := a.ledger.load(a.now())
	reports, fired := a.reported()
	out := make([]ruleView, 0, len(l.Rules))
	for _, r := range l.Rules {
		out = append(out, a.ruleView(r, reports, fired[r.ID]))
	}
	shown := make([]drillView, 0, min(len(drills), shownDrills))
	for _, d := range drills[:min(len(drills), shownDrills)] {
		shown = append(shown, drillView{
			Date: d.Date, Scenario: d.Scenario, Alerts: d.Alerts, Notifications: d.Result.Notifications, Allowed: d.Result.Allowed,
			CauseSeconds: d.Result.Slowest, Misrouted: d.Result.Misrouted, Passed: d.Result.Passed, Reasons: append([]string{}, d.Result.Reasons...),
		})
	}
	return ruleList{a.now().Unix(), out, shown, reports, a.ledger.directory, problem}, nil
}

// oneRule tells all of one rule.
func (a *api) oneRule(q *query) (any, error) {
	l, _, _ := a.ledger.load(a.now())
	r, ok := l.Rule(q.r.PathValue("id"))
	if !ok {
		return nil, notFound("the ledger has no such rule")
	}
	reports, fired := a.reported()
	owner := l.Owners.Owners[r.Owner]
	d := ruleDetail{
		Time: a.now().Unix(), Rule: a.ruleView(r, reports, fired[r.ID]), Reports: reports, History: append([]firedRule{}, fired[r.ID]...),
		OwnerName: cmp.Or(owner.Name, r.Owner), Escalation: owner.Escalation, Runbook: l.Runbooks[r.Runbook], Expressions: []string{},
		InhibitedBy: append([]string{}, r.InhibitedBy...), Inhibits: []string{}, Tests: []string{}, File: r.File,
	}
	for _, other := range l.Rules {
		if slices.Contains(other.InhibitedBy, r.ID) {
			d.Inhibits = append(d.Inhibits, other.ID)
		}
	}
	for _, t := range r.Tests {
		d.Tests = append(d.Tests, t.Name)
	}
	if c, err := r.Compile(); err == nil {
		for _, x := range c.Alertings {
			d.Expressions = append(d.Expressions, x.Expr)
		}
	}
	return d, nil
}

// reported says whether an Alertmanager reports to this agent, and the alerts that are
// remembered by the name of their rule, those that fire first.
func (a *api) reported() (reports bool, fired map[string][]firedRule) {
	pipelines, _ := a.running.view()
	for _, p := range pipelines {
		reports = reports || slices.ContainsFunc(p.Receivers, func(id string) bool { return id == "alert_webhook" || strings.HasPrefix(id, "alert_webhook/") })
	}
	fired = map[string][]firedRule{}
	for _, f := range a.store.Findings() {
		if f.Kind != signals.KindAlert {
			continue
		}
		for _, at := range f.Attrs {
			if at.Key == signals.AttrAlertName {
				fired[at.Value] = append(fired[at.Value], firedRule{f.ID, f.State, f.Severity, f.Summary, f.Start, f.Resolved, f.Entity})
			}
		}
	}
	a.stillFiring(fired)
	return reports || len(fired) > 0, fired
}

// stillFiring adds the alerts that open incidents know of: these survive a restart, which
// the store does not.
func (a *api) stillFiring(fired map[string][]firedRule) {
	desk, err := a.desk()
	if err != nil {
		return
	}
	for _, i := range desk.Incidents() {
		for _, f := range i.Findings {
			if !i.Open() || f.Kind != signals.KindAlert || !f.Ended.IsZero() {
				continue
			}
			name, entity := "", []localstore.Attr{}
			for _, at := range f.Subject {
				if at.Key == signals.AttrAlertName {
					name = at.Value
				}
			}
			for _, at := range f.Entity {
				entity = append(entity, localstore.Attr{Key: at.Key, Value: at.Value})
			}
			known := slices.ContainsFunc(fired[name], func(x firedRule) bool { return x.Finding == f.ID })
			if name != "" && !known {
				fired[name] = append(fired[name], firedRule{f.ID, f.State, f.Severity, f.Summary, uint32(max(0, f.Start.Unix())), 0, entity}) //nolint:gosec // a time of this century
			}
		}
	}
}

func (a *api) ruleView(r *alerts.Rule, reports bool, fired []firedRule) ruleView {
	v := ruleView{
		ID: r.ID, Group: r.Group, Owner: r.Owner, Severity: r.Severity, Type: r.Trigger.Type, Summary: r.Summary, Description: r.Description,
		Condition: condition(&r.Trigger), Action: r.Response.Action, DeadlineSeconds: time.Duration(r.Response.Deadline).Seconds(),
		Review: r.Review.String(), Overdue: !r.Review.IsZero() && r.Review.Before(a.now()), Shipped: r.Shipped, State: ruleUnknown, Firing: []firedRule{},
	}
	if reports {
		v.State = ruleQuiet
	}
	for _, f := range fired {
		if f.State != signals.StateResolved {
			v.Firing = append(v.Firing, f)
			v.State = ruleFiring
			if v.Since == 0 || f.Start < v.Since {
				v.Since = f.Start
			}
		}
	}
	if r.Disabled && v.State != ruleFiring {
		v.State = ruleDisabled
	}
	return v
}

// condition says in words when a rule fires.
func condition(t *alerts.Trigger) string {
	where := ""
	if t.Where != "" {
		where = " where " + t.Where
	}
	var what string
	switch t.Type {
	case alerts.TriggerDynamic:
		way := map[string]string{"up": "rises above", "down": "falls below"}[t.Direction]
		what = fmt.Sprintf("%s%s %s the band learned for this hour", t.Metric, where, cmp.Or(way, "leaves"))
	case alerts.TriggerPattern:
		what = "log pattern: " + strings.ReplaceAll(t.Change, "_", " ") + where
	case alerts.TriggerSLO:
		window := cmp.Or(time.Duration(t.Window), 30*24*time.Hour)
		what = fmt.Sprintf("errors use up the budget of %s %% within %s too fast", strconv.FormatFloat(100-t.Objective, 'g', 4, 64), spoken(window))
	case alerts.TriggerAbsence:
		what = "nothing comes of " + t.Expr
	default:
		what = t.Expr
	}
	if t.For > 0 {
		what += ", for " + spoken(time.Duration(t.For))
	}
	return what
}

// spoken writes a duration in the largest unit that fits.
func spoken(d time.Duration) string {
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "min"}} {
		if d >= u.unit && d%u.unit == 0 {
			return fmt.Sprintf("%d %s", d/u.unit, u.name)
		}
	}
	return d.String()
}
