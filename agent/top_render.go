package agent

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/tidewatch/tidewatch/internal/delivery"
)

// topView is how the state is looked at.
type topView struct {
	width, height int
	tab, offset   int
	filter        string
	editing       bool // the filter is being written
	paused, color bool
	now           time.Time
}

// topTabs are the views, in order.
var topTabs = []string{"Pipeline", "Patterns", "Findings", "Incidents"}

// style is how a line looks where there is colour.
type style string

const (
	plainStyle style = ""
	boldStyle  style = "\x1b[1m"
	dimStyle   style = "\x1b[2m"
	redStyle   style = "\x1b[31m"
	amberStyle style = "\x1b[33m"
	barStyle   style = "\x1b[7m"
)

type topLine struct {
	text  string
	style style
}

// render draws the state into at most height lines of at most width columns.
func (s *topState) render(v *topView) []string {
	head := s.head(v)
	foot := []topLine{s.foot(v)}
	body := s.body(v)
	room := max(v.height-len(head)-len(foot), 0)
	v.offset = max(min(v.offset, len(body)-room), 0)
	body = body[v.offset:min(v.offset+room, len(body))]
	for len(body) < room {
		body = append(body, topLine{})
	}
	all := append(append(head, body...), foot...)
	if len(all) > v.height { // a very low terminal keeps what is wrong, and the first lines
		all = append(all[:max(v.height-1, 0)], all[len(all)-1])
	}
	out := make([]string, 0, len(all))
	for _, l := range all[:min(len(all), v.height)] {
		out = append(out, l.draw(v))
	}
	return out
}

// once draws all views one below the other, for pipes and scripts.
func (s *topState) once(v *topView) []string {
	lines := s.head(v)
	lines = lines[:len(lines)-1] // the tabs
	for i, name := range topTabs {
		at := *v
		at.tab = i
		lines = append(lines, topLine{}, topLine{name, boldStyle})
		lines = append(lines, s.body(&at)...)
	}
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = strings.TrimRight(l.draw(v), " ")
	}
	return out
}

// draw cuts and pads a line, and takes out what would steer the terminal.
func (l topLine) draw(v *topView) string {
	text := fit(l.text, v.width)
	if l.style == barStyle {
		text += strings.Repeat(" ", max(v.width-columns(text), 0))
	}
	if !v.color || l.style == plainStyle {
		return text
	}
	return string(l.style) + text + "\x1b[0m"
}

// fit makes a text safe for a terminal and cuts it to the columns there are.
func fit(text string, width int) string {
	var b strings.Builder
	used := 0
	for _, r := range text {
		if !unicode.IsPrint(r) {
			r = '·'
		}
		n := runeColumns(r)
		if used+n > width {
			cut := []rune(b.String())
			if len(cut) > 0 && width > 0 {
				return string(cut[:len(cut)-1]) + "…"
			}
			return ""
		}
		used += n
		b.WriteRune(r)
	}
	return b.String()
}

func columns(s string) int {
	n := 0
	for _, r := range s {
		n += runeColumns(r)
	}
	return n
}

// runeColumns is the width of a character: two for those of East Asia and pictures, none
// for marks on another one.
func runeColumns(r rune) int {
	switch {
	case unicode.Is(unicode.Mn, r):
		return 0
	case r >= 0x1100 && r <= 0x115f, r >= 0x2e80 && r <= 0xa4cf, r >= 0xac00 && r <= 0xd7a3, r >= 0xf900 && r <= 0xfaff,
		r >= 0xfe30 && r <= 0xfe6f, r >= 0xff00 && r <= 0xff60, r >= 0x1f300 && r <= 0x1faff, r >= 0x20000 && r <= 0x3fffd:
		return 2
	default:
		return 1
	}
}

