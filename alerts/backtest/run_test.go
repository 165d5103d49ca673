package backtest_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/alerts/backtest"
)

var start = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// options for a number of steps of a minute.
func options(steps int) backtest.Options {
	return backtest.DefaultOptions(backtest.Grid{Start: start, End: start.Add(time.Duration(steps-1) * time.Minute), Step: time.Minute})
}

func at(step int) int64 { return start.Add(time.Duration(step) * time.Minute).UnixNano() }

// fires draws when a rule fires for a series that is there where pattern has an x.
func fires(t *testing.T, lasting, keep time.Duration, pattern string) string {
	t.Helper()
	o := options(len(pattern))
	o.Join = 0
	r := backtest.NewRun(&o, backtest.Rule{ID: "R", Expr: "a", For: lasting, KeepFiringFor: keep})
	s := r.Series("a")
	for i, c := range pattern {
		if c == 'x' {
			s.Observe(at(i), 1)
		}
	}
	r.Finish()
	drawn := []byte(strings.Repeat(".", len(pattern)))
	for _, e := range r.Judge(nil, nil, false).Examples {
		for i := e.Start; !i.After(e.End); i = i.Add(time.Minute) {
			drawn[int(i.Sub(start)/time.Minute)] = 'F'
		}
	}
	return string(drawn)
}

// What Prometheus does, evaluation by evaluation.
func TestForAndKeepFiringFor(t *testing.T) {
	const m = time.Minute
	for _, c := range []struct {
		lasting, keep time.Duration
		pattern, want string
	}{
		{0, 0, "..xx.x..", "..FF.F.."},
		{2 * m, 0, "xxxx..xx.xxx", "..FF.......F"},
		{0, 2 * m, "x.......x", "FFF.....F"}, // absent at 1, over at the first evaluation two minutes later
		{0, 2 * m, "x..x....", "FFFFFF.."},
		{0, 3 * m, "x...x...", "FFFFFFFF"},
		{0, 3 * m, "x....x", "FFFF.F"},
		{2 * m, 2 * m, "xxx...x..xxx", "..FFF......F"},
		{2 * m, 5 * m, "xxx.x.x.....", "..FFFFFFFFFF"},
		{90 * time.Second, 90 * time.Second, "xxx.....", "..FFF..."},
		{5 * m, 0, "xxxx.xxxx", "........."},
	} {
		require.Equal(t, c.want, fires(t, c.lasting, c.keep, c.pattern), "for %s, keep_firing_for %s: %s", c.lasting, c.keep, c.pattern)
	}
}

// week is seven days of a minute each; value gives one by its step.
func judge(t *testing.T, o backtest.Options, rule backtest.Rule, series map[string]func(i int) (float64, bool)) backtest.Outcome {
	t.Helper()
	require.NoError(t, o.Validate())
	feed := func(r *backtest.Run) {
		for name, value := range series {
			s := r.Series(name)
			for i := range o.Len() {
				if v, ok := value(i); ok {
					s.Observe(at(i), v)
				}
			}
		}
		r.Finish()
	}
	r := backtest.NewRun(&o, rule)
	feed(r)
	trial := r.Trial()
	if trial != nil {
		feed(trial)
	}
	return r.Judge(trial, nil, false)
}

const day = 24 * 60

func TestNeverFires(t *testing.T) {
	o := options(7 * day)
	out := judge(t, o, backtest.Rule{ID: "Hot", Expr: "temperature > 90", Tunable: true}, map[string]func(int) (float64, bool){
		"a": func(i int) (float64, bool) { return 20 + float64(i%day)/40, true },
	})
	require.Equal(t, 0, out.Calls)
	require.Equal(t, backtest.ActionKeep, out.Proposal.Action)
	require.Contains(t, out.Proposal.Reason, "it never called in 7 days; the nearest was 56 on 2 Mar 23:59, and the threshold is 90")
}

func TestMetricIsMissing(t *testing.T) {
	o := options(7 * day)
	r := backtest.NewRun(&o, backtest.Rule{ID: "Hot", Expr: "temperature > 90", Tunable: true})
	require.Equal(t, "temperature ", r.Query())
	r.Finish()
	out := r.Judge(r.Trial(), []string{"temperature"}, true)
	require.Equal(t, backtest.ActionLook, out.Proposal.Action)
	out = r.Judge(r.Trial(), []string{"temperature"}, false)
	require.Equal(t, backtest.ActionClose, out.Proposal.Action)
	require.Contains(t, out.Proposal.Reason, "there is no metric temperature in these 7 days")
}

// noisy is near a threshold of 50 all of the time and far above it twice a week.
func noisy(seed uint64) func(int) (float64, bool) {
	rng := rand.New(rand.NewPCG(seed, 1))
	return func(i int) (float64, bool) {
		v := 49 + 2*rng.NormFloat64()
		if i > 20*day && i%(4*day) < 30 {
			v += 40
		}
		return v, true
	}
}

