package consoleextension

import (
	"strconv"
	"time"

	"github.com/tidewatch/tidewatch/internal/localstore"
)

// Bounds of following lines as they come.
const (
	// maxTails is how many may wait for lines at a time. A wait is a goroutine with a
	// number: what a slow reader does not fetch is counted and forgotten.
	maxTails = 16
	// maxWait is shorter than the time that a connection may be silent, in seconds.
	maxWait = 12
	// tailPause is how often a wait looks: people see no difference to at once.
	tailPause = 250 * time.Millisecond
	// maxContext is how many lines before and after one can be asked for.
	maxContext = 100
)

// logQuery reads the filter that all questions about lines have. from and to are Unix
// seconds.
func (q *query) logQuery() localstore.LogQuery {
	return localstore.LogQuery{
		MinSeverity: q.number("min_severity", 0, 0, 24),
		Pattern:     q.text("pattern"),
		Service:     q.text("service"),
		Source:      q.text("source"),
		TraceID:     q.text("trace_id"),
		Text:        q.text("q"),
		From:        q.seconds("from") * 1000,
		To:          q.seconds("to") * 1000,
		Limit:       q.limit(100),
	}
}

// seconds reads a time, 0 if it is not given.
func (q *query) seconds(key string) int64 { return int64(q.number(key, 0, 0, 1<<32-1)) }

// sequence reads the number of a line.
func (q *query) sequence(key, text string) uint64 {
	if text == "" {
		return 0
	}
	n, err := strconv.ParseUint(text, 10, 53) // what a number in JavaScript holds
	if err != nil {
		q.fail("%s must be the seq of a line", key)
	}
	return n
}

// logs lists recent lines, the newest arrival first; before asks for those that arrived
// before a line.
func (a *api) logs(q *query) (any, error) {
	lq := q.logQuery()
	lq.Before = q.sequence("before", q.r.FormValue("before"))
	if q.err != nil {
		return nil, q.err
	}
	return map[string]any{"time": a.now().Unix(), "logs": a.store.Logs(lq)}, nil
}

// tail answers with what arrived after a line; if there is nothing, it waits for a while.
func (a *api) tail(q *query) (any, error) {
	lq := q.logQuery()
	after := q.sequence("after", q.r.FormValue("after"))
	wait := time.Duration(q.number("wait_seconds", 0, 0, maxWait)) * time.Second
	if q.err != nil {
		return nil, q.err
	}
	t := a.store.Tail(after, lq)
	if len(t.Lines) > 0 || wait == 0 || after == 0 {
		return t, nil
	}
	if a.tails.Add(1) > maxTails {
		a.tails.Add(-1)
		return nil, &apiError{503, "too many follow the lines already: close a tab, or ask without wait_seconds"}
	}
	defer a.tails.Add(-1)
	ctx, missed := q.r.Context(), t.Missed
	pause, end := time.NewTicker(tailPause), time.NewTimer(wait)
	defer pause.Stop()
	defer end.Stop()
	for len(t.Lines) == 0 {
		select {
		case <-pause.C:
			t = a.store.Tail(t.Cursor, lq)
			missed += t.Missed
			continue
		case <-ctx.Done(): // who asked has left, or the agent ends
		case <-end.C:
		}
		break
	}
	t.Missed = missed
	return t, nil
}

// logContext answers with a line and its neighbours from the same service and source.
func (a *api) logContext(q *query) (any, error) {
	seq, n := q.sequence("seq", q.r.PathValue("seq")), q.number("lines", 10, 1, maxContext)
	if q.err != nil {
		return nil, q.err
	}
	x, ok := a.store.Around(seq, n)
	if !ok {
		return nil, notFound("there is no such line any more; the backends keep lines for longer")
	}
	return x, nil
}

// logVolume counts the lines of the last hour per minute.
func (a *api) logVolume(*query) (any, error) { return a.store.LogVolume(a.now()), nil }