func (s *topState) head(v *topView) []topLine {
	o, p := &s.overview, &s.pipeline.Process
	if s.at.IsZero() {
		return []topLine{{"tidewatch top", boldStyle}, {}}
	}
	title := fmt.Sprintf("%s  up %s  %s  %s", o.Host.Name, spell(time.Duration(p.Uptime)*time.Second), o.Version, s.at.Format("15:04:05"))
	if v.paused {
		title += "  PAUSED"
	}
	status := topLine{o.Status.Sentence, plainStyle}
	if o.Status.Level == "critical" {
		status.style = redStyle
	} else if o.Status.Level == "warning" {
		status.style = amberStyle
	}
	agent := fmt.Sprintf("agent: CPU %.1f %% of one core, memory %s, heap %s. %s", p.CPU*100, byteSize(p.RSS), byteSize(p.Heap), o.Delivery.Sentence)
	if !s.pipeline.Available {
		agent = "The agent's own metrics cannot be read: its page has no telemetry_url, or another agent's. " + o.Delivery.Sentence
	}
	var tabs strings.Builder
	for i, name := range topTabs {
		count := ""
		switch i {
		case 1:
			count = fmt.Sprintf(" %d", s.found)
		case 2:
			count = fmt.Sprintf(" %d", len(s.findings))
		case 3:
			count = fmt.Sprintf(" %d", len(s.incidents))
		}
		if i == v.tab {
			fmt.Fprintf(&tabs, "[%s%s] ", name, count)
		} else {
			fmt.Fprintf(&tabs, " %s%s  ", name, count)
		}
	}
	return []topLine{{title, boldStyle}, status, {agent, plainStyle}, {strings.TrimRight(tabs.String(), " "), barStyle}}
}

func (s *topState) foot(v *topView) topLine {
	switch {
	case v.editing:
		return topLine{"/" + v.filter + "_   Enter keeps it, Esc clears it", boldStyle}
	case s.lost != "":
		return topLine{fmt.Sprintf("NO ANSWER for %s, trying again every %s: %s", spell(v.now.Sub(s.lostSince)), topInterval, s.lost), redStyle}
	case v.filter != "":
		return topLine{"only lines with " + v.filter + "   / changes it   Tab next   p pause   q quit", dimStyle}
	default:
		return topLine{"Tab or arrows: view and lines   / filter   p pause   q quit", dimStyle}
	}
}

func (s *topState) body(v *topView) []topLine {
	if s.at.IsZero() {
		return []topLine{{"Waiting for the agent's first answer.", dimStyle}}
	}
	var lines []topLine
	switch v.tab {
	case 0:
		return s.flow(v)
	case 1:
		lines = s.patternLines(v)
	case 2:
		lines = s.findingLines(v)
	default:
		lines = s.incidentLines(v)
	}
	return lines
}

// table is a heading and the rows that the filter leaves, or a sentence if there are none.
func table(v *topView, heading string, rows []topLine, empty string) []topLine {
	lines := []topLine{{heading, dimStyle}}
	for _, r := range rows {
		if strings.Contains(strings.ToLower(r.text), strings.ToLower(v.filter)) {
			lines = append(lines, r)
		}
	}
	if len(lines) > 1 {
		return lines
	}
	if len(rows) > 0 {
		empty = "No line has " + v.filter + ": Esc after / clears the filter."
	}
	return []topLine{{empty, plainStyle}}
}

