package sim_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/test/sim"
)

// TestFaultsAreFound plays some faults, one of each way to be found; make bench-rootcause
// plays all of them, often.
func TestFaultsAreFound(t *testing.T) {
	if testing.Short() {
		t.Skip("plays minutes of a system")
	}
	for _, kind := range []sim.Kind{sim.Errors, sim.HostBusy, sim.NetworkLoss} {
		r := sim.Run(7, kind, 6*time.Minute)
		require.Equal(t, 1, r.Rank, "%s of %s: %v", kind, r.Fault.Truth(), r.First)
		require.Zero(t, r.Before, kind)
		require.LessOrEqual(t, r.After, 90*time.Second)
		if kind == sim.Errors {
			again := sim.Run(7, kind, 6*time.Minute)
			require.Equal(t, r.First, again.First, "the same seed is the same run")
			require.Equal(t, r.Incidents, again.Incidents)
		}
	}
}

// TestFigures prints the tables of make bench-rootcause: TIDEWATCH_SIM_RUNS runs of each
// fault, and TIDEWATCH_SIM_HOURS hours without one.
func TestFigures(t *testing.T) {
	runs, _ := strconv.Atoi(os.Getenv("TIDEWATCH_SIM_RUNS"))
	hours, _ := strconv.Atoi(os.Getenv("TIDEWATCH_SIM_HOURS"))
	if runs == 0 {
		t.Skip("TIDEWATCH_SIM_RUNS does not say how many runs")
	}
	var out strings.Builder
	row := "%-20s %5v %6v %6v %10v %10v %10v %10v %10v\n"
	fmt.Fprintf(&out, row, "fault", "runs", "top-1", "top-3", "p50", "p95", "incidents", "slowest", "errors")
	var all []sim.Result
	for _, kind := range sim.Faults {
		var rs []sim.Result
		for i := range runs {
			rs = append(rs, sim.Run(uint64(1000+i), kind, 12*time.Minute))
		}
		write(&out, row, string(kind), rs)
		all = append(all, rs...)
	}
	write(&out, row, "all", all)
	verdicts, incidents := 0, 0
	const lasts = 4
	for i := range hours / lasts {
		v, n := sim.Calm(uint64(5000+i), lasts*time.Hour)
		verdicts, incidents = verdicts+len(v), incidents+n
	}
	if h := hours / lasts * lasts; h > 0 {
		fmt.Fprintf(&out, "\nnothing wrong, %d h with load growth, slow clients and unrelated noise: %.2f verdicts and %.2f incidents a day\n",
			h, 24*float64(verdicts)/float64(h), 24*float64(incidents)/float64(h))
	}
	fmt.Print(out.String())
}

func write(out *strings.Builder, row, name string, rs []sim.Result) {
	var top1, top3, slowest, errors, incidents float64
	var after []time.Duration
	n := float64(len(rs))
	for _, r := range rs {
		add := func(x *float64, ok bool) {
			if ok {
				*x += 1 / n
			}
		}
		add(&top1, r.Rank == 1)
		add(&top3, r.Rank >= 1 && r.Rank <= 3)
		add(&slowest, r.Slowest == 1)
		add(&errors, r.MostErrors == 1)
		incidents += float64(r.Incidents) / n
		if r.After == 0 {
			r.After = time.Hour // never
		}
		after = append(after, r.After)
	}
	slices.Sort(after)
	f := func(x float64) string { return fmt.Sprintf("%.2f", x) }
	q := func(p float64) time.Duration { return after[int(p*float64(len(after)-1)+0.5)].Round(time.Second) }
	fmt.Fprintf(out, row, name, len(rs), f(top1), f(top3), q(0.5), q(0.95), f(incidents), f(slowest), f(errors))
}
