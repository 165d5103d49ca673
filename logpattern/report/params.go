package report

import (
	"fmt"
	"strings"

	"github.com/tidewatch/tidewatch/logpattern"
)

// Param sums up the values of one variable of a pattern.
type Param struct {
	// Label is the word before it, Kind its placeholder ("<num>").
	Label string `json:"label,omitempty"`
	Kind  string `json:"kind"`
	// Distinct is about how many different values there were; ManyValues stands
	// for more.
	Distinct int `json:"distinct"`
	// Top are the most frequent values and their shares, 0 to 1.
	Top []Value `json:"top,omitempty"`
	// Min and Max are the range of numbers, in seconds and bytes where they have
	// such a unit; nil for other kinds.
	Min *float64 `json:"min,omitempty"`
	Max *float64 `json:"max,omitempty"`
}

// Value is a frequent value.
type Value struct {
	Text  string  `json:"text"`
	Share float64 `json:"share"`
}

func params(list []logpattern.Param) []Param {
	out := make([]Param, 0, len(list))
	for _, p := range list {
		q := Param{Label: p.Label, Kind: p.Kind.String(), Distinct: p.Distinct}
		for _, v := range p.Top {
			q.Top = append(q.Top, Value{v.Text, float64(v.Count) / float64(p.Count)})
		}
		if p.Numbers > 0 {
			q.Min, q.Max = &p.Min, &p.Max
		}
		out = append(out, q)
	}
	return out
}

// String says in a few words what the values are: "port <num>: 22 90%, 80 8%; 22
// to 9090".
func (p Param) String() string {
	var b strings.Builder
	b.WriteString(strings.TrimSpace(p.Label + " " + p.Kind))
	b.WriteString(": ")
	for i, v := range p.Top {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s %.0f%%", v.Text, 100*v.Share)
	}
	if p.Min != nil && *p.Min < *p.Max {
		if len(p.Top) > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%.6g to %.6g", *p.Min, *p.Max)
	}
	if p.Distinct >= logpattern.ManyValues {
		b.WriteString("; many values")
	} else if p.Distinct > len(p.Top) {
		fmt.Fprintf(&b, "; about %d values", p.Distinct)
	}
	return strings.Replace(b.String(), ": ; ", ": ", 1)
}
