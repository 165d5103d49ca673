package anomaly_test

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/anomaly"
)

var update = flag.Bool("update", false, "rewrite the expected parts of testdata")

// TestScripts plays little series from testdata. A file holds commands, a line
// "----" and the changes of state that they must give. Commands:
//
//	settings key=value...        step, min_history, floor, min_change, adopt_after, direction
//	feed DURATION SHAPE...       shapes add up: level L, day A (a sine), workdays A (added on
//	                             Monday to Friday 8-18 h), noise S, times F (multiplies), counts R (Poisson-like)
//	skip DURATION                no points
//	repeat N                     the last point again, N times, at the same time
//	put VALUE...                 single points
//	clocks DURATION              people's clocks, which shapes follow, are put on (or back)
//	counter DURATION RATE...     a counter that grows by RATE a second between its points and restarts
//	                             with the process; the detector sees its rate over each step
//	restart                      the process that counts
//	show                         prints the verdict of the last point
//	receipt                      prints its receipt
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			b, err := os.ReadFile(file)
			require.NoError(t, err)
			input, want, _ := strings.Cut(string(b), "----\n")
			got := play(t, input)
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(input+"----\n"+got), 0o600))
				return
			}
			require.Equal(t, want, got)
		})
	}
}

type player struct {
	t        *testing.T
	settings anomaly.Settings
	step     time.Duration
	now      time.Time
	rng      *rand.Rand
	detector *anomaly.Detector
	verdict  anomaly.Verdict
	state    anomaly.State
	out      strings.Builder
	clocks   time.Duration
	count    float64 // of the counter
	counted  float64 // at its last point
}

func play(t *testing.T, input string) string {
	p := &player{
		t: t, settings: anomaly.DefaultSettings(), step: time.Minute,
		now: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), // a Monday
		rng: rand.New(rand.NewPCG(1, 2)),
	}
	p.detector = anomaly.New(&p.settings)
	for line := range strings.Lines(input) {
		f := strings.Fields(line)
		if len(f) == 0 || strings.HasPrefix(f[0], "#") {
			continue
		}
		p.command(f[0], f[1:])
	}
	return p.out.String()
}

func (p *player) command(name string, args []string) {
	switch name {
	case "settings":
		for _, a := range args {
			k, v, _ := strings.Cut(a, "=")
			p.set(k, v)
		}
	case "feed":
		for end := p.now.Add(p.duration(args[0])); p.now.Before(end); {
			p.observe(p.shape(args[1:]))
		}
	case "skip":
		p.now = p.now.Add(p.duration(args[0]))
	case "repeat":
		for range int(p.number(args[0])) {
			v := p.detector.Observe(p.now.Add(-p.step), 1e6)
			require.True(p.t, v.Ignored)
		}
	case "clocks":
		p.clocks += p.duration(args[0])
	case "restart":
		p.count = 0
	case "counter":
		for end := p.now.Add(p.duration(args[0])); p.now.Before(end); {
			p.count += p.shape(args[1:]) * p.step.Seconds()
			since := p.counted
			if p.count < since {
				since = 0 // as Prometheus' rate does
			}
			p.observe((p.count - since) / p.step.Seconds())
			p.counted = p.count
		}
	case "put":
		for _, a := range args {
			p.observe(p.number(a))
		}
	case "show":
		v := p.verdict
		fmt.Fprintf(&p.out, "%s %s score %.2f expected %.4g band %.4g..%.4g\n", p.at(), v.State, v.Score, v.Expected, v.Lower, v.Upper)
	case "receipt":
		r := p.verdict.Receipt
		fmt.Fprintf(&p.out, "%s value %.4g last week %.4g history %s, %.2g points a week like this\n", p.at(), r.Value, r.LastWeek, r.History.Round(time.Minute), r.PerWeek)
	default:
		require.Fail(p.t, "unknown command", name)
	}
}

func (p *player) set(k, v string) {
	switch k {
	case "step":
		p.step = p.duration(v)
	case "min_history":
		p.settings.MinHistory = p.duration(v)
	case "adopt_after":
		p.settings.AdoptAfter = p.duration(v)
	case "floor":
		p.settings.Floor = p.number(v)
	case "min_change":
		p.settings.MinChange = p.number(v)
	case "direction":
		p.settings.Direction = map[string]anomaly.Direction{"both": anomaly.Both, "up": anomaly.Up, "down": anomaly.Down}[v]
	default:
		require.Fail(p.t, "unknown setting", k)
	}
}

func (p *player) shape(args []string) float64 {
	v, now := 0.0, p.now.Add(p.clocks)
	for i := 0; i+1 < len(args); i += 2 {
		a := p.number(args[i+1])
		switch args[i] {
		case "level":
			v += a
		case "day":
			v += a * math.Sin(2*math.Pi*float64(now.Unix()%86400)/86400)
		case "workdays":
			if d := now.Weekday(); d != time.Saturday && d != time.Sunday && now.Hour() >= 8 && now.Hour() < 18 {
				v += a
			}
		case "noise":
			v += a * p.rng.NormFloat64()
		case "times":
			v *= a
		case "counts":
			for range 100 {
				if p.rng.Float64() < a/100 {
					v++
				}
			}
		default:
			require.Fail(p.t, "unknown shape", args[i])
		}
	}
	return v
}

func (p *player) observe(v float64) {
	p.verdict = p.detector.Observe(p.now, v)
	if p.verdict.State != p.state {
		fmt.Fprintf(&p.out, "%s %s -> %s\n", p.at(), p.state, p.verdict.State)
		p.state = p.verdict.State
	}
	p.now = p.now.Add(p.step)
}

func (p *player) at() string {
	return p.now.Format("Mon 02 15:04:05")
}

func (p *player) duration(s string) time.Duration {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		return time.Duration(p.number(days) * float64(24*time.Hour))
	}
	d, err := time.ParseDuration(s)
	require.NoError(p.t, err)
	return d
}

func (p *player) number(s string) float64 {
	v, err := strconv.ParseFloat(s, 64)
	require.NoError(p.t, err)
	return v
}
