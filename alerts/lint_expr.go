package alerts

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/promql/parser"
)

// trigger compiles the rule and looks at its expressions.
func (l *linter) trigger(r *Rule) {
	c, err := r.Compile()
	if err != nil {
		// The error begins with its place, which the problem has too.
		place, text := r.Position("trigger"), err.Error()
		for _, key := range []string{"trigger.type", "trigger.source", "trigger.direction", "trigger.change", "trigger.objective", "trigger.window"} {
			if rest, ok := strings.CutPrefix(text, r.Position(key).String()+": "); ok {
				place, text = r.Position(key), rest
				break
			}
		}
		text = strings.TrimPrefix(text, place.String()+": ")
		l.problems = append(l.problems, Problem{Position: place, Rule: r.ID, Check: "trigger", Error: true, Text: text})
		return
	}
	if r.LogQL() {
		if r.Trigger.Type != TriggerPattern && (!strings.Contains(r.Trigger.Expr, "{") || !strings.Contains(r.Trigger.Expr, "[")) {
			l.fail(r, "trigger.expr", "syntax", "a rule of Loki is a metric query, as sum(count_over_time({service_name=\"shop\"}[5m])) > 10")
		}
		return
	}
	read := parser.NewParser(parser.Options{})
	for i, a := range c.Alertings {
		e, err := read.ParseExpr(a.Expr)
		if err != nil {
			l.syntax(r, err)
			continue
		}
		if i > 0 {
			continue // the second burn rate is made of the same metrics
		}
		x := exprLinter{linter: l, rule: r, known: l.options.Metrics}
		switch r.Trigger.Type {
		case TriggerSLO:
			x.slo(c, read)
		default:
			x.expr(e)
			x.labels(e)
		}
		if r.Trigger.For == 0 && r.Trigger.Type != TriggerSLO && r.Trigger.Type != TriggerPattern && !looksBack(e) {
			l.warn(r, "trigger", "missing-for", "without for, one bad sample is an alert: say how long it must last, as for: 5m")
		}
	}
}

// syntax reports an error of the parser where it is in the file.
func (l *linter) syntax(r *Rule, err error) {
	place := r.Position("trigger.expr")
	var list parser.ParseErrors
	if errors.As(err, &list) && len(list) > 0 {
		offset := int(list[0].PositionRange.Start)
		place = r.positions.inside(r.File, "trigger.expr", r.Trigger.Expr, offset)
		err = list[0].Err
	}
	key := r.Trigger.Type
	text := err.Error()
	if key != TriggerStatic && key != TriggerAbsence {
		place = r.Position("trigger")
		text += ": check where, by, good and total"
	}
	l.problems = append(l.problems, Problem{Position: place, Rule: r.ID, Check: "syntax", Error: true, Text: text})
}

// exprLinter looks at one expression.
type exprLinter struct {
	*linter
	rule  *Rule
	known map[string]string
	said  map[string]bool
}

func (x *exprLinter) say(check, format string, args ...any) {
	key := "trigger.expr"
	if x.rule.Trigger.Expr == "" {
		key = "trigger"
	}
	if x.said == nil {
		x.said = map[string]bool{}
	}
	before := len(x.problems)
	x.warn(x.rule, key, check, format, args...)
	text := x.problems[before].Text
	if x.said[text] {
		x.problems = x.problems[:before]
	}
	x.said[text] = true
}

// slo looks at the counters of good and of all events.
func (x *exprLinter) slo(c Compiled, read parser.Parser) {
	if len(c.Recordings) == 0 {
		return
	}
	e, err := read.ParseExpr(c.Recordings[0].Expr)
	if err != nil {
		x.syntax(x.rule, err)
		return
	}
	x.expr(e)
	x.dead(flow(e))
}

