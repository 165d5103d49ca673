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
		Kind: kinds[c.Kind], Severity: severityOfChange(c),
		State: [...]string{signals.StateOpen, signals.StateUpdated, signals.StateResolved}[c.State],
		Score: c.Score, Start: c.Start, Time: c.Time,
		Receipt: finding.Receipt{
			Observed: &c.Observed, Expected: &c.Expected, HistorySeconds: c.History.Seconds(), Unit: c.Kind.Unit(), Example: c.Example,
		},
	}
	if c.ID != "" {
		f.Subject = append(f.Subject, finding.Attr{Key: signals.AttrPatternID, Value: c.ID})
	}
	if file := fileOf(entity); file != "" { // it names the service, so it takes part in the id
		f.Subject = append(f.Subject, finding.Attr{Key: signals.AttrLogFilePath, Value: file})
	}
	if c.Template != "" {
		f.Details = []finding.Attr{{Key: signals.AttrTemplate, Value: c.Template}}
	}
	switch c.Kind {
	case change.Flood, change.Spike:
		f.Receipt.Upper = &c.Upper
	case change.ParameterShift:
		f.Receipt.Upper = &c.Upper
		f.Subject = append(f.Subject, finding.Attr{Key: signals.AttrPatternVariable, Value: strconv.Itoa(c.Position)})
		f.Details = append(f.Details, finding.Attr{Key: signals.AttrPatternVariableValue, Value: c.Value})
	}
	f.Summary = sentence(c, entityName(entity))
	return f
}

// kinds are what findings call the kinds of changes.
var kinds = [...]string{
	change.New: signals.KindPatternNew, change.Flood: signals.KindPatternFlood, change.Spike: signals.KindPatternSpike,
	change.Silence: signals.KindPatternSilence, change.SeverityFlip: signals.KindSeverityFlip, change.Deploy: signals.KindPatternDeploy,
	change.ParameterShift: signals.KindParameterShift, change.Storm: signals.KindPatternStorm,
}

func severityOfChange(c *change.Change) string {
	return [...]string{change.Notice: signals.SeverityInfo, change.Warning: signals.SeverityWarning, change.Critical: signals.SeverityCritical}[c.Weight()]
}

// maxTemplate is how much of a template a sentence quotes.
const maxTemplate = 160

// sentence tells a change to a person.
func sentence(c *change.Change, service string) string {
	what := c.Template
	if what == "" {
		what = c.ID
	}
	return service + ": " + predicate(c, quoted(what))
}

func quoted(what string) string {
	if r := []rune(what); len(r) > maxTemplate {
		what = string(r[:maxTemplate]) + "…"
	}
	return strconv.Quote(what)
}

func predicate(c *change.Change, what string) string {
	over := c.State == change.Resolved
	switch c.Kind {
	case change.Flood, change.Spike:
		name := "flood"
		if c.Kind == change.Spike {
			name = "spike"
		}
		if over {
			return fmt.Sprintf("the %s of %s is over (up to %.0f lines a minute)", name, what, c.Observed)
		}
		return fmt.Sprintf("%s of %s, %.0f lines a minute, normally %s", name, what, c.Observed, rate(c.Expected))
	case change.Silence:
		if c.ID == "" {
			what = "the whole service"
		}
		if over {
			return what + " is back"
		}
		return fmt.Sprintf("%s stopped at %s; %.0f lines were expected since", what, c.Start.UTC().Format("15:04:05"), c.Expected)
	case change.SeverityFlip:
		if over {
			return what + " is no error any more"
		}
		return fmt.Sprintf("%s was harmless and is an error now, %s so far", what, times(c.Observed))
	case change.ParameterShift:
		if over {
			return fmt.Sprintf("variable %d of %s is no longer always %s", c.Position, what, quoted(c.Value))
		}
		return fmt.Sprintf("%s took over variable %d of %s: %.0f %% of the lines, any one value at most %.0f %% before",
			quoted(c.Value), c.Position, what, 100*c.Observed, 100*c.Expected)
	case change.Storm:
		if over {
			return "changes are reported one by one again"
		}
		return "more changes at once than are reported one by one; left out: " + c.LeftOut
	case change.Deploy:
		if over {
			return fmt.Sprintf("the new version replaced %.0f patterns", c.Observed)
		}
		return fmt.Sprintf("a new version seems to run: %.0f patterns were replaced, e.g. by %s", c.Observed, what)
	}
	if over {
		return fmt.Sprintf("the new pattern %s came %s and is known now", what, times(c.Observed))
	}
	return fmt.Sprintf("new pattern %s, seen %s", what, times(c.Observed))
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
