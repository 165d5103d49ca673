package alerts

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tidewatch/tidewatch/signals"
)

// Problem is what Lint has to say of one place.
type Problem struct {
	Position Position
	// Rule is the ID, empty for problems of owners.yaml.
	Rule string
	// Check is the short name of what is checked, as missing-for.
	Check string
	// Error is a rule that must not be used as it is; else it is a warning.
	Error bool
	Text  string
}

// String is one line: place, gravity, text and check.
func (p Problem) String() string {
	gravity := "warning"
	if p.Error {
		gravity = "error"
	}
	return fmt.Sprintf("%s: %s: %s [%s]", p.Position, gravity, p.Text, p.Check)
}

// LintOptions say what a ledger is held against.
type LintOptions struct {
	// Today is compared with the dates of review; the zero time leaves them out.
	Today time.Time
	// Metrics that exist by their names, with their types (counter, gauge, histogram, summary, or unknown); nil takes
	// ShippedMetrics.
	Metrics map[string]string
}

// ShippedMetrics are the metrics that the agent emits, and those of others that shipped rules are about, with their
// types, as Prometheus sees them: those of signals.Metrics.
func ShippedMetrics() map[string]string {
	m := map[string]string{}
	for _, l := range signals.Metrics() {
		m[l.Name] = l.Type
	}
	return m
}

// linter holds what checks share.
type linter struct {
	ledger   Ledger
	options  LintOptions
	problems []Problem
}

func (l *linter) report(r *Rule, key, check string, isError bool, format string, args ...any) {
	l.problems = append(l.problems, Problem{Position: r.Position(key), Rule: r.ID, Check: check, Error: isError, Text: fmt.Sprintf(format, args...)})
}

func (l *linter) fail(r *Rule, key, check, format string, args ...any) {
	l.report(r, key, check, true, format, args...)
}

func (l *linter) warn(r *Rule, key, check, format string, args ...any) {
	l.report(r, key, check, false, format, args...)
}

// Lint checks the whole ledger but its disabled rules. Problems come in the order of files, lines and columns.
func (l Ledger) Lint(o LintOptions) []Problem {
	if o.Metrics == nil {
		o.Metrics = ShippedMetrics()
	}
	c := linter{ledger: l, options: o}
	seen := map[string]*Rule{}
	for _, r := range l.Enabled() {
		c.fields(r)
		c.runbook(r)
		c.inhibitedBy(r)
		c.tests(r)
		c.templates(r)
		c.trigger(r)
		key := r.Severity + " " + strings.Join(strings.Fields(r.Trigger.Expr), " ")
		if other := seen[key]; other != nil && r.Trigger.Expr != "" {
			c.warn(r, "trigger.expr", "same-condition", "%s has the same condition and severity: one of them is enough", other.ID)
		}
		seen[key] = r
	}
	c.cycles()
	c.owners()
	slices.SortStableFunc(c.problems, func(a, b Problem) int {
		if n := strings.Compare(a.Position.File, b.Position.File); n != 0 {
			return n
		}
		return (a.Position.Line-b.Position.Line)*10000 + a.Position.Column - b.Position.Column
	})
	return c.problems
}

// cycles finds rules that silence one another, which silences all of them.
func (l *linter) cycles() {
	state := map[string]int{} // 1 is on the way, 2 is done
	var visit func(r *Rule, way []string)
	visit = func(r *Rule, way []string) {
		state[r.ID] = 1
		way = append(way, r.ID)
		for i, id := range r.InhibitedBy {
			next, ok := l.ledger.Rule(id)
			switch {
			case !ok || next.Disabled || id == r.ID:
			case state[id] == 1:
				l.fail(r, fmt.Sprintf("inhibited_by.%d", i), "inhibition-cycle", "these rules silence one another: %s",
					strings.Join(append(way[slices.Index(way, id):], id), " < "))
			case state[id] == 0:
				visit(next, way)
			}
		}
		state[r.ID] = 2
	}
	for _, r := range l.ledger.Enabled() {
		if state[r.ID] == 0 {
			visit(r, nil)
		}
	}
}

func (l *linter) owners() {
	o := l.ledger.Owners
	place := func(key, check, format string, args ...any) {
		l.problems = append(l.problems, Problem{
			Position: o.positions.at("owners.yaml", key), Check: check, Error: true, Text: fmt.Sprintf(format, args...),
		})
	}
	if len(o.Owners) == 0 {
		place("owners", "owner", "there are no owners: nobody would be told")
		return
	}
	if _, ok := o.Owners[o.Default]; !ok {
		place("default", "owner", "default is %q, which is no owner: alerts that no rule made would reach nobody", o.Default)
	}
	for _, name := range slices.Sorted(maps.Keys(o.Owners)) {
		owner := o.Owners[name]
		if owner.receiver(name, SeverityCritical) == nobody {
			place("owners."+name, "owner", "owner %s has no receiver for critical or warning: nobody would be told", name)
		}
		for _, severity := range slices.Sorted(maps.Keys(owner.Receivers)) {
			key := "owners." + name + ".receivers." + severity
			if !slices.Contains(severities, severity) {
				place(key, "severity", "%q is no severity: write %s", severity, strings.Join(severities, ", "))
			}
			if owner.Receivers[severity] == (Receiver{}) {
				place(key, "owner", "the receiver is empty: give it a webhook, Slack, PagerDuty or an address")
			}
		}
		if slices.Contains(owner.GroupBy, "...") {
			place("owners."+name+".group_by", "unbounded-notifications", "group_by ... makes every alert a notification of its own")
		}
	}
}
