package backtest

import (
	"math"
	"strconv"
	"strings"
)

// constant is the value of an expression of numbers only: 5, -1, 1e3, 14.4 * (1 - 0.999).
func constant(expr string) (float64, bool) {
	p := arithmetic{s: expr}
	v := p.sum(0)
	p.space()
	return v, !p.bad && p.i == len(expr)
}

// arithmetic reads PromQL's operators by their precedence.
type arithmetic struct {
	s   string
	i   int
	bad bool
}

// deepest bounds how far brackets may be nested.
const deepest = 50

func (p *arithmetic) sum(depth int) float64 {
	v := p.product(depth)
	for !p.bad {
		switch {
		case p.take('+'):
			v += p.product(depth)
		case p.take('-'):
			v -= p.product(depth)
		default:
			return v
		}
	}
	return v
}

func (p *arithmetic) product(depth int) float64 {
	v := p.signed(depth)
	for !p.bad {
		switch {
		case p.take('*'):
			v *= p.signed(depth)
		case p.take('/'):
			v /= p.signed(depth)
		case p.take('%'):
			v = math.Mod(v, p.signed(depth))
		default:
			return v
		}
	}
	return v
}

// signed binds weaker than the power: -1^2 is -1.
func (p *arithmetic) signed(depth int) float64 {
	switch {
	case depth > deepest:
		p.bad = true
		return 0
	case p.take('-'):
		return -p.signed(depth + 1)
	case p.take('+'):
		return p.signed(depth + 1)
	}
	v := p.atom(depth)
	if p.take('^') {
		return math.Pow(v, p.signed(depth+1))
	}
	return v
}

func (p *arithmetic) atom(depth int) float64 {
	if p.take('(') {
		v := p.sum(depth + 1)
		p.bad = p.bad || !p.take(')')
		return v
	}
	p.space()
	from := p.i
	for p.i < len(p.s) {
		c := p.s[p.i]
		exponent := p.i > from && (c == '+' || c == '-') && p.s[p.i-1]|0x20 == 'e' && !strings.HasPrefix(strings.ToLower(p.s[from:]), "0x")
		if !letter(c) && (c < '0' || c > '9') && c != '.' && !exponent {
			break
		}
		p.i++
	}
	text := p.s[from:p.i]
	if n, err := strconv.ParseInt(text, 0, 64); err == nil && strings.HasPrefix(strings.ToLower(text), "0x") {
		return float64(n)
	}
	v, err := strconv.ParseFloat(text, 64)
	p.bad = p.bad || err != nil || strings.ContainsRune(text, '_')
	return v
}

func (p *arithmetic) take(c byte) bool {
	p.space()
	if p.i < len(p.s) && p.s[p.i] == c {
		p.i++
		return true
	}
	return false
}

func (p *arithmetic) space() {
	p.i, _ = trim(p.s, p.i, len(p.s))
}
