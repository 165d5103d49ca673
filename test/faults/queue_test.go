//go:build faults

package faults

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/freeport"
)

// queues are what happens to the queue on disk and to the agent that it belongs to.
var queues = []scenario{
	{name: "queue_kill_with_backlog", run: killedWithBacklog},
	{name: "queue_damaged", goal: goal{named: true}, run: damagedQueue},
	{name: "queue_stop_backend_503", run: func(w *world) { stoppedWithBacklog(w, answers(http.StatusServiceUnavailable)) }},
	{name: "queue_stop_backend_hangs", run: func(w *world) { stoppedWithBacklog(w, hangs) }},
	{name: "queue_full_drop_oldest", goal: goal{named: true}, run: func(w *world) { fullQueue(w, "drop_oldest") }},
	{name: "queue_full_drop_newest", goal: goal{named: true}, run: func(w *world) { fullQueue(w, "drop_newest") }},
	{name: "queue_full_block", run: func(w *world) { fullQueue(w, "block") }},
	{name: "two_agents_one_directory", run: twoAgents},
}

// smallFiles make files full and reclaimed all the time.
const smallFiles = "segment_bytes: 65536"

// queueing prepares an agent with a queue on disk and returns the log that it reads.
func queueing(w *world, storage ...string) *logFile {
	w.agent.elasticsearch = true
	for _, setting := range storage {
		w.agent.storage += ", " + setting
	}
	w.agent.include = []string{"logs/*.log"}
	return w.create(jsonLine, "logs", "app.log")
}

// picks takes so many requests of eight, and one more of which it does not say so.
// Old items stay then while newer ones go, until they are moved to a newer file.
func picks(takes int, rng *rand.Rand) trouble {
	return func(_ *sink, rw http.ResponseWriter, take func(io.Writer)) {
		switch n := rng.IntN(8); {
		case n < takes:
			take(rw)
			return
		case n == takes:
			take(io.Discard)
		}
		rw.WriteHeader(http.StatusServiceUnavailable)
	}
}

// killedWithBacklog kills the agent while it starts, while it moves what waits to
// other files, and in between.
func killedWithBacklog(w *world) {
	log := queueing(w, smallFiles, "max_bytes: 2097152", "min_free_bytes: 0")
	w.agent.queue = ", num_consumers: 8, batch: {min_size: 1000}" // requests of one item each, out of order
	w.agent.start()
	early, moving := 0, 0
	for kill := range w.pick(8, 100) {
		w.sink.trouble(picks([]int{0, 6}[kill%2], rand.New(rand.NewPCG(*seed, uint64(kill)))))
		if w.rng.IntN(2) == 0 {
			early++
			log.write(w.rng.IntN(400))
			w.rest(time.Duration(50+w.rng.IntN(250)) * time.Millisecond)
		} else {
			w.agent.ready()
			for range w.rng.IntN(60) {
				log.write(w.rng.IntN(400)) // a batch each
				w.rest(20 * time.Millisecond)
			}
			if w.fileChanges() {
				moving++
			}
		}
		w.crash()
	}
	w.note("%d within 300 ms of a start, %d when a file of the queue came or went", early, moving)
	w.sink.trouble(nil)
	w.agent.ready()
	w.arrived()
}

// fileChanges waits, for a second at most, until a file of the queue comes or goes: the
// agent is about to seal one then, or to move what is left of it to another.
func (w *world) fileChanges() bool {
	pattern := filepath.Join(w.agent.stateDir, "storage", "exporter_*", "*.seg")
	before, err := filepath.Glob(pattern)
	w.must(err)
	for deadline := time.Now().Add(time.Second); time.Now().Before(deadline); w.rest(100 * time.Microsecond) {
		now, err := filepath.Glob(pattern)
		w.must(err)
		if !slices.Equal(before, now) {
			return true
		}
	}
	return false
}

