package backtest

import (
	_ "embed"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tidewatch/tidewatch/internal/template"
)

//go:embed report.html
var page string

var functions = template.Functions{
	"date": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }, "percent": percent, "number": number, "cut": cut,
}

func percent(v float64) string {
	if v > 0 && v < 0.001 {
		return "< 0.1 %"
	}
	return strconv.FormatFloat(100*v, 'f', 1, 64) + " %"
}

func number(v float64) string {
	if v >= 100 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

func cut(v float64) string {
	switch {
	case v < -1:
		return fmt.Sprintf("× %.1f", 1-v)
	case v < 0:
		return fmt.Sprintf("+ %.0f %%", -100*v)
	case v > 0:
		return fmt.Sprintf("− %.0f %%", 100*v)
	}
	return "="
}

// Verdict is the outcome in one sentence, empty when there is nothing to compare.
func (r *Report) Verdict() string {
	if !r.Judged {
		return ""
	}
	var ours *RuleReport
	for i := range r.Rules {
		if r.Rules[i].Name == "tidewatch" {
			ours = &r.Rules[i]
		}
	}
	switch {
	case r.Incidents == 0:
		return "No incident fell into the part that is counted: every page is a false alarm."
	case r.Recall == 0:
		return fmt.Sprintf("“%s” finds no incident, so there is no equal recall to compare at.", r.Reference)
	case ours == nil || ours.Equal == nil:
		return fmt.Sprintf("Tidewatch does not find as many incidents as “%s” (%s) at any threshold tried.", r.Reference, percent(r.Recall))
	case ours.Equal.Cut < 0:
		return fmt.Sprintf("At equal recall Tidewatch raises more false alarms than “%s”: %s.", r.Reference, cut(ours.Equal.Cut))
	}
	return fmt.Sprintf("At equal recall (%s of %d incidents) Tidewatch saves %.0f %% of the false alarms of “%s”.", percent(r.Recall), r.Incidents, 100*ours.Equal.Cut, r.Reference)
}

const (
	// mostPictures bounds the page.
	mostPictures           = 40
	left, right            = 130.0, 1000.0
	top, plotHeight        = 6.0, 190.0
	laneTop, laneHeight    = top + plotHeight + 26, 14.0
	leastWidth             = 1.6 // of an alert, so that it is seen
	verticals, horizontals = 6, 3
)

type picture struct {
	Name             string
	Height, LanesEnd float64
	Band, Value      string
	LearnX           float64
	Incidents        []box
	Grid             []gridLine
	Lanes            []lane
}

type box struct {
	X, Y, W float64
	Title   string
}

type gridLine struct {
	X1, X2, Y1, Y2, TX, TY float64
	Anchor, Text           string
}

type lane struct {
	Name, Pages string
	Y, TextY    float64
	Ours        bool
	Alerts      []box
}

// WriteHTML writes a page that needs nothing else: no script, no network.
func (r *Report) WriteHTML(w io.Writer) error {
	t, err := template.ParseHTML("report", page, functions)
	if err != nil {
		return fmt.Errorf("read template of the report: %w", err)
	}
	data := struct {
		*Report
		Verdict    string
		Pictures   []picture
		Details    []detail
		PlotHeight float64
	}{Report: r, Verdict: r.Verdict(), PlotHeight: plotHeight, Details: r.details()}
	for i := range r.Each {
		if len(data.Pictures) < mostPictures && len(r.Each[i].trace.spans) > 1 {
			data.Pictures = append(data.Pictures, r.picture(&r.Each[i]))
		}
	}
	if err := t.Execute(w, data); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

func round(v float64) float64 { return math.Round(v*10) / 10 }

func (r *Report) picture(s *SeriesReport) picture {
	t := s.trace
	from, to := t.begin*t.width, (t.begin+int64(len(t.spans)))*t.width
	x := func(ns int64) float64 {
		return round(left + (right-left)*max(0, min(1, float64(ns-from)/float64(to-from))))
	}
	low, high := t.extent()
	y := func(v float64) float64 {
		return round(top + plotHeight*max(0, min(1, (high-v)/(high-low))))
	}
	p := picture{Name: s.Name, LearnX: x(s.Learn.UnixNano())}
	p.Value, p.Band = t.paths(x, y)
	for _, m := range s.Incidents {
		b := boxOf(m, x)
		b.W = max(b.W, 3)
		p.Incidents = append(p.Incidents, b)
	}
	for i := range horizontals {
		v := low + (high-low)*float64(i)/(horizontals-1)
		p.Grid = append(p.Grid, gridLine{left, right, y(v), y(v), left - 6, y(v) + 4, "end", readable(v)})
	}
	for i := range verticals {
		ns := from + (to-from)*int64(2*i+1)/(2*verticals)
		layout := "Jan 2"
		if to-from < int64(5*24*time.Hour) {
			layout = "Jan 2 15:04"
		}
		p.Grid = append(p.Grid, gridLine{x(ns), x(ns), top, top + plotHeight, x(ns), top + plotHeight + 15, "middle", time.Unix(0, ns).UTC().Format(layout)})
	}
	at := laneTop
	for _, rule := range r.Rules {
		l := lane{Name: rule.Name, Pages: pages(s.Pages[rule.Name]), Y: at + laneHeight/2, TextY: at + laneHeight/2 + 4, Ours: rule.Name == "tidewatch"}
		for _, a := range s.Alerts[rule.Name] {
			b := boxOf(a, x)
			b.Y = l.Y - 4.5
			l.Alerts = append(l.Alerts, b)
		}
		p.Lanes = append(p.Lanes, l)
		at += laneHeight
	}
	p.LanesEnd, p.Height = at, at+4
	return p
}

func pages(n int) string {
	if n == 0 {
		return "–"
	}
	return strconv.Itoa(n)
}

func boxOf(a Alert, x func(int64) float64) box {
	from, to := x(a.Start.UnixNano()), x(a.End.UnixNano())
	const layout = "Jan 2 15:04"
	return box{X: from, W: round(max(to-from, leastWidth)), Title: a.Start.Format(layout) + " to " + a.End.Format(layout)}
}

// readable is a number of about three places.
func readable(v float64) string {
	for _, u := range [...]struct {
		size float64
		name string
	}{{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if math.Abs(v) >= u.size {
			return fmt.Sprintf("%.3g %s", v/u.size, u.name)
		}
	}
	return fmt.Sprintf("%.3g", v)
}

// extent is the scale of the picture: all but the most extreme spans.
func (t *trace) extent() (low, high float64) {
	var lows, highs []float64
	for i := range t.spans {
		if s := &t.spans[i]; s.values > 0 {
			lows, highs = append(lows, float64(s.Low)), append(highs, float64(s.High))
		}
	}
	slices.Sort(lows)
	slices.Sort(highs)
	n := len(lows)
	low, high = lows[n/1000], highs[n-1-n/1000]
	// One spike a hundred times the rest would leave nothing to see of the rest.
	usual := highs[n*98/100] - lows[n*2/100]
	if usual > 0 {
		low, high = max(low, lows[n*2/100]-4*usual), min(high, highs[n*98/100]+4*usual)
	}
	if !(high > low) {
		d := max(math.Abs(low)*0.1, 1)
		low, high = low-d, high+d
	}
	margin := (high - low) * 0.04
	return low - margin, high + margin
}

// paths draws values and band.
func (t *trace) paths(x func(int64) float64, y func(float64) float64) (value, band string) {
	var v, upper strings.Builder
	var lower []string
	pen := "M"
	flush := func() {
		if len(lower) > 0 {
			closing := closed("", lower)
			upper.WriteString(closing)
			lower = nil
		}
	}
	for i := range t.spans {
		s := &t.spans[i]
		at := x((t.begin+int64(i))*t.width + t.width/2)
		if s.values == 0 {
			pen = "M"
			flush()
			continue
		}
		fmt.Fprintf(&v, "%s%g %gV%g", pen, at, y(float64(s.Low)), y(float64(s.High)))
		pen = "L"
		low, high, ok := s.band()
		if !ok {
			flush()
			continue
		}
		if lower == nil {
			upper.WriteByte('M')
		} else {
			upper.WriteByte('L')
		}
		fmt.Fprintf(&upper, "%g %g", at, y(high))
		lower = append(lower, fmt.Sprintf("%g %g", at, y(low)))
	}
	flush()
	return v.String(), upper.String()
}
