//go:build faults

package faults

import (
	"os"
	"time"
)

// absences are what happens to files while no agent runs.
var absences = []scenario{
	{name: "rename_chain_while_down", run: func(w *world) {
		absent(w, "logs/app.log*", func(r *rotated) {
			for range 3 {
				r.shift()
				w.must(os.Rename(r.log.path, r.name(1)))
				r.log.open()
				r.log.write(100)
			}
		})
	}},
	{name: "renamed_while_down_single", run: func(w *world) {
		absent(w, "logs/app.log", func(r *rotated) {
			r.shift()
			w.must(os.Rename(r.log.path, r.name(1)))
			r.log.write(50)
			r.log.open()
			r.log.write(100)
		})
	}},
	{name: "compressed_while_down_glob", run: func(w *world) { absent(w, "logs/app.log*", compressedTail) }},
	{name: "compressed_while_down_single", run: func(w *world) { absent(w, "logs/app.log", compressedTail) }},
	{name: "copytruncate_while_down_glob", run: func(w *world) { absent(w, "logs/app.log*", truncatedTail) }},
	{name: "copytruncate_while_down_single", run: func(w *world) { absent(w, "logs/app.log", truncatedTail) }},
	{name: "copytruncate_gz_while_down", run: func(w *world) {
		absent(w, "logs/app.log*", func(r *rotated) {
			truncatedTail(r)
			w.must(gzipFile(r.name(1)))
		})
	}},
	{name: "deleted_and_new_while_down", run: func(w *world) {
		w.agent.include = []string{"logs/*.log"}
		log := w.create(plainLine, "logs", "app.log")
		w.agent.start()
		for range 3 {
			log.write(300)
			w.arrived()
			w.agent.stop()
			w.must(os.Remove(log.path))
			log.open()
			log.write(400)
			w.agent.start()
			w.arrived()
		}
	}},
}

// absent lets the agent miss something several times, by turns after an orderly
// end and after a crash. When it ends everything has arrived, so that a crash
// doubles nothing either.
func absent(w *world, include string, missed func(*rotated)) {
	w.agent.include = []string{include}
	r := &rotated{w: w, log: w.create(plainLine, "logs", "app.log")}
	w.agent.start()
	for round := range w.pick(2, 6) {
		r.log.write(300)
		w.arrived()
		if round%2 == 0 {
			w.agent.stop()
		} else {
			w.rest(500 * time.Millisecond) // longer than a checkpoint_interval
			w.agent.kill()
		}
		r.log.write(1 + w.rng.IntN(300))
		missed(r)
		w.agent.start()
		w.arrived()
	}
}

// compressedTail leaves what was not read in an archive.
func compressedTail(r *rotated) {
	r.shift()
	r.w.must(os.Rename(r.log.path, r.name(1)))
	r.w.must(gzipFile(r.name(1)))
	r.log.open()
	r.log.write(100)
}

// truncatedTail leaves what was not read in a copy.
func truncatedTail(r *rotated) {
	r.shift()
	copyTruncateRotation(r)
	r.log.write(100)
}
