package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

const (
	width, height       = 900.0, 240.0
	left, top, plotHigh = 50.0, 10.0, 195.0
)

type xy struct {
	t time.Time
	v float64
}

type edge struct {
	t          time.Time
	low, upper float64
}

type stretch struct {
	kind     string
	from, to time.Time
}

// plot is one picture: values, the band behind them, forecasts before them.
type plot struct {
	begin, end time.Time
	values     []xy
	band       []edge
	lines      [][]xy
	fans       [][]edge
	stretches  []stretch
	high       float64
}

// mark adds a minute to the stretch of a state.
func (p *plot) mark(kind string, at time.Time) {
	if n := len(p.stretches); n > 0 && p.stretches[n-1].kind == kind && at.Sub(p.stretches[n-1].to) <= time.Minute {
		p.stretches[n-1].to = at
		return
	}
	p.stretches = append(p.stretches, stretch{kind, at, at})
}

func (p *plot) x(t time.Time) float64 {
	return left + (width-left-10)*float64(t.Sub(p.begin))/float64(p.end.Sub(p.begin))
}

func (p *plot) y(v float64) float64 { return top + plotHigh*(1-max(0, min(1, v/p.high))) }

func (p *plot) svg() string {
	for _, v := range p.values {
		p.high = max(p.high, 1.12*v.v)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" font-family="system-ui, sans-serif" font-size="11">`+"\n", width, height)
	fmt.Fprintf(&b, `<rect width="%g" height="%g" fill="#fff"/>`+"\n", width, height)
	for _, s := range p.stretches {
		color := map[string]string{"anomalous": "#f6c7b3", "adapting": "#f5e6b0"}[s.kind]
		fmt.Fprintf(&b, `<rect x="%.1f" y="%g" width="%.1f" height="%g" fill="%s"><title>%s</title></rect>`+"\n", p.x(s.from), top, max(1.5, p.x(s.to)-p.x(s.from)), plotHigh, color, s.kind)
	}
	p.grid(&b)
	p.area(&b, p.band, "#cfe3f7")
	for _, fan := range p.fans {
		p.area(&b, fan, "#f0d9a8")
	}
	p.line(&b, p.values, "#1f5f99", 1)
	for _, line := range p.lines {
		p.line(&b, line, "#b3541e", 1.6)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func (p *plot) grid(b *strings.Builder) {
	step := math.Pow(10, math.Floor(math.Log10(p.high)))
	for v := 0.0; v < p.high; v += step / 2 {
		fmt.Fprintf(b, `<line x1="%g" x2="%g" y1="%.1f" y2="%.1f" stroke="#e3e8ee"/><text x="%g" y="%.1f" text-anchor="end" fill="#5d6b7a">%g</text>`+"\n", left, width-10, p.y(v), p.y(v), left-6, p.y(v)+4, v)
	}
	every, layout := 24*time.Hour, "Mon Jan 2"
	if p.end.Sub(p.begin) <= 24*time.Hour {
		every, layout = 4*time.Hour, "15:04"
	}
	for t := p.begin; t.Before(p.end); t = t.Add(every) {
		fmt.Fprintf(b, `<line x1="%.1f" x2="%.1f" y1="%g" y2="%g" stroke="#e3e8ee"/><text x="%.1f" y="%g" fill="#5d6b7a">%s</text>`+"\n", p.x(t), p.x(t), top, top+plotHigh+6, p.x(t)+3, top+plotHigh+16, t.Format(layout))
	}
}

func (p *plot) line(b *strings.Builder, points []xy, color string, wide float64) {
	var path []string
	for _, v := range points {
		path = append(path, fmt.Sprintf("%.1f %.1f", p.x(v.t), p.y(v.v)))
	}
	fmt.Fprintf(b, `<path d="M%s" fill="none" stroke="%s" stroke-width="%g"/>`+"\n", strings.Join(slices.Compact(path), "L"), color, wide)
}

func (p *plot) area(b *strings.Builder, edges []edge, color string) {
	if len(edges) == 0 {
		return
	}
	var path []string
	for _, e := range edges {
		path = append(path, fmt.Sprintf("%.1f %.1f", p.x(e.t), p.y(e.upper)))
	}
	for _, e := range slices.Backward(edges) {
		path = append(path, fmt.Sprintf("%.1f %.1f", p.x(e.t), p.y(e.low)))
	}
	fmt.Fprintf(b, `<path d="M%sZ" fill="%s"/>`+"\n", strings.Join(path, "L"), color)
}
