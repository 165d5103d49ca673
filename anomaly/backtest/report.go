package backtest

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Backtest holds the series of one run. It is not safe for concurrent use.
type Backtest struct {
	options  Options
	schedule []Interval
	series   []*Series
	names    map[string]*Series
}

// New returns a backtest without series. Options must be valid.
func New(o Options) *Backtest {
	return &Backtest{options: o, schedule: sorted(o.Incidents), names: map[string]*Series{}}
}

// Series is that of a name, made when it is asked for first.
func (b *Backtest) Series(name string) *Series {
	s, ok := b.names[name]
	if !ok {
		s = &Series{name: name, options: &b.options, schedule: b.schedule, learn: b.options.Learn}
		s.incident.known = b.options.known()
		b.names[name] = s
		b.series = append(b.series, s)
	}
	return s
}

// Len is how many series there are.
func (b *Backtest) Len() int { return len(b.series) }

// Report is the outcome.
type Report struct {
	Method    string         `json:"method"`
	From      time.Time      `json:"from"`
	To        time.Time      `json:"to"`
	Series    int            `json:"series"`
	Points    int            `json:"points"`
	Weeks     float64        `json:"series_weeks"`
	Judged    bool           `json:"judged"`
	Incidents int            `json:"incidents"`
	Reference string         `json:"reference,omitempty"`
	Recall    float64        `json:"reference_recall"`
	Rules     []RuleReport   `json:"rules"`
	Each      []SeriesReport `json:"each"`
}

// RuleReport says how a rule did over all series.
type RuleReport struct {
	Name  string `json:"name"`
	About string `json:"about"`
	// Alerts and Pages at the rule's own threshold. PagesPerWeek is per series.
	Alerts       int     `json:"alerts"`
	Pages        int     `json:"pages"`
	PagesPerWeek float64 `json:"pages_per_week"`
	// Firing is the share of time in which an alert goes on.
	Firing float64 `json:"firing"`
	// Where incidents are known: those found, and false alarms per series and week.
	Found        int      `json:"found"`
	Recall       float64  `json:"recall"`
	FalsePages   int      `json:"false_pages"`
	FalsePerWeek float64  `json:"false_per_week"`
	Equal        *AtEqual `json:"at_equal_recall,omitempty"`
	// FoundAtEqual is how many incidents it finds with at most as many false alarms as
	// the reference, at its best threshold.
	FoundAtEqual int `json:"found_at_equal_false_alarms"`
	// Alike is the share of this rule's alerts during which Tidewatch alerts too, and
	// AlikeOurs that of Tidewatch's during which this rule does.
	Alike     float64 `json:"alike"`
	AlikeOurs float64 `json:"alike_ours"`
}

// AtEqual is a rule at the threshold with the fewest false alarms at which it finds
// at least as many incidents as the reference.
type AtEqual struct {
	Recall       float64 `json:"recall"`
	FalsePerWeek float64 `json:"false_per_week"`
	// Cut is the share of the reference's false alarms that it saves; negative is more.
	Cut float64 `json:"cut"`
}

// SeriesReport is one series, by its alerts.
type SeriesReport struct {
	Name      string             `json:"name"`
	Points    int                `json:"points"`
	Incidents []Alert            `json:"incidents,omitempty"`
	Alerts    map[string][]Alert `json:"alerts"`
	Pages     map[string]int     `json:"pages"`
	// Learn is when its learning part ended.
	Learn time.Time `json:"learning_until"`

	trace    *trace
	closeups []closeup
	total    int
}

const (
	method = `Every rule saw the points one after the other, as they happened, and none that was still to come. The learning part only teaches; what is counted comes after it. ` +
		`A rule flags points, an alert begins when flags have lasted, and pages at its beginning and every four hours while it goes on. `
	methodJudged = `A page within a known incident, or near to it, is true and every other is a false alarm; an incident is found if one page is true. ` +
		`At equal recall means: of the thresholds from an eighth to eight times a rule's own (one for all series), the one with the fewest false alarms that finds at least as many incidents as the reference; that choice is made in hindsight, for every rule alike. ` +
		`Found for as many false alarms is the opposite: the most that is found with no more false alarms than the reference. ` +
		`Incidents that nobody wrote down count as false alarms, so a false alarm here is at worst an unknown incident.`
	methodNotJudged = `Each rule ran at its own threshold. Two rules agree on an alert if both alert at that time, give or take some minutes. ` +
		`A rule that alerts less is not better for it: give the times of incidents, and it will be said what was found and what was missed.`
)

