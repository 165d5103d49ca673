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
//	put VALUE...                 single points
//	show                         prints the verdict of the last point
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
	case "put":
		for _, a := range args {
			p.observe(p.number(a))
		}
	case "show":
		v := p.verdict
		fmt.Fprintf(&p.out, "%s %s score %.2f expected %.4g band %.4g..%.4g\n", p.at(), v.State, v.Score, v.Expected, v.Lower, v.Upper)
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
	v := 0.0
	for i := 0; i+1 < len(args); i += 2 {
		a := p.number(args[i+1])
		switch args[i] {
		case "level":
			v += a
		case "day":
			v += a * math.Sin(2*math.Pi*float64(p.now.Unix()%86400)/86400)
		case "workdays":
			if d := p.now.Weekday(); d != time.Saturday && d != time.Sunday && p.now.Hour() >= 8 && p.now.Hour() < 18 {
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
