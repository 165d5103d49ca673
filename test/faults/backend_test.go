//go:build faults

package faults

import (
	"net/http"
	"time"
)

// backends are what the other side does. While files are rotated it takes nothing;
// through the queue on disk to a sink that stores each document once it may also
// take what it does not confirm.
var backends = []scenario{
	{name: "backend_503_while_rotating", run: func(w *world) { rotatingOutage(w, renameRotation, answers(http.StatusServiceUnavailable)) }},
	{name: "backend_gone_while_rotating", run: func(w *world) { rotatingOutage(w, renameRotation, nil) }},
	{name: "backend_503_while_copytruncate", run: func(w *world) {
		rotatingOutage(w, copyTruncateRotation, answers(http.StatusServiceUnavailable))
	}},
	{name: "queue_backend_503", run: func(w *world) { queuedOutage(w, answers(http.StatusServiceUnavailable)) }},
	{name: "queue_backend_429", run: func(w *world) { queuedOutage(w, answers(http.StatusTooManyRequests)) }},
	{name: "queue_backend_gone", run: func(w *world) { queuedOutage(w, nil) }},
	{name: "queue_backend_hangs", run: func(w *world) { queuedOutage(w, hangs) }},
	{name: "queue_backend_cuts_answer", run: func(w *world) { queuedOutage(w, cutsAnswer) }},
	{name: "queue_backend_resets", run: func(w *world) { queuedOutage(w, resets) }},
}

// rotatingOutage rotates every two seconds while nothing is taken for half of the
// time, so that several generations wait unread.
func rotatingOutage(w *world, how func(*rotated), wrong trouble) {
	w.quiet = 7 * time.Second
	r := newRotated(w, "app.log*", how)
	r.every = 2 * time.Second
	outage(w, 5000, w.pick(50_000, 100_000), wrong, r.write)
	r.gzips.Wait()
}

// queuedOutage lets the queue fill for half of the time: 30 s in a full run.
func queuedOutage(w *world, wrong trouble) {
	w.agent.elasticsearch = true
	w.agent.include = []string{"logs/*.log"}
	log := w.create(jsonLine, "logs", "app.log")
	w.agent.start()
	w.agent.ready()
	outage(w, 6667, w.pick(40_000, 400_000), wrong, log.write)
}

// outage has the sink in trouble, or gone where that is nil, from a quarter of
// the lines on until three quarters are written.
func outage(w *world, rate, total int, wrong trouble, write func(n int)) {
	down, over := false, false
	w.paced(rate, total, func(n int) {
		write(n)
		switch done := w.lines.written; {
		case !down && done > total/4:
			down = true
			if wrong == nil {
				w.sink.close()
			}
			w.sink.trouble(wrong)
		case !over && done > total*3/4:
			over = true
			if wrong == nil {
				w.sink.reopen()
			}
			w.sink.trouble(nil)
		}
	})
}
