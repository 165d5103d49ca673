package redact

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
)

// Span is a part of a text, as byte offsets.
type Span struct {
	Start, End int
	Class      Class
}

// Pass is the redaction of texts one after the other by one goroutine. Counts say how many
// were found since it was made, by Class.
type Pass struct {
	Counts []int

	r       *Redactor
	found   Set // since Mark was called
	spans   []Span
	buf     []byte
	openKey bool // the text before ended within a private key
}

// NewPass begins a pass.
func (r *Redactor) NewPass() *Pass { return &Pass{r: r, Counts: make([]int, len(r.names))} }

// NextSource says that the next text is of another source than the ones before it: a
// private key that began there does not go on here.
func (p *Pass) NextSource() { p.openKey = false }

// Mark returns the classes that were found since it was called last.
func (p *Pass) Mark() Set {
	s := p.found
	p.found = 0
	return s
}

// Text redacts a text. Where nothing is found it returns s itself and false, and has
// allocated nothing.
func (p *Pass) Text(s string) (string, bool) {
	p.find(s)
	if len(p.spans) == 0 {
		return s, false
	}
	return p.replace(s), true
}

// Line is Text for the lines of one source: a private key whose lines come one by one is
// redacted until its end.
func (p *Pass) Line(s string) (string, bool) {
	if p.openKey && p.r.classes.Has(PrivateKey) {
		end, open := keyEnd(s)
		if p.openKey = open; end > 0 {
			p.spans = append(p.spans[:0], Span{0, end, PrivateKey})
			return p.replace(s), true
		}
	}
	out, changed := p.Text(s)
	if changed {
		last := p.spans[len(p.spans)-1]
		p.openKey = last.Class == PrivateKey && last.End == len(s) && !strings.Contains(s[last.Start:], endKey)
	}
	return out, changed
}

// Find returns where something is found, in order and without overlap. The slice is
// valid until the next call.
func (p *Pass) Find(s string) []Span {
	p.find(s)
	return p.spans
}

// Value redacts the value of a key: all of it, where the key says that it is secret. When
// drop is true the action is to drop the attribute.
func (p *Pass) Value(key, s string) (out string, changed, drop bool) {
	switch class, whole := p.r.keyed(key, s); {
	case class == untouched:
		return s, false, false
	case whole:
		p.spans = append(p.spans[:0], Span{0, len(s), class})
	default:
		p.find(s)
		if len(p.spans) == 1 && p.spans[0] == (Span{0, len(s), Card}) && run(s, 0, bitDigit) == len(s) && counted(key) {
			p.spans = p.spans[:0]
		}
	}
	if len(p.spans) == 0 {
		return s, false, false
	}
	for _, span := range p.spans {
		drop = drop || p.r.actions[span.Class] == Drop
	}
	return p.replace(s), true, drop
}

// leastCard is the least number that can be one of a card.
const leastCard = 1e13

// Number is Value for a number. Where it is redacted, out is what stands for it.
func (p *Pass) Number(key string, n int64) (out string, changed, drop bool) {
	class, secret := p.r.Secret(key)
	if !secret && (n < leastCard || !p.r.classes.Has(Card)) {
		return "", false, false
	}
	s := strconv.FormatInt(n, 10)
	if !secret {
		if out, changed, drop = p.Value(key, s); !changed {
			return "", false, false
		}
		return out, true, drop
	}
	p.spans = append(p.spans[:0], Span{0, len(s), class})
	return p.replace(s), true, p.r.actions[class] == Drop
}

// replace builds the text without the spans, and counts them.
func (p *Pass) replace(s string) string {
	p.buf = p.buf[:0]
	from := 0
	for _, span := range p.spans {
		p.Counts[span.Class]++
		p.found |= 1 << span.Class
		p.buf = append(p.buf, s[from:span.Start]...)
		p.buf = p.r.appendReplacement(p.buf, s[span.Start:span.End], span.Class)
		from = span.End
	}
	return string(append(p.buf, s[from:]...))
}

const mask = "****"

func (r *Redactor) appendReplacement(dst []byte, value string, c Class) []byte {
	switch r.actions[c] {
	case Label:
		return append(append(append(dst, '<'), r.labels[c]...), '>')
	case Hash:
		mac := hmac.New(sha256.New, r.key)
		mac.Write([]byte(value))
		dst = append(append(append(dst, '<'), r.labels[c]...), ':')
		return append(hex.AppendEncode(dst, mac.Sum(nil)[:8]), '>')
	default:
		return append(dst, mask...)
	}
}

// find fills p.spans.
func (p *Pass) find(s string) {
	p.spans = p.r.scan(p.spans[:0], s)
	for i := range p.r.patterns {
		p.own(&p.r.patterns[i], s)
	}
	if len(p.r.allow) > 0 && len(p.spans) > 0 {
		p.spans = slices.DeleteFunc(p.spans, func(span Span) bool { return p.r.allowed(s[span.Start:span.End]) })
	}
}

// own adds the matches of a pattern that overlap nothing found before.
func (p *Pass) own(own *pattern, s string) {
	if own.prefix != "" && !strings.Contains(s, own.prefix) {
		return
	}
	before, next := len(p.spans), 0 // both lists are in order
	for _, m := range own.expr.FindAllStringSubmatchIndex(s, -1) {
		span := Span{m[0], m[1], own.class}
		if len(m) >= 4 && m[2] >= 0 {
			span.Start, span.End = m[2], m[3]
		}
		for next < before && p.spans[next].End <= span.Start {
			next++
		}
		if span.Start < span.End && (next == before || span.End <= p.spans[next].Start) {
			p.spans = append(p.spans, span)
		}
	}
	if len(p.spans) > before {
		slices.SortFunc(p.spans, func(a, b Span) int { return a.Start - b.Start })
	}
}

func (r *Redactor) allowed(value string) bool {
	return slices.ContainsFunc(r.allow, func(glob string) bool { return match(glob, value) })
}

// match reports whether a glob, in which * stands for anything, is like a whole text.
func match(glob, s string) bool {
	head, rest, star := strings.Cut(glob, "*")
	if !star {
		return glob == s
	}
	if !strings.HasPrefix(s, head) {
		return false
	}
	s = s[len(head):]
	for {
		part, next, more := strings.Cut(rest, "*")
		if !more {
			return strings.HasSuffix(s, part)
		}
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s, rest = s[i+len(part):], next
	}
}
