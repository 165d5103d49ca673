package query

import (
	"math"
	"slices"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/source"
)

// Other stands for all that have no name of their own, beyond a limit.
const Other = "<other>"

// Kind is what the values of a metric are.
type Kind int

const (
	// Gauge is of values that do not add up.
	Gauge Kind = iota
	// UpDown is of values that add up, and go up and down.
	UpDown
	// Counter is of values that only grow.
	Counter
)

// Metric is a metric's name and meaning.
type Metric struct {
	Name, Unit, Description string
	Kind                    Kind
}

// Column says what a column becomes: points of Metric with the attributes, pairs of key
// and value. Columns of one metric follow each other.
type Column struct {
	Name       string
	Metric     Metric
	Attributes []string
	// Factor is what values are multiplied by; 0 is 1.
	Factor float64
}

// Points begins a metric at its first point, so that none is empty.
type Points struct {
	batch  source.Batch
	metric Metric
	open   source.Metric
	begun  bool
}

// Points returns those of a metric.
func (m Metric) Points(b source.Batch) *Points { return &Points{batch: b, metric: m} }

// Add appends a point; whole numbers stay whole.
func (p *Points) Add(v float64, attributes ...string) {
	if !p.begun {
		p.begun = true
		begin := p.batch.Gauge
		switch p.metric.Kind {
		case UpDown:
			begin = p.batch.UpDown
		case Counter:
			begin = p.batch.Counter
		}
		p.open = begin(p.metric.Name, p.metric.Unit, p.metric.Description)
	}
	if p.metric.Unit != "s" && v == math.Trunc(v) && math.Abs(v) < 1<<53 {
		p.open.Int(int64(v), attributes...)
		return
	}
	p.open.Float(v, attributes...)
}

// Write appends the points of all columns and rows. describe gives the attributes of a
// row; nil is none.
func Write(b source.Batch, rows Rows, columns []Column, describe func(Row) []string) {
	var points *Points
	for i, c := range columns {
		if i == 0 || columns[i-1].Metric.Name != c.Metric.Name {
			points = c.Metric.Points(b)
		}
		for j := range rows.Len() {
			row := rows.Row(j)
			v, ok := row.Number(c.Name)
			if !ok {
				continue
			}
			if c.Factor != 0 {
				v *= c.Factor
			}
			var attributes []string
			if describe != nil {
				attributes = describe(row)
			}
			points.Add(v, append(slices.Clip(attributes), c.Attributes...)...)
		}
	}
}

// Sum adds a column up; ok is false where no row has it.
func Sum(rows Rows, column string) (sum float64, ok bool) {
	for i := range rows.Len() {
		if v, is := rows.Row(i).Number(column); is {
			sum, ok = sum+v, true
		}
	}
	return sum, ok
}

// Max is the largest of a column; ok is false where no row has it.
func Max(rows Rows, column string) (most float64, ok bool) {
	for i := range rows.Len() {
		if v, is := rows.Row(i).Number(column); is && (!ok || v > most) {
			most, ok = v, true
		}
	}
	return most, ok
}
