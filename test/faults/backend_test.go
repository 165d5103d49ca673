//go:build faults

package faults

import (
	"net/http"
	"time"
)

// backends are what the other side does while files are rotated.
var backends = []scenario{
	{name: "backend_503_while_rotating", run: func(w *world) {
		outage(w, func() { w.sink.answer(http.StatusServiceUnavailable) }, func() { w.sink.answer(0) })
	}},
	{name: "backend_gone_while_rotating", run: func(w *world) { outage(w, w.sink.close, w.sink.reopen) }},
	{name: "backend_503_while_copytruncate", run: func(w *world) {
		outageOf(w, "app.log*", copyTruncateRotation, func() { w.sink.answer(http.StatusServiceUnavailable) }, func() { w.sink.answer(0) })
	}},
}

func outage(w *world, begin, end func()) {
	outageOf(w, "app.log*", renameRotation, begin, end)
}

// outageOf rotates every two seconds while nothing is taken for about half of the
// time, so that several generations wait unread.
func outageOf(w *world, include string, how func(*rotated), begin, end func()) {
	w.quiet = 7 * time.Second
	r := newRotated(w, include, how)
	r.every = 2 * time.Second
	total := w.pick(50_000, 100_000)
	down := false
	w.paced(5000, total, func(n int) {
		r.write(n)
		done := w.lines.written
		if !down && done > total/4 && done < total*3/4 {
			down = true
			begin()
		} else if down && done > total*3/4 {
			down = false
			end()
		}
	})
	r.gzips.Wait()
	if down {
		end()
	}
}
