package backtest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/anomaly/backtest"
)

var monday = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

const days = 28

// traffic is a busy day and a quiet night with 3 % of noise, per minute.
func traffic(t time.Time, rng *rand.Rand) float64 {
	v := 1000 + 600*math.Sin((t.Sub(monday).Hours()-9)/24*2*math.Pi)
	if d := t.Weekday(); d == time.Saturday || d == time.Sunday {
		v *= 0.7
	}
	return v * (1 + 0.03*rng.NormFloat64())
}

// outages are half an hour each, every other evening of the second half.
func outages() (list []backtest.Interval) {
	for d := 15; d < days; d += 2 {
		start := monday.AddDate(0, 0, d).Add(22 * time.Hour)
		list = append(list, backtest.Interval{Start: start, End: start.Add(30 * time.Minute)})
	}
	return list
}

func inside(t time.Time, list []backtest.Interval) bool {
	for _, i := range list {
		if !t.Before(i.Start) && !t.After(i.End) {
			return true
		}
	}
	return false
}

// run shows two weeks of history and two with outages, during which traffic is that of
// the day: nothing that a fixed threshold could see.
func run(t *testing.T, o backtest.Options, labelled bool) *backtest.Report {
	t.Helper()
	o.Labelled = labelled
	require.NoError(t, o.Validate())
	b := backtest.New(o)
	for _, name := range []string{"a", "b"} {
		rng := rand.New(rand.NewPCG(1, uint64(name[0])))
		s := b.Series(name)
		for at := monday; at.Before(monday.AddDate(0, 0, days)); at = at.Add(time.Minute) {
			v := traffic(at, rng)
			out := name == "a" && inside(at, outages())
			if out {
				v *= 1.6
			}
			s.Observe(at, v, labelled && out)
		}
	}
	require.Equal(t, 2, b.Len())
	return b.Report()
}

func rule(t *testing.T, r *backtest.Report, name string) backtest.RuleReport {
	t.Helper()
	for _, l := range r.Rules {
		if l.Name == name {
			return l
		}
	}
	require.Fail(t, "no rule "+name)
	return backtest.RuleReport{}
}

func TestJudgedByLabels(t *testing.T) {
	o := backtest.DefaultOptions(monday.AddDate(0, 0, 14))
	below := 450.0
	o.Below = &below
	r := run(t, o, true)
	require.True(t, r.Judged)
	require.Equal(t, 7, r.Incidents)
	require.InDelta(t, 4, r.Weeks, 0.01)
	require.Equal(t, "fixed", r.Reference)

	fixed := rule(t, r, "fixed")
	require.Positive(t, fixed.FalsePages, "quiet nights are below the threshold")
	require.Zero(t, fixed.Found)
	require.Zero(t, rule(t, r, "mean ± sigma").Found, "day values are no surprise to it")
	ours := rule(t, r, "tidewatch")
	require.Equal(t, 7, ours.Found)
	require.Equal(t, 1.0, ours.Recall)
	require.LessOrEqual(t, ours.FalsePerWeek, 1.0)
	weekly := rule(t, r, "last week, both")
	require.GreaterOrEqual(t, weekly.Found, 6)
	require.Greater(t, weekly.FalsePages, ours.FalsePages)
}

func TestJudgedByIncidentTimes(t *testing.T) {
	o := backtest.DefaultOptions(monday.AddDate(0, 0, 14))
	o.Incidents = outages()
	r := run(t, o, false)
	require.Equal(t, 14, r.Incidents, "they are those of every series")
	require.Equal(t, 7, rule(t, r, "tidewatch").Found)
	require.Equal(t, "mean ± sigma", r.Reference)
}

func TestNotJudged(t *testing.T) {
	r := run(t, backtest.DefaultOptions(monday.AddDate(0, 0, 14)), false)
	require.False(t, r.Judged)
	require.Zero(t, rule(t, r, "tidewatch").FalsePages)
	require.Nil(t, rule(t, r, "tidewatch").Equal)
	require.GreaterOrEqual(t, rule(t, r, "tidewatch").Alerts, 7)
	require.Equal(t, 1.0, rule(t, r, "tidewatch").Alike)
	require.Greater(t, rule(t, r, "last week, both").AlikeOurs, 0.5)
}

// step shows one value a minute after an hour that only teaches.
func step(t *testing.T, flags string, marks string) backtest.RuleReport {
	t.Helper()
	above := 10.0
	o := backtest.DefaultOptions(monday.Add(time.Hour))
	o.Above, o.Labelled, o.For, o.Pad = &above, true, 2*time.Minute, 2*time.Minute
	b := backtest.New(o)
	s := b.Series("x")
	for i := range 60 {
		s.Observe(monday.Add(time.Duration(i)*time.Minute), 1, false)
	}
	for i, f := range flags {
		v := 1.0
		if f == '#' {
			v = 11
		}
		s.Observe(monday.Add(time.Hour+time.Duration(i)*time.Minute), v, i < len(marks) && marks[i] == 'x')
	}
	return rule(t, b.Report(), "fixed")
}

