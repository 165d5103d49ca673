package alerts

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Labels that the ledger sets on every alert.
const (
	LabelOwner    = "owner"
	LabelSeverity = "severity"
	LabelGroup    = "alert_group"
	LabelSLO      = "slo" // of slo rules alone
)

// Alerting is what a rule becomes: one expression that has a result while the condition holds. A rule of type slo
// becomes two, a fast burn and a slow one.
type Alerting struct {
	Expr               string
	Severity           string
	For, KeepFiringFor Duration
	// Expected is a template that names the band, for rules that have one that changes; Prometheus alone knows it.
	Expected string
}

// Recording is a series that rules need besides the metrics themselves.
type Recording struct {
	Record, Expr string
	Labels       map[string]string
}

// Compiled is a rule in the language of its source.
type Compiled struct {
	Recordings []Recording
	Alertings  []Alerting
}

// Compile turns the trigger into expressions. An error says, with its place, which key is missing or wrong.
func (r *Rule) Compile() (Compiled, error) {
	t := r.Trigger
	if t.Source != "" && t.Source != SourcePrometheus && t.Source != SourceLoki {
		return Compiled{}, r.fault("trigger.source", "source is %q: write prometheus or loki", t.Source)
	}
	one := func(expr string) Compiled {
		return Compiled{Alertings: []Alerting{{Expr: expr, Severity: r.Severity, For: t.For, KeepFiringFor: t.KeepFiringFor}}}
	}
	switch t.Type {
	case TriggerStatic, TriggerAbsence:
		if strings.TrimSpace(t.Expr) == "" {
			return Compiled{}, r.fault("trigger", "expr is missing: write the expression that has a result while something is wrong")
		}
		return one(strings.TrimSpace(t.Expr)), nil
	case TriggerDynamic:
		expr, err := r.dynamic()
		if err != nil {
			return Compiled{}, err
		}
		c := one(expr)
		c.Alertings[0].Expected = expectedBand
		return c, nil
	case TriggerPattern:
		expr, err := r.pattern()
		if err != nil {
			return Compiled{}, err
		}
		return one(expr), nil
	case TriggerSLO:
		return r.slo(true)
	}
	return Compiled{}, r.fault("trigger.type", "type is %q: write static, dynamic, pattern, slo or absence", t.Type)
}

func (r *Rule) fault(key, format string, args ...any) error {
	return fmt.Errorf("%s: %w", r.Position(key), fmt.Errorf(format, args...))
}

// expectedBand asks for the band of the very series that alerts.
const expectedBand = `{{ $m := "" }}{{ range $k, $v := $labels }}{{ if ne $k "alertname" }}{{ $m = printf "%s%s=%q," $m $k $v }}{{ end }}{{ end }}` +
	`{{ with query (printf "tidewatch_baseline_lower{%s}" $m) }}{{ . | first | value | humanize }}{{ end }} to ` +
	`{{ with query (printf "tidewatch_baseline_upper{%s}" $m) }}{{ . | first | value | humanize }}{{ end }}`

// Values of tidewatch_anomaly_state.
const anomalous = 2

func (r *Rule) dynamic() (string, error) {
	t := r.Trigger
	if t.Metric == "" {
		return "", r.fault("trigger", "metric is missing: name the watched metric as OpenTelemetry does, for example system.cpu.utilization")
	}
	if r.LogQL() {
		return "", r.fault("trigger.source", "a dynamic rule needs the baselines, which are in Prometheus")
	}
	sel := "{" + matchers(`metric="`+t.Metric+`"`, t.Where) + "}"
	observed := "tidewatch_baseline_observed" + sel
	up, down := observed+" > tidewatch_baseline_upper"+sel, observed+" < tidewatch_baseline_lower"+sel
	var outside string
	switch t.Direction {
	case "up":
		outside = up
	case "down":
		outside = down
	case "both":
		outside = "(" + up + " or " + down + ")"
	default:
		return "", r.fault("trigger.direction", "direction is %q: write up, down or both", t.Direction)
	}
	return fmt.Sprintf("%s and tidewatch_anomaly_state%s == %d", outside, sel, anomalous), nil
}

var changes = []string{"new", "flood", "spike", "silence", "severity_flip", "parameter_shift", "deploy", "storm"}

// patternWindow is how far back findings count. It is longer than the usual interval of evaluation and short enough for
// a change that is over to be over.
const patternWindow = "10m"

// pattern counts the findings of a kind that were opened. In Prometheus those are the counters of the agent, by
// instance; in Loki the findings themselves, with their service.
func (r *Rule) pattern() (string, error) {
	t := r.Trigger
	if !slices.Contains(changes, t.Change) {
		return "", r.fault("trigger.change", "change is %q: write one of %s", t.Change, strings.Join(changes, ", "))
	}
	by := t.By
	if r.LogQL() {
		if len(by) == 0 {
			by = []string{"service_name"}
		}
		where := t.Where
		if where == "" {
			where = `service_name=~".+"`
		}
		return fmt.Sprintf(`sum by (%s) (count_over_time({%s} | event_name="tidewatch.finding" | finding_kind="pattern_%s" | finding_state="open" [%s])) > 0`,
			strings.Join(by, ", "), where, t.Change, patternWindow), nil
	}
	if len(by) == 0 {
		by = []string{"instance"}
	}
	counter := "tidewatch_pattern_findings{" + matchers(`kind="pattern_`+t.Change+`"`, `state="open"`, t.Where) + "}"
	// A counter that is new has no increase yet: all of its value came within the window.
	return fmt.Sprintf("sum by (%s) ((%s unless %s offset %s) or increase(%s[%s])) > 0", strings.Join(by, ", "), counter, counter, patternWindow, counter, patternWindow), nil
}

