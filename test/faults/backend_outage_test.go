//go:build faults

package faults

import (
	"io"
	"net"
	"net/http"
	"sync"
)

// outages are more of what a backend does while a queue on disk stands before it.
var outages = []scenario{
	{name: "queue_backend_429_retry_after", run: func(w *world) { queuedOutage(w, asksToWait) }},
	{name: "queue_backend_ends_without_answer", run: func(w *world) { queuedOutage(w, endsWithoutAnswer) }},
	{name: "queue_backend_resets_within_body", run: resetWithinBody},
}

// asksToWait takes nothing and says when to come again.
func asksToWait(_ *sink, rw http.ResponseWriter, _ func(io.Writer)) {
	rw.Header().Set("Retry-After", "1")
	rw.WriteHeader(http.StatusTooManyRequests)
}

// endsWithoutAnswer takes what came and closes the connection in good order.
func endsWithoutAnswer(_ *sink, rw http.ResponseWriter, take func(io.Writer)) {
	take(io.Discard)
	if conn, _, err := http.NewResponseController(rw).Hijack(); err == nil {
		conn.Close()
	}
}

// resetWithinBody has, in the place of the sink, something that reads a part of each
// request and resets the connection.
func resetWithinBody(w *world) {
	w.agent.elasticsearch = true
	w.agent.include = []string{"logs/*.log"}
	log := w.create(jsonLine, "logs", "app.log")
	w.agent.start()
	w.agent.ready()
	total := w.pick(40_000, 400_000)
	w.paced(6667, total/4, log.write)
	w.sink.close()
	heal := resetting(w, w.sink.addr)
	w.paced(6667, total/2, log.write)
	heal()
	w.sink.reopen()
	w.paced(6667, total-total/4-total/2, log.write)
}

// resetting listens until the returned function is called.
func resetting(w *world, addr string) (stop func()) {
	l, err := net.Listen("tcp", addr)
	w.must(err)
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.CopyN(io.Discard, conn, 10_000) // more than the head of a request
			if tcp, ok := conn.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0)
			}
			conn.Close()
		}
	})
	stopped := sync.OnceFunc(func() {
		l.Close()
		all.Wait()
	})
	w.t.Cleanup(stopped)
	return stopped
}
