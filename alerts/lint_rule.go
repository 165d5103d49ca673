package alerts

import (
	"fmt"
	"slices"
	"strings"
	"text/template/parse"
)

// sections are what a runbook must answer, in this order.
var sections = []string{"Meaning", "Impact", "Diagnosis", "Mitigation"}

// fields checks what every rule must say.
func (l *linter) fields(r *Rule) {
	need := func(key, value, why string) {
		if strings.TrimSpace(value) == "" {
			l.fail(r, key, strings.ReplaceAll(key, "_", "-"), "%s is missing: %s", key, why)
		}
	}
	if !camelCase(r.ID) {
		l.fail(r, "id", "id", "id is %q: write it in CamelCase with letters and digits alone", r.ID)
	}
	need("owner", r.Owner, "name who is told, one of owners.yaml")
	if _, ok := l.ledger.Owners.Owners[r.Owner]; !ok && r.Owner != "" {
		l.fail(r, "owner", "owner", "%q is not in owners.yaml", r.Owner)
	}
	if !slices.Contains(severities, r.Severity) {
		l.fail(r, "severity", "severity", "severity is %q: write critical (wakes somebody), warning (next working day) or info (shown only)", r.Severity)
	}
	need("summary", r.Summary, "say in one line what is wrong and where")
	need("description", r.Description, "say the threshold or the band in numbers")
	need("response.action", r.Response.Action, "say what is to be done")
	if r.Response.Deadline <= 0 {
		l.fail(r, "response.deadline", "response.deadline", "response.deadline is missing: say by when, as 30m or 1d")
	}
	switch {
	case r.Review.IsZero():
		l.fail(r, "review", "review", "review is missing: give the day by which the rule is looked at again")
	case !l.options.Today.IsZero() && r.Review.Before(l.options.Today.Truncate(24*60*60*1e9)):
		l.fail(r, "review", "review", "the review was due on %s: look at it (`tidewatch alerts backtest`), then write a later day", r.Review)
	}
	if r.Trigger.Type == TriggerStatic && !strings.ContainsAny(r.Description, "0123456789") && r.Description != "" {
		l.warn(r, "description", "no-number", "the description has no number: say the threshold")
	}
}

func camelCase(id string) bool {
	return id != "" && id[0] >= 'A' && id[0] <= 'Z' && strings.Trim(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

func (l *linter) runbook(r *Rule) {
	if r.Runbook == "" {
		l.fail(r, "runbook", "runbook", "runbook is missing: name a file of runbooks/")
		return
	}
	text, ok := l.ledger.Runbooks[r.Runbook]
	if !ok {
		l.fail(r, "runbook", "runbook", "runbooks/%s does not exist", r.Runbook)
		return
	}
	content := map[string]bool{}
	section, code := "", false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "```") {
			code = !code
		}
		if title, ok := strings.CutPrefix(line, "## "); ok && !code {
			section = strings.TrimSpace(title)
		} else if line != "" {
			content[section] = true
		}
	}
	for _, s := range sections {
		if !content[s] {
			l.fail(r, "runbook", "runbook", "runbooks/%s has nothing under ## %s", r.Runbook, s)
		}
	}
}

func (l *linter) inhibitedBy(r *Rule) {
	for i, id := range r.InhibitedBy {
		key := fmt.Sprintf("inhibited_by.%d", i)
		source, ok := l.ledger.Rule(id)
		switch {
		case id == r.ID:
			l.fail(r, key, "inhibited-by", "a rule cannot silence itself")
		case !ok:
			l.fail(r, key, "inhibited-by", "there is no rule %s", id)
		case source.Disabled:
			l.warn(r, key, "inhibited-by", "%s is disabled and silences nothing", id)
		case len(EqualLabels(r, source)) == 0 && r.Equal == nil:
			l.fail(r, key, "inhibited-by", "the tests of %s and %s show no place in common (as host_name), so that one alert of %s anywhere would silence this one everywhere: name the labels in equal, or write equal: [] if that is meant", r.ID, id, id)
		}
	}
}

func (l *linter) tests(r *Rule) {
	if len(r.Tests) == 0 {
		if !r.LogQL() { // there is nothing that runs them
			l.warn(r, "tests", "no-tests", "there are no tests: add one that fires and one that does not")
		}
		return
	}
	fires, quiet := false, false
	for i, t := range r.Tests {
		key := fmt.Sprintf("tests.%d", i)
		fires, quiet = fires || len(t.Alerts) > 0, quiet || len(t.Alerts) == 0
		if t.Name == "" {
			l.warn(r, key, "test-name", "the test has no name: say what it shows")
		}
		if len(t.Series) == 0 && r.Trigger.Type != TriggerAbsence {
			l.warn(r, key, "test-series", "the test has no series")
		}
		if len(t.Alerts) > 0 && t.At < r.Trigger.For {
			l.fail(r, key+".at", "test-at", "the test looks at %s, before the alert can fire (for: %s)", t.At, r.Trigger.For)
		}
	}
	if !fires {
		l.warn(r, "tests", "never-fires", "no test expects an alert")
	}
	if !quiet {
		l.warn(r, "tests", "always-fires", "no test expects silence: add one just below the threshold")
	}
}

// functions of Prometheus' templates, and those that all templates of Go have.
var functions = []string{
	"query", "first", "label", "value", "strvalue", "args", "reReplaceAll", "safeHtml", "match", "title", "toUpper", "toLower", "graphLink", "tableLink",
	"sortByLabel", "stripPort", "stripDomain", "humanize", "humanize1024", "humanizeDuration", "humanizePercentage", "humanizeTimestamp", "toTime", "toDuration",
	"now", "pathPrefix", "externalURL", "parseDuration", "urlQueryEscape",
	"and", "call", "eq", "ge", "gt", "html", "index", "js", "le", "len", "lt", "ne", "not", "or", "print", "printf", "println", "slice", "urlquery",
}

const variables = `{{ $labels := .Labels }}{{ $externalLabels := .ExternalLabels }}{{ $externalURL := .ExternalURL }}{{ $value := .Value }}`

func (l *linter) templates(r *Rule) {
	known := make(map[string]any, len(functions))
	for _, f := range functions {
		known[f] = true
	}
	for _, f := range []struct{ key, text string }{
		{"summary", r.Summary}, {"description", r.Description}, {"dashboard", r.Dashboard}, {"response.action", r.Response.Action},
	} {
		if _, err := parse.Parse(f.key, variables+f.text, "", "", known); err != nil {
			l.fail(r, f.key, "template", "%s", strings.TrimPrefix(err.Error(), "template: "))
		}
	}
	for k, v := range r.Labels {
		if k == LabelOwner || k == LabelSeverity || k == LabelGroup || k == LabelSLO || k == "alertname" {
			l.fail(r, "labels."+k, "label", "%s is set by the ledger", k)
		}
		if strings.Contains(v, "{{") {
			l.warn(r, "labels."+k, "unbounded-notifications", "a label with a template makes a new alert for each value that it takes: put it into the summary")
		}
	}
}

// usedLabels are the names after $labels. in a template.
func usedLabels(text string) []string {
	var names []string
	for {
		_, after, found := strings.Cut(text, "$labels.")
		if !found {
			return names
		}
		end := strings.IndexFunc(after, func(c rune) bool {
			return !(c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z')
		})
		if end < 0 {
			end = len(after)
		}
		names = append(names, after[:end])
		text = after[end:]
	}
}
