// Package report sums up the patterns of a log that is read from beginning to
// end: how often, when, an example, and what differs between two logs.
package report

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/tidewatch/tidewatch/logpattern"
)

// Points is the number of points of a sparkline.
const Points = 32

// maxExample is how many bytes of a line are kept as an example.
const maxExample = 400

// Row is one pattern of a log.
type Row struct {
	ID       string    `json:"id"`
	Template string    `json:"template"`
	Example  string    `json:"example"`
	Count    uint64    `json:"count"`
	Share    float64   `json:"share"` // of all lines, 0 to 1
	First    time.Time `json:"first,omitzero"`
	Last     time.Time `json:"last,omitzero"`
	// Spread are the counts in equal parts of the log, in the order of its lines.
	Spread []uint64 `json:"spread"`
	// Params sum up the values of the pattern's variables, from left to right.
	Params []Param `json:"params,omitempty"`
}

type row struct {
	example     string
	count       uint64
	first, last time.Time
	spread      [Points]uint64
}

// Report collects the patterns of one log. It is not safe for concurrent use.
type Report struct {
	miner *logpattern.Miner
	rows  map[string]*row
	lines uint64
	width uint64 // lines per point
}

// New returns an empty report; memory is bounded by opt.
func New(opt logpattern.Options) *Report {
	return &Report{miner: logpattern.New(opt), rows: map[string]*row{}, width: 1}
}

// Add reads a line that was written at a time, zero if that is not known. The
// match is what was known at this line; Final tells what became of it.
func (r *Report) Add(line string, at time.Time) logpattern.Match {
	now := at
	if now.IsZero() { // age by lines: a million in an hour
		now = time.Unix(int64(r.lines/300), 0)
	}
	m := r.miner.Observe(line, now)
	w := r.rows[m.ID]
	if w == nil {
		if len(r.rows) >= 2*r.miner.Limit() {
			r.fold()
		}
		w = &row{example: strings.Clone(line[:min(len(line), maxExample)]), first: at}
		r.rows[m.ID] = w
	}
	if r.lines/r.width >= Points {
		r.widen()
	}
	w.count++
	w.spread[r.lines/r.width]++
	if !at.IsZero() {
		if w.first.IsZero() || at.Before(w.first) {
			w.first = at
		}
		if at.After(w.last) {
			w.last = at
		}
	}
	r.lines++
	return m
}

// widen makes each point of the sparklines stand for twice as many lines.
func (r *Report) widen() {
	r.width *= 2
	for _, w := range r.rows {
		for i := range Points / 2 {
			w.spread[i] = w.spread[2*i] + w.spread[2*i+1]
		}
		clear(w.spread[Points/2:])
	}
}

// Lines is the number of lines that were read.
func (r *Report) Lines() uint64 { return r.lines }

// Final returns id and template that a line's pattern has after all lines; id is
// that of its match.
func (r *Report) Final(id string) (final, template string) {
	final = r.miner.Resolve(id)
	if t, ok := r.miner.Template(final); ok {
		return final, t
	}
	return final, logpattern.OtherID
}

// fold joins the rows of merged patterns, and those of evicted ones into
// <other>.
func (r *Report) fold() {
	for id, w := range r.rows {
		into, _ := r.Final(id)
		if _, known := r.miner.Template(into); !known {
			into = logpattern.OtherID
		}
		if into == id {
			continue
		}
		delete(r.rows, id)
		if t := r.rows[into]; t != nil {
			t.add(w)
		} else {
			r.rows[into] = w
		}
	}
}

func (w *row) add(o *row) {
	w.count += o.count
	for i := range w.spread {
		w.spread[i] += o.spread[i]
	}
	if !o.first.IsZero() && (w.first.IsZero() || o.first.Before(w.first)) {
		w.first, w.example = o.first, o.example
	}
	if o.last.After(w.last) {
		w.last = o.last
	}
}

// Rows returns the patterns, the most frequent first.
func (r *Report) Rows() []Row {
	r.fold()
	points := int(min(Points, (r.lines+r.width-1)/r.width))
	list := make([]Row, 0, len(r.rows))
	for id, w := range r.rows {
		_, template := r.Final(id)
		list = append(list, Row{
			ID: id, Template: template, Example: w.example, Count: w.count, Share: float64(w.count) / float64(r.lines),
			First: w.first, Last: w.last, Spread: slices.Clone(w.spread[:points]),
			Params: params(r.miner.Params(id)),
		})
	}
	slices.SortFunc(list, func(a, b Row) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Template, b.Template), strings.Compare(a.ID, b.ID))
	})
	return list
}

// Sparkline draws counts in one line of text.
func Sparkline(counts []uint64) string {
	const bars = "▁▂▃▄▅▆▇█"
	steps := []rune(bars)
	top := uint64(0)
	for _, n := range counts {
		top = max(top, n)
	}
	var b strings.Builder
	for _, n := range counts {
		if n == 0 {
			b.WriteByte(' ')
			continue
		}
		b.WriteRune(steps[(n*uint64(len(steps))-1)/top])
	}
	return b.String()
}
