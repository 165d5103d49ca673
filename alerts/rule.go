package alerts

import (
	"fmt"
	"time"
)

// Severities say what an alert may do to a person.
const (
	SeverityCritical = "critical" // wakes somebody
	SeverityWarning  = "warning"  // is looked at on the next working day
	SeverityInfo     = "info"     // is shown and notifies nobody
)

// Types of triggers.
const (
	TriggerStatic  = "static"  // an expression with a threshold
	TriggerDynamic = "dynamic" // a metric leaves its learned band
	TriggerPattern = "pattern" // the log patterns of a service change
	TriggerSLO     = "slo"     // an error budget burns too fast
	TriggerAbsence = "absence" // something that should be there is not
)

// Sources of triggers.
const (
	SourcePrometheus = "prometheus"
	SourceLoki       = "loki"
)

// Rule is one entry of the ledger, the file rules/<group>/<ID>.yaml.
type Rule struct {
	// ID is the alertname: CamelCase, unique, and the name of the file.
	ID string `yaml:"id"`
	// Group is the folder of the file and the rule group it is rendered to.
	Group string `yaml:"group"`
	// Owner is a key of owners.yaml: who is told.
	Owner string `yaml:"owner"`
	// Severity is critical, warning or info.
	Severity string `yaml:"severity"`
	// Summary is one line for the one who is woken, a template of Prometheus; Description has the threshold or
	// the band in numbers.
	Summary     string `yaml:"summary"`
	Description string `yaml:"description"`
	// Dashboard is the path of the dashboard that shows it, below the URL of Grafana; empty is none.
	Dashboard string `yaml:"dashboard"`
	// Labels are set on the alert besides alertname, owner, severity and group. Their values are bounded: no templates
	// with $value.
	Labels map[string]string `yaml:"labels"`

	Trigger  Trigger  `yaml:"trigger"`
	Response Response `yaml:"response"`
	// Runbook is a file of runbooks/ with the sections Meaning, Impact, Diagnosis and Mitigation.
	Runbook string `yaml:"runbook"`
	// InhibitedBy names rules whose alerts explain this one: while one of them fires for the same Equal labels, nobody
	// is notified of this one.
	InhibitedBy []string `yaml:"inhibited_by"`
	// Equal are the labels in which both alerts must agree; nil takes the labels of places (host_name, service_name,
	// instance, ...) that the alerts of both have in their tests.
	Equal []string `yaml:"equal"`
	Tests []Test   `yaml:"tests"`
	// Review is the day by which somebody must have asked whether the rule is still worth it.
	Review Date `yaml:"review"`
	// Disabled turns the rule off: it is not rendered, and not linted.
	Disabled bool `yaml:"disabled"`

	// File is where it was read from, below the root of the ledger; Shipped says that it came with the binary.
	File    string `yaml:"-"`
	Shipped bool   `yaml:"-"`

	positions positions
}

// Trigger says when a rule fires. Which fields count depends on Type.
type Trigger struct {
	Type string `yaml:"type"`
	// Expr is PromQL, or LogQL when Source is loki: for static and absence.
	Expr string `yaml:"expr"`
	// Metric is the OpenTelemetry name of the watched metric and Direction up, down or both: for dynamic.
	Metric    string `yaml:"metric"`
	Direction string `yaml:"direction"`
	// Change is which findings count: new, flood, spike, silence, severity_flip, parameter_shift, deploy or storm.
	Change string `yaml:"change"`
	// Where are label matchers as in PromQL, without braces: for dynamic and pattern.
	Where string `yaml:"where"`
	// By are the labels of which each combination is an alert: for slo and pattern.
	By []string `yaml:"by"`
	// Objective is the share of good events in percent, Good and Total are counters (PromQL selectors), and Window
	// is the period of the budget, 30d unless given: for slo.
	Objective float64  `yaml:"objective"`
	Good      string   `yaml:"good"`
	Total     string   `yaml:"total"`
	Window    Duration `yaml:"window"`
	// For is how long the condition lasts before the alert fires, KeepFiringFor how long it fires after the condition
	// ended, so that flapping is one notification.
	For           Duration `yaml:"for"`
	KeepFiringFor Duration `yaml:"keep_firing_for"`
	// Source is prometheus, which is also meant by the empty string, or loki.
	Source string `yaml:"source"`
}

// Response is what the owner does, and by when.
type Response struct {
	Action   string   `yaml:"action"`
	Deadline Duration `yaml:"deadline"`
}

// Test feeds series to the rule and says what fires at a time.
type Test struct {
	Name string `yaml:"name"`
	// Interval is the distance of the values, a minute unless given. The rule is evaluated every minute, or at Interval if
	// that is longer.
	Interval Duration `yaml:"interval"`
	Series   []Series `yaml:"series"`
	At       Duration `yaml:"at"`
	// Alerts are what fires at At, by all their labels besides those that the ledger sets itself (alertname, owner,
	// severity, group and the rule's own labels). The empty list says that nothing does.
	Alerts []Alert `yaml:"alerts"`
}

