package alerts

import (
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// labelFlow is which labels the result of an expression can have: those that are listed if it is closed, else all but
// those that are gone.
type labelFlow struct {
	closed bool
	listed map[string]bool
	gone   map[string]bool
}

func closedTo(names ...string) labelFlow {
	f := labelFlow{closed: true, listed: map[string]bool{}}
	for _, n := range names {
		f.listed[n] = true
	}
	return f
}

func (f labelFlow) lacks(label string) bool {
	if f.closed {
		return !f.listed[label]
	}
	return f.gone[label]
}

func (f labelFlow) with(label string) labelFlow {
	g := f.clone()
	if g.closed {
		g.listed[label] = true
	}
	delete(g.gone, label)
	return g
}

func (f labelFlow) without(label string) labelFlow {
	g := f.clone()
	delete(g.listed, label)
	if !g.closed {
		g.gone[label] = true
	}
	return g
}

func (f labelFlow) clone() labelFlow {
	g := labelFlow{closed: f.closed, listed: map[string]bool{}, gone: map[string]bool{}}
	maps.Copy(g.listed, f.listed)
	maps.Copy(g.gone, f.gone)
	return g
}

// or is what either of two can have.
func (f labelFlow) or(other labelFlow) labelFlow {
	if f.closed && other.closed {
		g := f.clone()
		maps.Copy(g.listed, other.listed)
		return g
	}
	g := labelFlow{gone: map[string]bool{}}
	for _, side := range []labelFlow{f, other} {
		for label := range side.gone {
			if f.lacks(label) && other.lacks(label) {
				g.gone[label] = true
			}
		}
	}
	return g
}

func (f labelFlow) String() string {
	if !f.closed {
		return "all but " + strings.Join(slices.Sorted(maps.Keys(f.gone)), ", ")
	}
	own := f.clone()
	for _, set := range []string{LabelOwner, LabelSeverity, LabelGroup, LabelSLO, "alertname"} {
		delete(own.listed, set)
	}
	if len(own.listed) == 0 {
		return "no labels"
	}
	return strings.Join(slices.Sorted(maps.Keys(own.listed)), ", ")
}

// flow follows labels through an expression as the engine of Prometheus does.
func flow(e parser.Expr) labelFlow {
	switch n := e.(type) {
	case *parser.ParenExpr:
		return flow(n.Expr)
	case *parser.UnaryExpr:
		return flow(n.Expr)
	case *parser.StepInvariantExpr:
		return flow(n.Expr)
	case *parser.SubqueryExpr:
		return flow(n.Expr)
	case *parser.MatrixSelector:
		return flow(n.VectorSelector)
	case *parser.NumberLiteral, *parser.StringLiteral:
		return closedTo()
	case *parser.AggregateExpr:
		return aggregated(n)
	case *parser.BinaryExpr:
		return joined(n)
	case *parser.Call:
		return called(n)
	}
	return labelFlow{}
}

func aggregated(n *parser.AggregateExpr) labelFlow {
	inner := flow(n.Expr)
	switch n.Op {
	case parser.TOPK, parser.BOTTOMK, parser.LIMITK, parser.LIMIT_RATIO:
		return inner
	}
	out := closedTo()
	if n.Without {
		out = inner
		for _, label := range n.Grouping {
			out = out.without(label)
		}
	} else {
		for _, label := range n.Grouping {
			if !inner.lacks(label) {
				out = out.with(label)
			}
		}
	}
	if n.Op == parser.COUNT_VALUES {
		if s, ok := n.Param.(*parser.StringLiteral); ok {
			out = out.with(s.Val)
		}
	}
	return out
}

func joined(n *parser.BinaryExpr) labelFlow {
	left, right := flow(n.LHS), flow(n.RHS)
	m := n.VectorMatching
	switch {
	case n.LHS.Type() == parser.ValueTypeScalar:
		return right
	case n.RHS.Type() == parser.ValueTypeScalar || n.Op == parser.LAND || n.Op == parser.LUNLESS || m == nil:
		return left
	case n.Op == parser.LOR:
		return left.or(right)
	case m.Card == parser.CardManyToOne || m.Card == parser.CardOneToMany:
		many := left
		if m.Card == parser.CardOneToMany {
			many = right
		}
		for _, label := range m.Include {
			many = many.with(label)
		}
		return many
	case m.On:
		out := closedTo()
		for _, label := range m.MatchingLabels {
			if !left.lacks(label) {
				out = out.with(label)
			}
		}
		return out
	}
	for _, label := range m.MatchingLabels {
		left = left.without(label)
	}
	return left
}

func called(n *parser.Call) labelFlow {
	switch n.Func.Name {
	case "scalar", "time", "vector", "pi":
		return closedTo()
	case "absent", "absent_over_time":
		out := closedTo()
		parser.Inspect(n, func(node parser.Node, _ []parser.Node) error {
			if v, ok := node.(*parser.VectorSelector); ok {
				for _, m := range v.LabelMatchers {
					if m.Type == labels.MatchEqual && m.Name != model.MetricNameLabel {
						out = out.with(m.Name)
					}
				}
			}
			return nil
		})
		return out
	}
	out := closedTo()
	for _, arg := range n.Args {
		if t := arg.Type(); t == parser.ValueTypeVector || t == parser.ValueTypeMatrix {
			out = flow(arg)
		}
	}
	switch n.Func.Name {
	case "histogram_quantile":
		return out.without("le")
	case "label_replace", "label_join":
		if s, ok := n.Args[1].(*parser.StringLiteral); ok {
			return out.with(s.Val)
		}
	}
	return out
}

// bounds are between what an expression's value must lie, as far as it is plain to see.
func (x *exprLinter) bounds(e parser.Expr) (low, high float64) {
	low, high = math.Inf(-1), math.Inf(1)
	switch n := e.(type) {
	case *parser.ParenExpr:
		return x.bounds(n.Expr)
	case *parser.VectorSelector:
		kind, _ := x.kind(n.Name)
		switch {
		case n.Name == "up":
			return 0, 1
		case kind == "counter":
			low = 0
		}
	case *parser.AggregateExpr:
		inner, top := x.bounds(n.Expr)
		switch n.Op {
		case parser.COUNT:
			low = 1
		case parser.GROUP:
			return 1, 1
		case parser.SUM:
			if inner >= 0 {
				low = inner
			}
		case parser.MIN, parser.MAX, parser.AVG, parser.TOPK, parser.BOTTOMK:
			return inner, top
		}
	case *parser.Call:
		switch n.Func.Name {
		case "rate", "increase", "irate", "resets", "changes", "stddev_over_time":
			low = 0
		case "count_over_time":
			low = 1
		case "absent", "absent_over_time", "present_over_time":
			return 1, 1
		}
	}
	return low, high
}