func TestAlerts(t *testing.T) {
	for _, c := range []struct {
		flags, marks          string
		alerts, found, falses int
	}{
		{"....#....", "", 0, 0, 0},                 // too short
		{"....##...", "", 1, 0, 1},                 // as long as For
		{"....##.##..", "", 1, 0, 1},               // a pause that is too short to end it
		{"....##......##", "", 2, 0, 2},            // two
		{"....##.......", ".......x", 1, 1, 0},     // two minutes too early
		{"....##.........", ".........x", 1, 0, 1}, // four minutes too early
		{".........##", "......xx", 1, 0, 1},       // three minutes too late
		{"........##", "......xx", 1, 1, 0},        // two minutes late
		{"....####.....", "....xxx.x", 1, 1, 0},    // one incident with a hole
		{".......", "..xx..", 0, 0, 0},
	} {
		r := step(t, c.flags, c.marks)
		require.Equal(t, c.alerts, r.Alerts, c.flags)
		require.Equal(t, c.found, r.Found, "%s %s", c.flags, c.marks)
		require.Equal(t, c.falses, r.FalsePages, "%s %s", c.flags, c.marks)
	}
}

func TestPagesAgain(t *testing.T) {
	flags := ""
	for range 9*60 + 5 {
		flags += "#"
	}
	r := step(t, flags, "")
	require.Equal(t, 1, r.Alerts)
	require.Equal(t, 3, r.Pages, "at its beginning, and after four and eight hours")
}

func TestOddInput(t *testing.T) {
	o := backtest.DefaultOptions(monday.Add(time.Hour))
	b := backtest.New(o)
	require.NotPanics(t, func() { b.Report() })
	b = backtest.New(o)
	s := b.Series("x")
	for i := range 5000 {
		at := monday.Add(time.Duration(i) * time.Minute)
		if i > 2000 {
			at = at.AddDate(1, 0, 0)
		}
		v := float64(i % 7)
		switch i % 11 {
		case 3:
			v = math.NaN()
		case 5:
			v = math.Inf(1)
		case 7:
			at = at.Add(-time.Hour)
		case 9:
			v = -1e300
		}
		s.Observe(at, v, false)
	}
	b.Series("empty")
	r := b.Report()
	require.Equal(t, 2, r.Series)
	require.NoError(t, r.WriteHTML(&bytes.Buffer{}))
}

func TestWriters(t *testing.T) {
	r := run(t, backtest.DefaultOptions(monday.AddDate(0, 0, 14)), true)
	var text, page, object bytes.Buffer
	require.NoError(t, r.WriteText(&text))
	require.Contains(t, text.String(), "2 series, 80640 points; counted 2026-03-16 00:00 to 2026-03-29 23:59, 4.0 series-weeks; 7 incidents")
	require.Contains(t, text.String(), "tidewatch")
	require.NoError(t, r.WriteHTML(&page))
	require.Contains(t, page.String(), `<path class="band" d="M`)
	require.Contains(t, page.String(), "What tidewatch alerted for")
	require.Contains(t, page.String(), "a, Tue Mar 17 2026 22:0")
	require.Contains(t, page.String(), "days of history, expected by chance")
	require.NotContains(t, page.String(), "NaN")
	require.NotContains(t, page.String(), "http", "nothing is loaded")
	require.NoError(t, r.WriteJSON(&object))
	var back map[string]any
	require.NoError(t, json.Unmarshal(object.Bytes(), &back))
	require.Len(t, back["rules"], 5)
	require.Len(t, back["each"], 2)
}

// Names of series come from labels, which anybody may have written.
func TestThePageShowsNamesAsTheyAreWritten(t *testing.T) {
	const hostile = `"><script>alert('x')</script>`
	b := backtest.New(backtest.DefaultOptions(monday.AddDate(0, 0, 1)))
	s := b.Series(hostile)
	for i := range 2 * 24 * 60 {
		s.Observe(monday.Add(time.Duration(i)*time.Minute), float64(i%7), false)
	}
	var page bytes.Buffer
	require.NoError(t, b.Report().WriteHTML(&page))
	require.NotContains(t, page.String(), "<script")
	require.Contains(t, page.String(), `<figcaption>&#34;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;</figcaption>`)
	require.Contains(t, page.String(), `aria-label="&#34;&gt;&lt;script&gt;`)
}

func TestValidate(t *testing.T) {
	for want, change := range map[string]func(*backtest.Options){
		"Sigma":       func(o *backtest.Options) { o.Sigma = 0 },
		"For and Pad": func(o *backtest.Options) { o.For = -1 },
		"Above":       func(o *backtest.Options) { o.Above, o.Below = new(float64), new(float64) },
		"Incidents":   func(o *backtest.Options) { o.Incidents = []backtest.Interval{{Start: monday}} },
		"MinHistory":  func(o *backtest.Options) { o.Settings.MinHistory = -1 },
	} {
		o := backtest.DefaultOptions(monday)
		change(&o)
		require.ErrorContains(t, o.Validate(), want)
	}
}

func BenchmarkObserve(b *testing.B) {
	for _, labelled := range []bool{false, true} {
		b.Run(fmt.Sprintf("labelled=%t", labelled), func(b *testing.B) {
			o := backtest.DefaultOptions(monday)
			o.Labelled = labelled
			s := backtest.New(o).Series("x")
			rng := rand.New(rand.NewPCG(1, 1))
			at := monday
			for b.Loop() {
				s.Observe(at, traffic(at, rng), false)
				at = at.Add(time.Minute)
			}
		})
	}
}