func (x *exprLinter) expr(root parser.Expr) {
	if !compares(root) {
		x.say("always-true", "nothing is compared: it alerts whenever the series exists")
	}
	parser.Inspect(root, func(node parser.Node, path []parser.Node) error {
		switch n := node.(type) {
		case *parser.VectorSelector:
			x.metric(n, path)
		case *parser.BinaryExpr:
			x.comparison(n, path)
		case *parser.AggregateExpr:
			inner := flow(n.Expr)
			for _, label := range n.Grouping {
				if !n.Without && inner.lacks(label) {
					x.say("dead-label", "%s is gone before %s by (%s): it is always empty there", label, n.Op, strings.Join(n.Grouping, ", "))
				}
				if !n.Without && slices.Contains(unbounded, label) {
					x.say("unbounded-notifications", "by (%s) makes an alert for each %s there is", label, label)
				}
			}
		}
		return nil
	})
}

// unbounded are labels with values without end.
var unbounded = []string{
	"trace_id", "span_id", "request_id", "session_id", "user_id", "url_full", "url_path", "client_address", "client_port", "net_peer_port", "k8s_pod_uid",
	"container_id", "process_pid", "pid", "log_record_template",
}

// units are how names of metrics say their unit or kind.
var unitEndings = []string{
	"_seconds", "_milliseconds", "_bytes", "_ratio", "_total", "_percent", "_celsius", "_volts", "_amperes", "_joules", "_grams", "_meters", "_info", "_count",
	"_sum", "_bucket", "_per_second", "_timestamp", "_status", "_state",
}

func (x *exprLinter) metric(n *parser.VectorSelector, path []parser.Node) {
	name := n.Name
	if name == "" || strings.Contains(name, ":") {
		return
	}
	kind, ok := x.kind(name)
	if !ok {
		x.say("no-such-metric", "nobody is known to emit %s: is it spelled as on /metrics? (--prometheus URL asks a server)", name)
		if !slices.ContainsFunc(unitEndings, func(s string) bool { return strings.HasSuffix(name, s) }) {
			x.say("no-unit", "%s does not say its unit: say it in the description", name)
		}
		return
	}
	function := ""
	if call := caller(path); call != nil {
		function = call.Func.Name
	}
	switch function {
	case "rate", "irate", "increase", "resets":
		if kind == "gauge" {
			x.say("rate-on-gauge", "%s is a gauge, and %s takes each of its falls for a restart: use deriv or delta", name, function)
		}
	case "delta", "idelta", "deriv", "predict_linear", "holt_winters", "double_exponential_smoothing":
		if kind == "counter" {
			x.say("gauge-function-on-counter", "%s is a counter, and %s does not know of its restarts: use rate or increase", name, function)
		}
	case "":
		if kind == "counter" && comparedWithNumber(path) {
			x.say("raw-counter", "%s is a counter, which only grows: compare its rate or increase", name)
		}
	}
}

// kind finds the type of a metric, also by the series of a histogram or a summary.
func (x *exprLinter) kind(name string) (string, bool) {
	if k, ok := x.known[name]; ok {
		return k, true
	}
	for _, ending := range []string{"_bucket", "_count", "_sum"} {
		if family, ok := strings.CutSuffix(name, ending); ok && (x.known[family] == "histogram" || x.known[family] == "summary") {
			return "counter", true
		}
	}
	return "", false
}

// caller is the function that a selector is the argument of.
func caller(path []parser.Node) *parser.Call {
	for _, n := range slices.Backward(path) {
		switch n := n.(type) {
		case *parser.MatrixSelector, *parser.ParenExpr, *parser.StepInvariantExpr, parser.Expressions:
		case *parser.Call:
			return n
		default:
			return nil
		}
	}
	return nil
}

func comparedWithNumber(path []parser.Node) bool {
	for _, n := range slices.Backward(path) {
		switch n := n.(type) {
		case *parser.ParenExpr, *parser.StepInvariantExpr:
		case *parser.AggregateExpr:
			if n.Op == parser.COUNT || n.Op == parser.GROUP {
				return false
			}
		case *parser.BinaryExpr:
			return n.Op.IsComparisonOperator() && (literal(n.LHS) != nil || literal(n.RHS) != nil)
		default:
			return false
		}
	}
	return false
}

func literal(e parser.Expr) *parser.NumberLiteral {
	for {
		switch n := e.(type) {
		case *parser.ParenExpr:
			e = n.Expr
		case *parser.StepInvariantExpr:
			e = n.Expr
		case *parser.UnaryExpr:
			if inner := literal(n.Expr); inner != nil && n.Op == parser.SUB {
				return &parser.NumberLiteral{Val: -inner.Val}
			}
			return nil
		case *parser.NumberLiteral:
			return n
		default:
			return nil
		}
	}
}

