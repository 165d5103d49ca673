package backtest

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

const (
	// mostCloseups bounds those on the page.
	mostCloseups               = 16
	closeLeft, closeTop        = 48.0, 8.0
	closePlotWide, closePlotUp = 452.0, 132.0
)

// detail is a close-up drawn.
type detail struct {
	Name, When, Why string
	Band, Value     string
	AlertX          float64
	Grid            []gridLine
}

// details draws the first close-ups of the series, one of each before the second ones.
func (r *Report) details() (list []detail) {
	for nth := range closeupsEach {
		for i := range r.Each {
			s := &r.Each[i]
			if nth < len(s.closeups) && len(list) < mostCloseups {
				list = append(list, draw(s.Name, &s.closeups[nth]))
			}
		}
	}
	return list
}

func draw(name string, c *closeup) detail {
	first, last := c.glances[0].ns, c.glances[len(c.glances)-1].ns
	low, high := math.Inf(1), math.Inf(-1)
	for _, g := range c.glances {
		low, high = min(low, float64(g.value)), max(high, float64(g.value))
		if g.finite() {
			low, high = min(low, float64(g.lower)), max(high, float64(g.upper))
		}
	}
	if !(high > low) {
		low, high = low-1, high+1
	}
	x := func(ns int64) float64 {
		return round(closeLeft + closePlotWide*float64(ns-first)/float64(max(last-first, 1)))
	}
	y := func(v float64) float64 { return round(closeTop + closePlotUp*(high-v)/(high-low)) }
	d := detail{Name: name, When: c.start.Format("Mon Jan 2 2006 15:04"), AlertX: x(c.start.UnixNano()), Why: why(c)}
	var value, upper strings.Builder
	var lower []string
	for i, g := range c.glances {
		pen := "L"
		if i == 0 {
			pen = "M"
		}
		fmt.Fprintf(&value, "%s%g %g", pen, x(g.ns), y(float64(g.value)))
		if !g.finite() {
			continue
		}
		if lower == nil {
			upper.WriteByte('M')
		} else {
			upper.WriteByte('L')
		}
		fmt.Fprintf(&upper, "%g %g", x(g.ns), y(float64(g.upper)))
		lower = append(lower, fmt.Sprintf("%g %g", x(g.ns), y(float64(g.lower))))
	}
	d.Value, d.Band = value.String(), closed(upper.String(), lower)
	for i := range horizontals {
		v := low + (high-low)*float64(i)/(horizontals-1)
		d.Grid = append(d.Grid, gridLine{closeLeft, closeLeft + closePlotWide, y(v), y(v), closeLeft - 5, y(v) + 4, "end", readable(v)})
	}
	for i := range 4 {
		ns := first + (last-first)*int64(2*i+1)/8
		d.Grid = append(d.Grid, gridLine{x(ns), x(ns), closeTop, closeTop + closePlotUp, x(ns), closeTop + closePlotUp + 15, "middle", time.Unix(0, ns).UTC().Format("15:04")})
	}
	return d
}

// closed is the area between two edges.
func closed(upper string, lower []string) string {
	if len(lower) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString(upper)
	for _, point := range slices.Backward(lower) {
		b.WriteString("L" + point)
	}
	return b.String() + "Z"
}

// why is the receipt in a sentence.
func why(c *closeup) string {
	v := &c.verdict
	text := fmt.Sprintf("%s, where %s to %s is usual", readable(v.Receipt.Value), readable(v.Lower), readable(v.Upper))
	if last := v.Receipt.LastWeek; !math.IsNaN(last) {
		text += fmt.Sprintf("; about %s in this hour last week", readable(last))
	}
	text += fmt.Sprintf("; by %.0f days of history", v.Receipt.History.Hours()/24)
	if n := v.Receipt.PerWeek; n > 0 {
		if n < 0.01 {
			return text + ", expected by chance less than once in two years."
		}
		text += fmt.Sprintf(", expected by chance %.2g times a week", n)
	}
	return text + "."
}