func (s *topState) flow(v *topView) []topLine {
	pressure := map[string]string{}
	for _, e := range s.pipeline.Edges {
		pressure[e.Exporter] = e.Pressure
	}
	row := func(c *topComponent, state string) topLine {
		rate := "?"
		if c.Rate != nil {
			rate = fmt.Sprintf("%.1f", *c.Rate)
		}
		queue := ""
		if c.Queue != nil && c.Capacity != nil && *c.Capacity > 0 {
			queue = fmt.Sprintf("%.0f %%", *c.Queue / *c.Capacity * 100)
		}
		l := topLine{text: fmt.Sprintf("%10s %12.0f %10.0f %9.0f %7s  %s (%s)", rate, c.Items, c.Refused, c.Failed, queue, c.ID, c.Signal)}
		if state != "" && state != "healthy" {
			l.text += "  " + state
			l.style = amberStyle
		}
		return l
	}
	var in, out, ledger []topLine
	for i := range s.pipeline.Receivers {
		in = append(in, row(&s.pipeline.Receivers[i], ""))
	}
	for i := range s.pipeline.Exporters {
		out = append(out, row(&s.pipeline.Exporters[i], pressure[s.pipeline.Exporters[i].ID]))
	}
	for i := range s.pipeline.Ledger.Exporters {
		ledger = append(ledger, ledgerLine(&s.pipeline.Ledger.Exporters[i]))
	}
	const columns = "  records/s      records    refused    failed   queue  "
	lines := table(v, columns+"receiver", in, "Nothing was received yet.")
	lines = append(lines, topLine{})
	lines = append(lines, table(v, columns+"exporter", out, "Nothing was exported yet.")...)
	lines = append(lines, topLine{})
	return append(lines, table(v, "  accepted    carried   exported     queued    dropped  unaccounted  exporter", ledger, "The ledger is empty: no exporter has counted a record yet.")...)
}

func ledgerLine(e *delivery.Exporter) topLine {
	l := topLine{text: fmt.Sprintf("%10.0f %10.0f %10.0f %10.0f %10.0f %12.0f  %s", e.Accepted, e.Carried, e.Exported, e.Queued, e.DroppedTotal(), e.Unaccounted, e.ID)}
	if e.DroppedTotal() > 0 {
		l.style = redStyle
	}
	return l
}

func (s *topState) patternLines(v *topView) []topLine {
	var rows []topLine
	for i := range s.patterns {
		p := &s.patterns[i]
		now, usual := p.now()
		change := ""
		switch {
		case now > 0 && usual == 0:
			change = "new"
		case now > 0 && (now >= 2*usual || now*2 <= usual):
			change = fmt.Sprintf("x%.1f", now/usual)
		}
		l := topLine{text: fmt.Sprintf("%10.0f %8s %10d %12d  %s", now, change, p.LastHour, p.Count, p.Template)}
		if usual > 0 && now >= 2*usual {
			l.style = amberStyle
		}
		rows = append(rows, l)
	}
	return table(v, "this min.   change  last hour        total  pattern", rows, "No log line came yet: are there files at receivers::tail::include?")
}

func (s *topState) findingLines(v *topView) []topLine {
	var rows []topLine
	for _, f := range s.findings {
		rows = append(rows, topLine{fmt.Sprintf("%-9s %9s  %-16s %s", f.Severity, spell(v.now.Sub(time.Unix(f.Start, 0))), f.Kind, f.Summary), severityStyle(f.Severity)})
	}
	return table(v, "severity      since  kind             what", rows, "No open findings: nothing here is unusual.")
}

func (s *topState) incidentLines(v *topView) []topLine {
	var rows []topLine
	for i := range s.incidents {
		n := &s.incidents[i]
		rows = append(rows, topLine{fmt.Sprintf("%-9s %9s  %-12s %8d  %s", n.Severity, spell(v.now.Sub(n.Start)), n.State, uint64(len(n.Findings))+n.Further, n.Title), severityStyle(n.Severity)})
	}
	return table(v, "severity      since  state        findings  what", rows, "No open incidents. tidewatch incidents --all has the earlier ones.")
}

func severityStyle(s string) style {
	switch s {
	case "critical":
		return redStyle
	case "warning":
		return amberStyle
	default:
		return plainStyle
	}
}

// spell writes a duration in its two largest units.
func spell(d time.Duration) string {
	d = max(d.Round(time.Second), 0)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d m %02d s", d/time.Minute, d%time.Minute/time.Second)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %02d m", d/time.Hour, d%time.Hour/time.Minute)
	default:
		return fmt.Sprintf("%d d %02d h", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
	}
}

func byteSize(n float64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.1f GB", n/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.0f MB", n/1e6)
	default:
		return fmt.Sprintf("%.0f kB", n/1e3)
	}
}