// comparison finds those that are always or never true.
func (x *exprLinter) comparison(n *parser.BinaryExpr, path []parser.Node) {
	if !n.Op.IsComparisonOperator() {
		return
	}
	if n.ReturnBool {
		if slices.ContainsFunc(path, func(above parser.Node) bool {
			b, ok := above.(*parser.BinaryExpr)
			return ok && b.Op.IsComparisonOperator()
		}) {
			return // the numbers 0 and 1 are what is compared further up
		}
		x.say("always-true", "with bool, %s has a result even when it is false: leave bool out", n.Op)
		return
	}
	left, right := literal(n.LHS), literal(n.RHS)
	if left != nil && right != nil {
		x.say("always-true", "%s compares two numbers", n)
		return
	}
	value, limit, op := n.LHS, right, n.Op
	if left != nil {
		value, limit, op = n.RHS, left, mirrored[n.Op]
	}
	if limit == nil {
		return
	}
	low, high := x.bounds(value)
	switch {
	case op == parser.GTR && limit.Val >= high, op == parser.GTE && limit.Val > high, op == parser.LSS && limit.Val <= low, op == parser.LTE && limit.Val < low,
		op == parser.EQLC && (limit.Val < low || limit.Val > high):
		x.say("never-true", "%s is never true", n)
	case op == parser.GTR && limit.Val < low, op == parser.GTE && limit.Val <= low, op == parser.LSS && limit.Val > high, op == parser.LTE && limit.Val >= high,
		op == parser.NEQ && (limit.Val < low || limit.Val > high):
		x.say("always-true", "%s is always true", n)
	}
}

var mirrored = map[parser.ItemType]parser.ItemType{
	parser.GTR: parser.LSS, parser.LSS: parser.GTR, parser.GTE: parser.LTE, parser.LTE: parser.GTE, parser.EQLC: parser.EQLC, parser.NEQ: parser.NEQ,
}

// looksBack says whether the expression looks at more than the last sample.
func looksBack(e parser.Expr) bool {
	back := false
	parser.Inspect(e, func(node parser.Node, _ []parser.Node) error {
		switch n := node.(type) {
		case *parser.MatrixSelector:
			back = back || n.Range >= time.Minute
		case *parser.SubqueryExpr:
			back = true
		}
		return nil
	})
	return back
}

// compares says whether anything of the expression can be without a result.
func compares(e parser.Expr) bool {
	found := false
	parser.Inspect(e, func(node parser.Node, _ []parser.Node) error {
		switch n := node.(type) {
		case *parser.BinaryExpr:
			found = found || n.Op.IsComparisonOperator() || n.Op == parser.LUNLESS || n.Op == parser.LAND
		case *parser.Call:
			found = found || strings.HasPrefix(n.Func.Name, "absent")
		}
		return nil
	})
	return found
}

// labels holds the texts of the rule against the labels that are left.
func (x *exprLinter) labels(e parser.Expr) {
	left := flow(e)
	x.dead(left)
	for i, label := range x.rule.Equal {
		if left.lacks(label) {
			x.warn(x.rule, fmt.Sprintf("equal.%d", i), "dead-label", "alerts are to agree in %s, which the expression does not leave: it is always empty", label)
		}
	}
}

// dead warns of texts that use labels which are gone.
func (x *exprLinter) dead(left labelFlow) {
	for _, label := range slices.Sorted(maps.Keys(x.rule.Labels)) {
		left = left.with(label)
	}
	for _, label := range []string{LabelOwner, LabelSeverity, LabelGroup, LabelSLO, "alertname"} {
		left = left.with(label)
	}
	for _, f := range []struct{ key, text string }{
		{"summary", x.rule.Summary}, {"description", x.rule.Description}, {"dashboard", x.rule.Dashboard}, {"response.action", x.rule.Response.Action},
	} {
		for _, label := range usedLabels(f.text) {
			if left.lacks(label) {
				x.warn(x.rule, f.key, "dead-label", "$labels.%s is empty: the expression leaves %s", label, left)
			}
		}
	}
}