// Series is an input of a test in the notation of promtool: 'name{label="value"}' and '0+10x100'.
type Series struct {
	Series string `yaml:"series"`
	Values string `yaml:"values"`
}

// Alert is one that a test expects. Severity is of use for slo alone, where it tells the fast burn (critical) from the
// slow one (warning); empty is the rule's.
type Alert struct {
	Labels   map[string]string `yaml:"labels"`
	Severity string            `yaml:"severity"`
}

// Owner is an entry of owners.yaml: where alerts go.
type Owner struct {
	// Name is for people.
	Name string `yaml:"name"`
	// Receivers by severity. Critical without a receiver goes to that of warning, and the other way round; info without
	// one notifies nobody.
	Receivers map[string]Receiver `yaml:"receivers"`
	// GroupBy are the labels of which each combination is a notification of its own; alertname unless given.
	GroupBy []string `yaml:"group_by"`
	// RepeatInterval is how often an alert that goes on is told of again: by default 4h.
	RepeatInterval Duration `yaml:"repeat_interval"`
	// WorkingHours are when warnings are told of; those of other hours wait until then. Nil is always.
	WorkingHours *Hours `yaml:"working_hours"`
	// Escalation is, for people, who is called when nobody reacts by the deadline.
	Escalation string `yaml:"escalation"`
}

// Hours are the working hours of an owner: weekdays as monday:friday, from start to end (09:00, 18:00) in the time zone of
// location (Europe/Berlin), UTC unless given.
type Hours struct {
	Weekdays string `yaml:"weekdays"`
	Start    string `yaml:"start"`
	End      string `yaml:"end"`
	Location string `yaml:"location"`
}

// Receiver is one way to reach an owner. Secrets are files on Alertmanager's host, never values.
type Receiver struct {
	// WebhookURL is plain; WebhookURLFile holds one that is secret.
	WebhookURL     string `yaml:"webhook_url"`
	WebhookURLFile string `yaml:"webhook_url_file"`
	// SlackURLFile holds the URL of an incoming webhook, SlackChannel is where it writes.
	SlackURLFile string `yaml:"slack_url_file"`
	SlackChannel string `yaml:"slack_channel"`
	// PagerDutyKeyFile holds the integration key (Events API v2).
	PagerDutyKeyFile string `yaml:"pagerduty_key_file"`
	// Email is an address; Alertmanager's smarthost is set by smtp in owners.yaml.
	Email string `yaml:"email"`
}

// Position is a place in a file; lines and columns begin at 1.
type Position struct {
	File         string
	Line, Column int
}

// String is file:line:column, as editors understand it.
func (p Position) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }

// Position is where a key of the rule stands, as "trigger.expr" or "tests.0.name"; of a key that is not there it is
// where its nearest parent stands, at worst the beginning of the file.
func (r *Rule) Position(key string) Position { return r.positions.at(r.File, key) }

// LogQL says that the rule is for Loki's ruler.
func (r *Rule) LogQL() bool { return r.Trigger.Source == SourceLoki }

// Ledger is all rules with their owners and runbooks. It is a value to read: nothing changes it.
type Ledger struct {
	// Rules are ordered by group and ID, with those that are disabled.
	Rules  []*Rule
	Owners Owners
	// Runbooks is the text of each by its file name.
	Runbooks map[string]string
}

// Owners is owners.yaml.
type Owners struct {
	// Default is the owner of alerts that no rule of the ledger made.
	Default string           `yaml:"default"`
	Owners  map[string]Owner `yaml:"owners"`
	// URLs that annotations begin with; empty leaves links out.
	RunbookURL   string `yaml:"runbook_url"`
	DashboardURL string `yaml:"dashboard_url"`
	SMTP         *SMTP  `yaml:"smtp"`

	File      string `yaml:"-"`
	positions positions
}

// SMTP is the mail server of Alertmanager.
type SMTP struct {
	Smarthost    string `yaml:"smarthost"`
	From         string `yaml:"from"`
	Username     string `yaml:"username"`
	PasswordFile string `yaml:"password_file"`
}

// Rule finds a rule by its ID.
func (l Ledger) Rule(id string) (*Rule, bool) {
	for _, r := range l.Rules {
		if r.ID == id {
			return r, true
		}
	}
	return nil, false
}

// Enabled are the rules that are not disabled.
func (l Ledger) Enabled() []*Rule {
	var rules []*Rule
	for _, r := range l.Rules {
		if !r.Disabled {
			rules = append(rules, r)
		}
	}
	return rules
}

// Duration is written as Prometheus writes it: 90s, 5m, 1h30m, 30d. Zero is none.
type Duration time.Duration

// Date is a day, written 2027-05-01; the zero Date is none.
type Date struct{ time.Time }

// String is the day as it is written, or nothing.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return d.Format(time.DateOnly)
}
