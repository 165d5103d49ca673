//go:build faults

package faults

import (
	"fmt"
	"slices"
	"time"
)

// kills end the process at random moments with SIGKILL.
var kills = []scenario{
	{name: "kill_one_file", goal: goal{perKill: 1000}, run: func(w *world) {
		killed(w, 1, w.pick(10, 100), w.pick(100_000, 1_000_000))
	}},
	{name: "kill_eight_files", goal: goal{perKill: 1000}, run: func(w *world) {
		killed(w, 8, w.pick(5, 50), w.pick(50_000, 500_000))
	}},
	{name: "kill_queue_idempotent_sink", run: func(w *world) {
		w.agent.elasticsearch = true
		killed(w, 2, w.pick(3, 30), w.pick(30_000, 300_000))
	}},
}

// killed spreads the kills over the lines: each comes when so many lines have
// arrived, at once or within a checkpoint_interval. The files grow meanwhile, and
// each start finds a line that is not finished.
func killed(w *world, files, kills, total int) {
	w.agent.include = []string{"logs/*.log"}
	var open []*logFile
	for i := range files {
		f := []format{jsonLine, plainLine}[i%2]
		open = append(open, w.create(f, "logs", fmt.Sprintf("app%d.log", i)))
	}
	var cuts []int
	for range kills {
		cuts = append(cuts, w.rng.IntN(total))
	}
	slices.Sort(cuts)
	write := func(until int) {
		for w.lines.written < min(until, total) {
			open[w.rng.IntN(files)].writeTorn(min(500, total-w.lines.written))
		}
	}
	write(total / kills)
	w.agent.start()
	for _, cut := range cuts {
		write(cut + 2*total/kills)
		select {
		case <-w.sink.at(cut):
		case <-time.After(w.patience):
			w.note("stuck before line %d", cut)
			return
		}
		if w.rng.IntN(2) == 0 {
			w.rest(time.Duration(w.rng.IntN(100)) * time.Millisecond)
		}
		w.crash()
	}
	write(total)
	for _, f := range open {
		f.write(0)
	}
}
