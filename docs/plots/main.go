// Command plots draws the pictures of docs/baselines.md from series that it makes
// itself, with the detector and the forecaster as they are.
package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/tidewatch/tidewatch/anomaly"
	"github.com/tidewatch/tidewatch/anomaly/forecast"
)

//go:generate go run . ..

var monday = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: plots FOLDER")
		os.Exit(2)
	}
	for name, draw := range map[string]func() *plot{"week": week, "shift": shift, "forecast": ahead} {
		if err := os.WriteFile(filepath.Join(os.Args[1], "baselines-"+name+".svg"), []byte(draw().svg()), 0o644); err != nil { //nolint:gosec // pictures of the documentation are for everyone
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// traffic is busy in the afternoon and quiet on weekends.
func traffic(t time.Time, rng *rand.Rand) float64 {
	v := 1000 + 600*math.Sin((t.Sub(monday).Hours()-9)/24*2*math.Pi)
	v *= 1 - 0.4*weekend(t)
	return v * (1 + 0.03*rng.NormFloat64())
}

// weekend is 1 on it and 0 outside; it comes and goes within six hours.
func weekend(t time.Time) float64 {
	hours := math.Mod(t.Sub(monday).Hours()+3, 7*24) - 3
	rise := func(at float64) float64 { return max(0, min(1, (hours-at+3)/6)) }
	return rise(5*24) - rise(7*24) + 1 - rise(0)
}

// watch runs a detector over minutes and draws the last days.
func watch(days, drawn int, value func(time.Time) float64) *plot {
	settings := anomaly.DefaultSettings()
	d := anomaly.New(&settings)
	p := &plot{begin: monday.AddDate(0, 0, days-drawn), end: monday.AddDate(0, 0, days)}
	for at := monday; at.Before(p.end); at = at.Add(time.Minute) {
		v := value(at)
		verdict := d.Observe(at, v)
		if at.Before(p.begin) {
			continue
		}
		if at.Minute()%5 == 0 {
			p.values = append(p.values, xy{at, v})
		}
		if at.Minute()%10 == 0 {
			p.band = append(p.band, edge{at, verdict.Lower, verdict.Upper})
		}
		switch verdict.State {
		case anomaly.Anomalous:
			p.mark("anomalous", at)
		case anomaly.Adapting:
			p.mark("adapting", at)
		}
	}
	return p
}

// week has an afternoon's traffic in a night, which no fixed threshold sees, and a loss of
// a third in an afternoon.
func week() *plot {
	rng := rand.New(rand.NewPCG(1, 1))
	return watch(28, 7, func(t time.Time) float64 {
		v := traffic(t, rng)
		switch h := t.Sub(monday.AddDate(0, 0, 21)).Hours(); {
		case h > 27 && h < 28:
			v *= 2.2
		case h > 63 && h < 64.5:
			v *= 0.65
		}
		return v
	})
}

// shift has a new level for good.
func shift() *plot {
	rng := rand.New(rand.NewPCG(1, 2))
	return watch(24, 3, func(t time.Time) float64 {
		v := traffic(t, rng)
		if t.Sub(monday.AddDate(0, 0, 22)).Hours() > 3 {
			v += 900
		}
		return v
	})
}

// ahead draws a day and what was forecast every four hours.
func ahead() *plot {
	const step = 5 * time.Minute
	rng := rand.New(rand.NewPCG(1, 3))
	f, err := forecast.New(step)
	if err != nil {
		panic(err) // the step is a constant in range
	}
	p := &plot{begin: monday.AddDate(0, 0, 22), end: monday.AddDate(0, 0, 23)}
	for at := monday; at.Before(p.end); at = at.Add(step) {
		v := traffic(at, rng)
		f.Observe(at, v)
		if at.Before(p.begin) {
			continue
		}
		p.values = append(p.values, xy{at, v})
		if at.Minute() != 0 || at.Hour()%4 != 1 {
			continue
		}
		var line []xy
		var fan []edge
		for i, q := range f.Append(nil) {
			t := at.Add(time.Duration(i+1) * step)
			line = append(line, xy{t, q.Value})
			fan = append(fan, edge{t, q.Lower, q.Upper})
		}
		p.lines, p.fans = append(p.lines, line), append(p.fans, fan)
	}
	return p
}