// Report ends all alerts and sums up. Call it once.
func (b *Backtest) Report() *Report {
	r := &Report{Method: method, Series: len(b.series), Judged: b.options.known()}
	r.Method += methodNotJudged
	if r.Judged {
		r.Method = method + methodJudged
	}
	about := b.options.about()
	var own [rules]tally
	var tried [rules][settings]tally
	var alike, kept [rules]int
	var alikeOurs [rules]int
	var counted time.Duration
	for _, s := range b.series {
		s.finish()
		counted += s.counted()
		r.Points += s.points
		r.Incidents += s.incident.n
		if s.first > 0 {
			from, to := time.Unix(0, s.first).UTC(), time.Unix(0, s.last).UTC()
			if r.From.IsZero() || from.Before(r.From) {
				r.From = from
			}
			if to.After(r.To) {
				r.To = to
			}
		}
		each := SeriesReport{
			Name: s.name, Points: s.points, Incidents: s.marks, Alerts: map[string][]Alert{}, Pages: map[string]int{}, Learn: s.learn.UTC(), trace: &s.trace, closeups: s.closeups.list,
		}
		for i := range rules {
			if b.unused(i) {
				continue
			}
			own[i].add(&s.own[i].tally)
			for j := range settings {
				tried[i][j].add(&s.tried[i][j].tally)
			}
			kept[i] += len(s.alerts[i])
			alike[i] += overlapping(s.alerts[i], s.alerts[ruleTidewatch], b.options.Pad)
			alikeOurs[i] += overlapping(s.alerts[ruleTidewatch], s.alerts[i], b.options.Pad)
			each.Alerts[about[i].name] = s.alerts[i]
			each.Pages[about[i].name] = s.own[i].tally.pages
			each.total += s.own[i].tally.pages
		}
		r.Each = append(r.Each, each)
	}
	slices.SortStableFunc(r.Each, func(a, b SeriesReport) int {
		return cmp.Or(cmp.Compare(len(b.Incidents), len(a.Incidents)), cmp.Compare(b.total, a.total))
	})
	r.Weeks = counted.Hours() / (7 * 24)
	weeks := max(r.Weeks, 1e-9)
	incidents := float64(max(r.Incidents, 1))

	reference := ruleSigma
	if !b.unused(ruleFixed) {
		reference = ruleFixed
	}
	if r.Judged {
		r.Reference, r.Recall = about[reference].name, float64(own[reference].caught)/incidents
	}
	for i := range rules {
		if b.unused(i) {
			continue
		}
		t := own[i]
		line := RuleReport{
			Name: about[i].name, About: about[i].about, Alerts: t.alerts, Pages: t.pages, PagesPerWeek: float64(t.pages) / weeks,
			Firing: float64(t.firing) / max(float64(counted), 1), Found: t.caught, Recall: float64(t.caught) / incidents,
			FalsePages: t.falsePages, FalsePerWeek: float64(t.falsePages) / weeks,
			Alike: ratio(alike[i], kept[i]), AlikeOurs: ratio(alikeOurs[i], kept[ruleTidewatch]),
		}
		if r.Judged {
			line.Equal = equal(&t, &tried[i], &own[reference], i == reference, weeks, incidents)
			line.FoundAtEqual = mostFound(&t, &tried[i], &own[reference], i == reference)
		}
		r.Rules = append(r.Rules, line)
	}
	return r
}

func (b *Backtest) unused(rule int) bool {
	return rule == ruleFixed && b.options.Above == nil && b.options.Below == nil
}

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// equal finds the setting with the fewest false alarms among those that find as much
// as the reference; nil if there is none.
func equal(own *tally, tried *[settings]tally, reference *tally, itself bool, weeks, incidents float64) *AtEqual {
	var best *tally
	try := func(t *tally) {
		if t.caught >= reference.caught && (best == nil || t.falsePages < best.falsePages) {
			best = t
		}
	}
	try(own)
	for i := range tried {
		if !itself {
			try(&tried[i])
		}
	}
	if best == nil || reference.caught == 0 {
		return nil
	}
	cut := 0.0
	if reference.falsePages > 0 {
		cut = 1 - float64(best.falsePages)/float64(reference.falsePages)
	}
	return &AtEqual{Recall: float64(best.caught) / incidents, FalsePerWeek: math.Round(1e6*float64(best.falsePages)/weeks) / 1e6, Cut: cut}
}

// mostFound is how much a rule finds with no more false alarms than the reference.
func mostFound(own *tally, tried *[settings]tally, reference *tally, itself bool) (found int) {
	if own.falsePages <= reference.falsePages {
		found = own.caught
	}
	for i := range tried {
		if t := &tried[i]; !itself && t.falsePages <= reference.falsePages {
			found = max(found, t.caught)
		}
	}
	return found
}

// overlapping counts the alerts of a during which, or near to which, there is one of b.
func overlapping(a, b []Alert, pad time.Duration) (n int) {
	j := 0
	for _, x := range a {
		for j < len(b) && b[j].End.Add(pad).Before(x.Start) {
			j++
		}
		if j < len(b) && !b[j].Start.After(x.End.Add(pad)) {
			n++
		}
	}
	return n
}