func TestLoudRuleGetsAThreshold(t *testing.T) {
	o := options(28 * day)
	out := judge(t, o, backtest.Rule{ID: "Busy", Expr: "load > 50", Tunable: true}, map[string]func(int) (float64, bool){"a": noisy(1)})
	require.Greater(t, out.CallsPerWeek, 100.0)
	require.Equal(t, backtest.ActionTune, out.Proposal.Action, out.Proposal.Reason)
	found, ok := backtest.FindThreshold(out.Proposal.Expr)
	require.True(t, ok)
	require.Greater(t, found.Bound, 54.0)
	require.Less(t, found.Bound, 90.0)
	require.LessOrEqual(t, out.Proposal.Calls, 8)
	require.NotNil(t, out.Band)
	require.Contains(t, out.Proposal.Reason, "With the threshold")
	require.Contains(t, out.Proposal.Reason, "what the learned band saw as well")
}

func TestFlappingRuleGetsKeepFiringFor(t *testing.T) {
	o := options(14 * day)
	out := judge(t, o, backtest.Rule{ID: "Flaps", Expr: "queue > 10", Tunable: true}, map[string]func(int) (float64, bool){
		"a": func(i int) (float64, bool) {
			if i%(7*day) > 12*60 && i%(7*day) < 15*60 && i%20 < 10 {
				return 20, true
			}
			return 1, true
		},
	})
	require.Equal(t, backtest.ActionTune, out.Proposal.Action, out.Proposal.Reason)
	require.Equal(t, "15m", out.Proposal.KeepFiringFor)
	require.Equal(t, 2, out.Proposal.Calls)
	require.Greater(t, out.Flaps, 10)
}

func TestAlwaysFiringRuleIsClosed(t *testing.T) {
	o := options(14 * day)
	out := judge(t, o, backtest.Rule{ID: "Always", Expr: "size > 10", Tunable: true}, map[string]func(int) (float64, bool){
		"a": func(int) (float64, bool) { return 20, true },
	})
	require.Equal(t, 1.0, out.Firing)
	require.Equal(t, 1, out.Open)
	require.Equal(t, "14d", out.Longest)
	require.Equal(t, backtest.ActionClose, out.Proposal.Action, out.Proposal.Reason)
	require.Contains(t, out.Proposal.Reason, "it fired for 100 % of the time")
}

// A drop at night stays above the fixed threshold; the band sees it.
func TestBandFindsWhatTheThresholdDoesNot(t *testing.T) {
	o := options(28 * day)
	rng := rand.New(rand.NewPCG(3, 3))
	var labelled []backtest.Incident
	for _, d := range []int{15, 19, 24} {
		labelled = append(labelled, backtest.Incident{Start: start.Add(time.Duration(d*day+180) * time.Minute), End: start.Add(time.Duration(d*day+220) * time.Minute)})
	}
	o.Incidents = labelled
	out := judge(t, o, backtest.Rule{ID: "Busy", Expr: "requests > 200", Tunable: true}, map[string]func(int) (float64, bool){
		"a": func(i int) (float64, bool) {
			v := 80 - 60*math.Cos(2*math.Pi*float64(i%day-180)/day) + 2*rng.NormFloat64() // least at three in the morning
			if m, d := i%day, i/day; m >= 180 && m < 220 && (d == 15 || d == 19 || d == 24) {
				v += 80 // below what a day has
			}
			return v, true
		},
	})
	require.Equal(t, 0, out.Known.Found)
	require.Equal(t, 3, out.Known.Incidents)
	require.Equal(t, 3, out.Band.Known.Found)
	require.Equal(t, backtest.ActionReplace, out.Proposal.Action, out.Proposal.Reason)
	require.Nil(t, out.Known.Precision)
	require.Equal(t, 0.0, *out.Known.Recall)
	require.NotEmpty(t, out.Band.OnlyBand)
}

func TestSeriesAreBounded(t *testing.T) {
	o := options(day)
	o.MaxSeries = 2
	r := backtest.NewRun(&o, backtest.Rule{ID: "R", Expr: "a > 1"})
	require.NotNil(t, r.Series("a"))
	require.NotNil(t, r.Series("b"))
	require.Nil(t, r.Series("c"))
	require.NotNil(t, r.Series("a"))
	r.Beyond()
	r.Series("a").Observe(start.Add(-time.Hour).UnixNano(), 5)
	r.Series("a").Observe(start.Add(48*time.Hour).UnixNano(), 5)
	r.Finish()
	out := r.Judge(nil, nil, false)
	require.Equal(t, 1, out.Beyond)
	require.Equal(t, 0, out.Alarms)
}

func TestValidate(t *testing.T) {
	for want, change := range map[string]func(*backtest.Options){
		"step":     func(o *backtest.Options) { o.Step = 0 },
		"end":      func(o *backtest.Options) { o.End = o.Start },
		"million":  func(o *backtest.Options) { o.End = o.Start.AddDate(9, 0, 0) },
		"learning": func(o *backtest.Options) { o.Learn = o.End.Sub(o.Start) },
		"calls":    func(o *backtest.Options) { o.CallsPerWeek = 0 },
		"padding":  func(o *backtest.Options) { o.Pad = -1 },
		"series":   func(o *backtest.Options) { o.MaxSeries = 0 },
	} {
		o := options(day)
		require.NoError(t, o.Validate())
		change(&o)
		require.ErrorContains(t, o.Validate(), want)
	}
}
