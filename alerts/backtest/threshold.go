package backtest

import (
	"strconv"
	"strings"
)

// Threshold is the comparison with a fixed number that decides whether a rule fires.
type Threshold struct {
	// Op is one of > >= < <= == !=, with the value on its left.
	Op    string
	Bound float64

	expr           string
	cut, from, end int // of expr: where the comparison begins, where the number does, where both end
	swapped        bool
}

// FindThreshold finds it in a rule's expression: `value > 5`, also within parentheses and
// before `and` or `unless`, whose value is that of their left side. There is none where
// both sides are series, where `or` joins two conditions, and with `bool`.
func FindThreshold(expr string) (Threshold, bool) {
	return findWithin(expr, 0, len(expr))
}

// findWithin looks at expr[from:to], of which the rest is parentheses.
func findWithin(expr string, from, to int) (Threshold, bool) {
	from, to = trim(expr, from, to)
	var ops []token
	for _, t := range topLevel(expr, from, to) {
		switch t.text {
		case "or":
			return Threshold{}, false
		case "and", "unless":
			if len(ops) == 0 || ops[len(ops)-1].text != "and" {
				ops = append(ops, token{text: "and", at: t.at, end: t.end})
			}
		default:
			if len(ops) == 0 || ops[len(ops)-1].text != "and" {
				ops = append(ops, t)
			}
		}
	}
	if n := len(ops); n > 0 && ops[n-1].text == "and" {
		to, ops = ops[n-1].at, ops[:n-1]
		from, to = trim(expr, from, to)
	}
	switch {
	case len(ops) > 1: // a > b > c
		return Threshold{}, false
	case len(ops) == 0:
		if from < to && expr[from] == '(' && closing(expr, from, to) == to-1 {
			return findWithin(expr, from+1, to-1)
		}
		return Threshold{}, false
	}
	op := ops[0]
	if bound, ok := constant(expr[op.end:to]); ok {
		return Threshold{Op: op.text, Bound: bound, expr: expr, cut: op.at, from: op.end, end: to}, true
	}
	if bound, ok := constant(expr[from:op.at]); ok {
		rest, _ := trim(expr, op.end, to)
		if strings.HasPrefix(expr[rest:], "bool") {
			return Threshold{}, false
		}
		return Threshold{Op: swap(op.text), Bound: bound, expr: expr, cut: from, from: from, end: op.end, swapped: true}, true
	}
	return Threshold{}, false
}

// Value is the expression without the comparison: what is compared.
func (t *Threshold) Value() string {
	return t.expr[:t.cut] + t.expr[t.end:]
}

// With is the rule's expression with another bound.
func (t *Threshold) With(bound float64) string {
	number := strconv.FormatFloat(bound, 'g', -1, 64)
	if t.swapped {
		return t.expr[:t.cut] + number + " " + swap(t.Op) + t.expr[t.end:]
	}
	tail := t.expr[t.end:]
	if tail != "" && tail[0] != ' ' && tail[0] != ')' && tail[0] != '\n' {
		tail = " " + tail
	}
	return t.expr[:t.from] + " " + number + tail
}

// Holds says whether a value fulfils the comparison with a bound.
func (t *Threshold) Holds(v, bound float64) bool {
	switch t.Op {
	case ">":
		return v > bound
	case ">=":
		return v >= bound
	case "<":
		return v < bound
	case "<=":
		return v <= bound
	case "==":
		return v == bound
	default:
		return v != bound
	}
}

// Side is 1 where larger values fire, -1 where smaller ones do, 0 where neither is so.
func (t *Threshold) Side() int {
	switch t.Op[0] {
	case '>':
		return 1
	case '<':
		return -1
	}
	return 0
}

func swap(op string) string {
	switch op[0] {
	case '>':
		return "<" + op[1:]
	case '<':
		return ">" + op[1:]
	}
	return op
}

// token is a comparison or a set operator of PromQL.
type token struct {
	text    string
	at, end int
}

// topLevel lists the operators of expr[from:to] that are in no brackets.
func topLevel(expr string, from, to int) (out []token) {
	for i := from; i < to; {
		switch c := expr[i]; {
		case c == '(' || c == '[' || c == '{':
			i = closing(expr, i, to) + 1
		case c == '"' || c == '\'' || c == '`' || c == '#':
			i = skipText(expr, i, to)
		case c == '<' || c == '>' || (c == '=' || c == '!') && i+1 < to && expr[i+1] == '=':
			end := i + 1
			if end < to && expr[end] == '=' {
				end++
			}
			out = append(out, token{expr[i:end], i, end})
			i = end
		case letter(c):
			end := i
			for end < to && (letter(expr[end]) || expr[end] >= '0' && expr[end] <= '9') {
				end++
			}
			switch word := strings.ToLower(expr[i:end]); word {
			case "and", "or", "unless":
				out = append(out, token{word, i, end})
			}
			i = end
		default:
			i++
		}
	}
	return out
}

// closing is where the bracket at i is closed, to-1 at the latest.
func closing(expr string, i, to int) int {
	depth := 0
	for i < to {
		switch expr[i] {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
			if depth == 0 {
				return i
			}
		case '"', '\'', '`', '#':
			i = skipText(expr, i, to)
			continue
		}
		i++
	}
	return to - 1
}

// skipText is where the string or comment that begins at i is over.
func skipText(expr string, i, to int) int {
	quote := expr[i]
	if quote == '#' {
		quote = '\n'
	}
	for i++; i < to; i++ {
		switch {
		case expr[i] == quote:
			return i + 1
		case expr[i] == '\\' && (quote == '"' || quote == '\''):
			i++
		}
	}
	return to
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c == ':' }

func trim(s string, from, to int) (begin, end int) {
	for from < to && strings.IndexByte(" \t\r\n", s[from]) >= 0 {
		from++
	}
	for to > from && strings.IndexByte(" \t\r\n", s[to-1]) >= 0 {
		to--
	}
	return from, to
}
