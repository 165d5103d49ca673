package patternconnector

import (
	"fmt"
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tidewatch/tidewatch/internal/finding"
	"github.com/tidewatch/tidewatch/logpattern/change"
	"github.com/tidewatch/tidewatch/signals"
)

// findingOf puts a change into the form of a finding.
func findingOf(c *change.Change, entity pcommon.Map) *finding.Finding {
	f := &finding.Finding{
		State: [...]string{signals.StateOpen, signals.StateUpdated, signals.StateResolved}[c.State],
		Score: c.Score, Start: c.Start, Time: c.Time,
		Subject: []finding.Attr{{Key: signals.AttrPatternID, Value: c.ID}},
		Receipt: finding.Receipt{Observed: &c.Observed, HistorySeconds: c.History.Seconds(), Example: c.Example},
	}
	if file := fileOf(entity); file != "" { // it names the service, so it takes part in the id
		f.Subject = append(f.Subject, finding.Attr{Key: signals.AttrLogFilePath, Value: file})
	}
	if c.Template != "" {
		f.Details = []finding.Attr{{Key: signals.AttrTemplate, Value: c.Template}}
	}
	switch c.Kind {
	case change.Flood:
		f.Kind, f.Severity = signals.KindPatternFlood, signals.SeverityWarning
		if c.Severity >= change.Error {
			f.Severity = signals.SeverityCritical
		}
		f.Receipt.Expected, f.Receipt.Upper, f.Receipt.Unit = &c.Expected, &c.Upper, "{record}/min"
	default:
		f.Kind, f.Severity = signals.KindPatternNew, signals.SeverityWarning
		if c.Severity == change.Info {
			f.Severity = signals.SeverityInfo
		}
		none := 0.0
		f.Receipt.Expected, f.Receipt.Unit = &none, "{record}"
	}
	f.Summary = sentence(c, entityName(entity))
	return f
}

// maxTemplate is how much of a template a sentence quotes.
const maxTemplate = 160

func sentence(c *change.Change, service string) string {
	what := c.Template
	if what == "" {
		what = c.ID
	}
	if r := []rune(what); len(r) > maxTemplate {
		what = string(r[:maxTemplate]) + "…"
	}
	what = strconv.Quote(what)
	switch {
	case c.Kind == change.Flood && c.State == change.Resolved:
		return fmt.Sprintf("%s: the flood of %s is over (up to %.0f lines a minute)", service, what, c.Observed)
	case c.Kind == change.Flood:
		return fmt.Sprintf("%s: flood of %s, %.0f lines a minute, normally %s", service, what, c.Observed, rate(c.Expected))
	case c.State == change.Resolved:
		return fmt.Sprintf("%s: the new pattern %s came %s and is known now", service, what, times(c.Observed))
	default:
		return fmt.Sprintf("%s: new pattern %s, seen %s", service, what, times(c.Observed))
	}
}

func times(n float64) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%.0f times", n)
}

func rate(perMinute float64) string {
	switch {
	case perMinute == 0:
		return "none"
	case perMinute < 10:
		return strconv.FormatFloat(perMinute, 'g', 2, 64)
	default:
		return strconv.FormatFloat(perMinute, 'f', 0, 64)
	}
}
