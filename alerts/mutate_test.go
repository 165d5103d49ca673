package alerts

import (
	"fmt"
	"slices"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/require"
)

// mutant is a rule with one thing changed.
type mutant struct {
	what string
	rule *Rule
}

// mutants changes each thing that makes the rule what it is, one at a time.
func mutants(t *testing.T, r *Rule) []mutant {
	t.Helper()
	var list []mutant
	change := func(what string, edit func(*Trigger)) {
		m := *r
		edit(&m.Trigger)
		list = append(list, mutant{what, &m})
	}
	if r.Trigger.For > 0 {
		change("for: 0s", func(t *Trigger) { t.For = 0 })
		change("for: ten times as long", func(t *Trigger) { t.For *= 10 })
	}
	switch r.Trigger.Type {
	case TriggerStatic, TriggerAbsence:
		for what, expr := range exprMutants(t, r.Trigger.Expr) {
			change("expr: "+what, func(t *Trigger) { t.Expr = expr })
		}
	case TriggerDynamic:
		change("metric: another", func(t *Trigger) { t.Metric += ".other" })
		for _, direction := range []string{"up", "down"} {
			if direction != r.Trigger.Direction {
				change("direction: "+direction, func(t *Trigger) { t.Direction = direction })
			}
		}
	case TriggerPattern:
		for _, other := range changes {
			if other != r.Trigger.Change {
				change("change: "+other, func(t *Trigger) { t.Change = other })
				break
			}
		}
	case TriggerSLO:
		change("objective: a hundred times as strict", func(t *Trigger) { t.Objective = 100 - (100-t.Objective)/100 })
		change("objective: ten times as lax", func(t *Trigger) { t.Objective = 100 - min(99, (100-t.Objective)*10) })
		change("good: another metric", func(t *Trigger) { t.Good = "other" })
		change("total: another metric", func(t *Trigger) { t.Total = "other" })
	}
	return list
}

// muchMore is far from zero in any unit.
const muchMore = 1e15

var opposite = map[parser.ItemType]parser.ItemType{
	parser.GTR: parser.LSS, parser.LSS: parser.GTR, parser.GTE: parser.LTE, parser.LTE: parser.GTE, parser.EQLC: parser.NEQ, parser.NEQ: parser.EQLC,
}

// exprMutants changes each operator of comparison, each number that is compared with, and the name of each metric.
func exprMutants(t *testing.T, expr string) map[string]string {
	t.Helper()
	read := parser.NewParser(parser.Options{})
	list := map[string]string{}
	count := 0
	// edit parses anew, changes the nth node that fits, and reports whether there was one.
	edit := func(n int, what func(parser.Node) string) bool {
		e, err := read.ParseExpr(expr)
		require.NoError(t, err)
		done, seen := "", 0
		parser.Inspect(e, func(node parser.Node, _ []parser.Node) error {
			if done != "" || node == nil {
				return nil
			}
			if _, ok := node.(parser.Expr); !ok {
				return nil
			}
			if seen == n {
				done = what(node)
				seen++
				return nil
			}
			seen++
			return nil
		})
		if done != "" {
			count++
			list[fmt.Sprintf("%d: %s", count, done)] = e.String()
		}
		return seen > n
	}
	compared := func(node parser.Node, factor func(float64) float64) string {
		b, ok := node.(*parser.BinaryExpr)
		if !ok || !b.Op.IsComparisonOperator() {
			return ""
		}
		for _, side := range []parser.Expr{b.LHS, b.RHS} {
			for {
				if p, ok := side.(*parser.ParenExpr); ok {
					side = p.Expr
					continue
				}
				break
			}
			if n, ok := side.(*parser.NumberLiteral); ok {
				before := n.Val
				n.Val = factor(before)
				if before == 0 && (b.Op == parser.EQLC || b.Op == parser.NEQ) {
					n.Val = 1
				}
				return fmt.Sprintf("%g instead of %g", n.Val, before)
			}
		}
		return ""
	}
	for n := 0; ; n++ {
		more := edit(n, func(node parser.Node) string {
			if b, ok := node.(*parser.BinaryExpr); ok && b.Op.IsComparisonOperator() {
				before := b.Op
				b.Op = opposite[b.Op]
				return b.Op.String() + " instead of " + before.String()
			}
			return ""
		})
		edit(n, func(node parser.Node) string {
			return compared(node, func(v float64) float64 {
				if v == 0 {
					return -muchMore
				}
				return v / 2
			})
		})
		edit(n, func(node parser.Node) string {
			return compared(node, func(v float64) float64 {
				if v == 0 {
					return muchMore
				}
				return v * 2
			})
		})
		edit(n, func(node parser.Node) string {
			if v, ok := node.(*parser.VectorSelector); ok && v.Name != "" {
				v.Name += "_other"
				for _, m := range v.LabelMatchers {
					if m.Name == "__name__" {
						m.Value = v.Name
					}
				}
				return "another metric than " + v.Name
			}
			return ""
		})
		if !more {
			return list
		}
	}
}

// cheapFirst has the tests with the fewest evaluations first.
func cheapFirst(tests []Test) []Test {
	return slices.SortedStableFunc(slices.Values(tests), func(a, b Test) int { return int(a.At/a.Evaluation() - b.At/b.Evaluation()) })
}

// TestTestsNoticeChanges is the test of the tests: whatever of a rule is changed, one of its tests fails.
func TestTestsNoticeChanges(t *testing.T) {
	if underRace {
		t.Skip("one goroutine has no races, and the detector makes it many times as slow")
	}
	for _, r := range promRules(t) {
		t.Run(r.ID, func(t *testing.T) {
			for _, m := range mutants(t, r) {
				noticed := false
				for _, test := range cheapFirst(m.rule.Tests) {
					noticed = noticed || holds(t, m.rule, test) != nil
				}
				if !noticed {
					t.Errorf("%s: no test notices the change %q", r.Position("tests"), m.what)
				}
			}
		})
	}
}