func matchers(list ...string) string {
	return strings.Join(slices.DeleteFunc(list, func(s string) bool { return s == "" }), ", ")
}

// burn is one pair of windows of the SRE workbook's table (chapter 5, "Multiwindow, Multi-Burn-Rate Alerts"): the
// alert fires when this share of the budget of the period would be spent within the long window, and still is within
// the short one. With a period of 30 days the factors are 14.4, 6, 3 and 1.
type burn struct {
	long, short time.Duration
	share       float64
}

var (
	fastBurns = []burn{{time.Hour, 5 * time.Minute, 0.02}, {6 * time.Hour, 30 * time.Minute, 0.05}}
	slowBurns = []burn{{24 * time.Hour, 2 * time.Hour, 0.1}, {72 * time.Hour, 6 * time.Hour, 0.1}}
)

const defaultPeriod = Duration(30 * 24 * time.Hour)

// slo renders the burn rates, from recorded ratios or, for those who cannot record, from the counters themselves.
func (r *Rule) slo(record bool) (Compiled, error) {
	t := r.Trigger
	if r.LogQL() {
		return Compiled{}, r.fault("trigger.source", "an slo rule is for prometheus")
	}
	if !(t.Objective > 0 && t.Objective < 100) {
		return Compiled{}, r.fault("trigger.objective", "objective is %v: write the share of good events in percent, between 0 and 100", t.Objective)
	}
	if t.Good == "" || t.Total == "" {
		return Compiled{}, r.fault("trigger", "good and total are needed: the counters of good and of all events")
	}
	if t.Window < 0 {
		return Compiled{}, r.fault("trigger.window", "window must be positive")
	}
	period := t.Window
	if period == 0 {
		period = defaultPeriod
	}
	var c Compiled
	recorded := map[time.Duration]bool{}
	ratio := func(w time.Duration) string {
		if !record {
			return "(" + r.errorRatio(w) + ")"
		}
		name := "tidewatch:slo_errors:ratio_rate" + Duration(w).String()
		if !recorded[w] {
			recorded[w] = true
			c.Recordings = append(c.Recordings, Recording{Record: name, Expr: r.errorRatio(w), Labels: map[string]string{LabelSLO: r.ID}})
		}
		return fmt.Sprintf("%s{slo=%q}", name, r.ID)
	}
	condition := func(burns []burn) string {
		var pairs []string
		for _, b := range burns {
			limit := number(b.share * float64(period) / float64(b.long) * (1 - t.Objective/100))
			pairs = append(pairs, fmt.Sprintf("(%s > %s and %s > %s)", ratio(b.long), limit, ratio(b.short), limit))
		}
		return strings.Join(pairs, " or ")
	}
	fast, slow := r.Severity, SeverityWarning
	if fast != SeverityCritical {
		slow = SeverityInfo
	}
	expected := fmt.Sprintf("at most %s%% bad", number(100-t.Objective))
	c.Alertings = []Alerting{
		{Expr: condition(fastBurns), Severity: fast, For: t.For, KeepFiringFor: t.KeepFiringFor, Expected: expected},
		{Expr: condition(slowBurns), Severity: slow, For: t.For, KeepFiringFor: t.KeepFiringFor, Expected: expected},
	}
	return c, nil
}

// errorRatio is the share of bad events within a window. Without any good event it is one, not nothing.
func (r *Rule) errorRatio(w time.Duration) string {
	window := "[" + Duration(w).String() + "]"
	sum := "sum"
	if len(r.Trigger.By) > 0 {
		sum += " by (" + strings.Join(r.Trigger.By, ", ") + ")"
	}
	good, total := fmt.Sprintf("%s (rate(%s%s))", sum, r.Trigger.Good, window), fmt.Sprintf("%s (rate(%s%s))", sum, r.Trigger.Total, window)
	return fmt.Sprintf("1 - (%s or 0 * %s) / (%s > 0)", good, total, total)
}

// number writes a float as people do, without the noise of its last binary digits.
func number(f float64) string {
	return strconv.FormatFloat(f, 'g', 10, 64)
}

// labels are those that the ledger sets on the alert.
func (r *Rule) labels(a Alerting) map[string]string {
	set := map[string]string{LabelOwner: r.Owner, LabelSeverity: a.Severity, LabelGroup: r.Group}
	if r.Trigger.Type == TriggerSLO {
		set[LabelSLO] = r.ID
	}
	maps.Copy(set, r.Labels)
	return set
}

// annotations are what the one who is woken reads.
func (l Ledger) annotations(r *Rule, a Alerting) map[string]string {
	notes := map[string]string{
		"summary": r.Summary, "description": r.Description, "action": r.Response.Action, "deadline": r.Response.Deadline.String(),
	}
	if a.Expected != "" {
		notes["expected"] = a.Expected
	}
	if l.Owners.RunbookURL != "" && r.Runbook != "" {
		notes["runbook_url"] = l.Owners.RunbookURL + r.Runbook
	}
	if l.Owners.DashboardURL != "" && r.Dashboard != "" {
		notes["dashboard"] = l.Owners.DashboardURL + r.Dashboard
	}
	return notes
}