// damagedQueue cuts or overwrites files of the queue while the agent is down and
// records wait in it. What is missing then at the sink has to be what the ledger
// calls damaged.
func damagedQueue(w *world) {
	log := queueing(w, smallFiles, "max_bytes: 67108864")
	w.agent.start()
	w.agent.ready()
	for round := range w.pick(20, 200) {
		w.sink.trouble(answers(http.StatusServiceUnavailable))
		log.write(200 + w.rng.IntN(1000))
		wait := w.lines.written - w.sink.count().distinct - w.givenUp()
		w.queued(wait)
		if round%2 == 0 {
			w.agent.stop()
		} else {
			w.rest(400 * time.Millisecond) // else lines are read again that are in the queue
			w.agent.kill()
		}
		w.sink.newLife()
		hurtOne(w)
		w.sink.trouble(nil)
		w.agent.start()
		w.agent.ready()
		e := w.balance()
		lost := w.lines.written - w.sink.count().distinct
		require.Equal(w.t, lost, w.givenUp(), "round %d: lines lost, and damaged by the ledger: %d waited, %+v", round, wait, e)
	}
	w.note("%d records named as damaged", w.givenUp())
}

// hurtOne damages one file of the queue.
func hurtOne(w *world) {
	files, err := filepath.Glob(filepath.Join(w.agent.stateDir, "storage", "exporter_*", "*.seg"))
	w.must(err)
	require.NotEmpty(w.t, files)
	path := files[w.rng.IntN(len(files))]
	b, err := os.ReadFile(path)
	w.must(err)
	if len(b) == 0 {
		return
	}
	hurt := []func(*world, []byte) []byte{cut, garbage, flipBit}[w.rng.IntN(3)]
	w.must(os.WriteFile(path, hurt(w, b), 0o600))
}

func flipBit(w *world, b []byte) []byte {
	b[w.rng.IntN(len(b))] ^= 1 << w.rng.IntN(8)
	return b
}

// stoppedWithBacklog stops the agent while its backend takes nothing.
func stoppedWithBacklog(w *world, wrong trouble) {
	const drain = 4 * time.Second
	log := queueing(w)
	w.agent.args = []string{"--drain-timeout", drain.String()}
	w.sink.trouble(wrong)
	w.agent.start()
	w.agent.ready()
	for range w.pick(2, 5) {
		log.write(w.pick(5_000, 50_000))
		w.queued(w.lines.written)
		begin := time.Now()
		w.must(w.agent.cmd.Process.Signal(syscall.SIGTERM))
		select {
		case <-w.agent.exited: //nolint:errcheck // whether the drain had to be cut short is not at issue
		case <-time.After(drain + 10*time.Second):
			w.t.Fatal("the agent does not stop")
		}
		w.agent.cmd = nil
		require.Less(w.t, time.Since(begin), drain+3*time.Second, "longer than drain-timeout")
		w.note("stopped in %.1f s", time.Since(begin).Seconds())
		w.sink.newLife()
		w.agent.start()
		w.agent.ready()
	}
	w.sink.trouble(nil)
	w.arrived()
}

// fullQueue lets more come than the storage may hold while the backend takes nothing.
func fullQueue(w *world, policy string) {
	log := queueing(w, smallFiles, "max_bytes: 524288", "when_full: "+policy)
	w.agent.queue = ", num_consumers: 2, batch: {min_size: 1000}" // few are being sent
	w.sink.trouble(answers(http.StatusServiceUnavailable))
	w.agent.start()
	w.agent.ready()
	total := w.pick(20_000, 200_000)
	for w.lines.written < total {
		log.write(500)
		w.rest(20 * time.Millisecond)
	}
	if policy != "block" {
		w.until("everything is read", func() bool { return w.agent.own("otelcol_receiver_accepted_log_records") >= total })
	}
	w.rest(time.Second)
	w.sink.trouble(nil)
	if policy == "block" {
		w.arrived()
		return
	}
	w.balance()
	require.Positive(w.t, w.givenUp(), "nothing had to be given up")
	w.note("%d given up and named", w.givenUp())
}

// twoAgents starts a second agent on the state of the first.
func twoAgents(w *world) {
	log := queueing(w)
	log.write(1000)
	w.agent.start()
	w.agent.ready()
	other := newAgent(w)
	other.elasticsearch, other.include, other.storage = true, w.agent.include, w.agent.storage
	other.telemetry = freeport.Port()
	other.start()
	select {
	case err := <-other.exited:
		require.Error(w.t, err, "the second agent ends without an error")
		other.cmd = nil
	case <-time.After(20 * time.Second):
		w.t.Fatal("a second agent runs on the state of the first")
	}
	require.Contains(w.t, other.logEnd(), "is in use by another agent (process "+fmt.Sprint(w.agent.cmd.Process.Pid)+")")
	log.write(1000)
	w.arrived()
}
