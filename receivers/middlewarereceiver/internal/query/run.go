package query

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/source"
)

// Reason says why a query failed.
type Reason string

// The reasons.
const (
	Refused     Reason = "refused"     // a right is missing
	TimedOut    Reason = "timed_out"   // it took too long, or waited for a lock
	Unsupported Reason = "unsupported" // the server has no such thing
	Broken      Reason = "broken"      // the connection; the others are not asked then
	Failed      Reason = "other"
)

// Query is one question, and what becomes of its answer.
type Query struct {
	// Name tells it apart, in the attribute query of failures.
	Name string
	SQL  string
	// Grant is the statement that gives the right, where it may be missing.
	Grant string
	// Write appends metrics; nil is for a question whose answer is only looked at.
	Write func(source.Batch, Rows)
}

// Asker asks queries of one server, counts those that fail, and remembers which ones
// were told. It is not for concurrent use.
type Asker struct {
	// Classify says why a query failed; it sees no nil.
	Classify func(error) Reason

	failures map[[2]string]int64 // by query and reason
	told     map[string]Reason   // by query: the failure that was told last
	news     []string
}

// Ask asks one query. ok is false where it failed; err is set only where the connection is
// of no further use.
func (a *Asker) Ask(ctx context.Context, c Conn, q Query) (rows Rows, ok bool, err error) {
	rows, err = Read(ctx, c, q.SQL)
	if err == nil {
		delete(a.told, q.Name)
		return rows, true, nil
	}
	return Rows{}, false, a.Failed(ctx, q, err)
}

// Failed counts a query that failed before it was asked, or by being asked. It returns an
// error only where the connection is of no further use.
func (a *Asker) Failed(ctx context.Context, q Query, err error) error {
	reason := a.Classify(err)
	if ctx.Err() != nil {
		reason = Broken
	}
	if a.failures == nil {
		a.failures, a.told = map[[2]string]int64{}, map[string]Reason{}
	}
	a.failures[[2]string{q.Name, string(reason)}]++
	if reason == Broken {
		return fmt.Errorf("ask for %s: %w", q.Name, err)
	}
	if a.told[q.Name] != reason {
		a.told[q.Name] = reason
		a.news = append(a.news, sentence(q, reason, err))
	}
	return nil
}

// Write asks queries one after the other and writes their answers.
func (a *Asker) Write(ctx context.Context, c Conn, b source.Batch, queries []Query) error {
	for _, q := range queries {
		rows, ok, err := a.Ask(ctx, c, q)
		if err != nil {
			return err
		}
		if ok && q.Write != nil {
			q.Write(b, rows)
		}
	}
	return nil
}

// Tell remembers a thing that is missing though no query failed, until Tell is called
// with nothing to say.
func (a *Asker) Tell(what, sentence string) {
	if sentence == "" {
		delete(a.told, what)
		return
	}
	if a.told == nil {
		a.failures, a.told = map[[2]string]int64{}, map[string]Reason{}
	}
	if a.told[what] != Refused {
		a.told[what] = Refused
		a.news = append(a.news, sentence)
	}
}

// Lacks reports whether a right is missing, as of the last time that each query was asked.
func (a *Asker) Lacks() bool {
	for _, reason := range a.told {
		if reason == Refused {
			return true
		}
	}
	return false
}

// News returns what began to fail since the last call, for a person. It holds no secret.
func (a *Asker) News() []string {
	news := a.news
	a.news = nil
	return news
}

func sentence(q Query, reason Reason, err error) string {
	said := strings.Join(strings.Fields(err.Error()), " ")
	switch {
	case reason == Refused && q.Grant != "":
		return "no metrics about " + q.Name + ": a right is missing; run " + q.Grant + " (the server said: " + said + ")"
	case reason == TimedOut:
		return "no metrics about " + q.Name + ": the answer took too long or waited for a lock (the server said: " + said + ")"
	default:
		return "no metrics about " + q.Name + " (the server said: " + said + ")"
	}
}

// failuresMetric counts what is missing beside the metrics that are there.
var failuresMetric = Metric{
	Name: "middleware.query.failures", Unit: "{query}", Kind: Counter,
	Description: "Questions that the server did not answer; the metrics that come of them are missing.",
}

// WriteFailures appends how many queries failed since the first.
func (a *Asker) WriteFailures(b source.Batch) {
	points := failuresMetric.Points(b)
	for _, k := range slices.SortedFunc(maps.Keys(a.failures), func(x, y [2]string) int { return slices.Compare(x[:], y[:]) }) {
		points.Add(float64(a.failures[k]), "query", k[0], "reason", k[1])
	}
}
