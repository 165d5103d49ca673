package main

import (
	"bytes"
	"fmt"
	"slices"
)

// plotted are the columns that are drawn, one under the other.
var plotted = []string{"rss_anon_mib", "heap_mib", "goroutines", "descriptors", "open_log_files", "state_mib", "queues_mib", "queued_records"}

const (
	plotWidth, plotHeight = 900, 110
	plotLeft              = 150
)

// plot draws the courses as SVG, each from 0 to its most, with the troubles of the sinks
// as a bar below.
func (r *run) plot() []byte {
	var b bytes.Buffer
	end := 1.0
	if n := len(r.looks); n > 0 {
		end = max(end, r.looks[n-1].Load)
	}
	x := func(load float64) float64 { return plotLeft + (plotWidth-plotLeft-10)*load/end }
	height := len(plotted)*plotHeight + len(r.sites)*20 + 30
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12"><rect width="100%%" height="100%%" fill="white"/>`+"\n", plotWidth, height)
	for i, name := range plotted {
		c := columns[slices.IndexFunc(columns, func(c column) bool { return c.name == name })]
		most := 1.0
		for k := range r.looks {
			most = max(most, c.of(&r.looks[k]))
		}
		bottom := float64((i+1)*plotHeight - 10)
		fmt.Fprintf(&b, `<text x="8" y="%.0f">%s</text><text x="8" y="%.0f" fill="gray">most %.1f</text><polyline fill="none" stroke="#2060a0" points="`, bottom-60, name, bottom-44, most)
		for k := range r.looks {
			fmt.Fprintf(&b, "%.1f,%.1f ", x(r.looks[k].Load), bottom-(plotHeight-20)*c.of(&r.looks[k])/most)
		}
		fmt.Fprintf(&b, `"/><line x1="%d" x2="%d" y1="%.0f" y2="%.0f" stroke="silver"/>`+"\n", plotLeft, plotWidth-10, bottom, bottom)
	}
	for i, s := range r.sites {
		top := len(plotted)*plotHeight + i*20
		fmt.Fprintf(&b, `<text x="8" y="%d">%s in trouble</text>`, top+12, s.name)
		for _, e := range s.weather.episodes {
			from, to := x(e.From.Seconds()), x(min(end, e.To.Seconds()))
			fmt.Fprintf(&b, `<rect x="%.1f" y="%d" width="%.1f" height="14" fill="#d08030"><title>%s</title></rect>`, from, top, max(0, to-from), e.What)
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" fill="gray">0 s of load</text><text x="%d" y="%d" fill="gray" text-anchor="end">%.0f s</text></svg>`+"\n", plotLeft, height-10, plotWidth-10, height-10, end)
	return b.Bytes()
}
