package consoleextension

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/localstore"
	"github.com/tidewatch/tidewatch/logpattern"
	"github.com/tidewatch/tidewatch/signals"
)

// smallAPI is an API over a store that holds ten lines.
func smallAPI() (*localstore.Store, *api, http.Handler) {
	s := localstore.New(localstore.Options{MaxLogs: 10})
	a := &api{store: s, pipeline: newPipelineWatch(""), miners: &miners{}, now: func() time.Time { return goldenTime }}
	mux := http.NewServeMux()
	a.register(mux)
	return s, a, mux
}

func put(s *localstore.Store, body string) {
	s.PutLog(goldenTime, localstore.LogLine{Time: goldenTime, Severity: 9, Service: "web", Body: body})
}

func tailOf(t *testing.T, w *httptest.ResponseRecorder) localstore.LogTail {
	t.Helper()
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	var tail localstore.LogTail
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &tail))
	return tail
}

func TestFollowingLines(t *testing.T) {
	s, a, h := smallAPI()
	put(s, "first")
	first := tailOf(t, ask(h, "/api/v1/logs/tail"))
	require.Len(t, first.Lines, 1)
	require.EqualValues(t, 1, first.Cursor)

	// One who waits gets the next line that fits, whenever it comes.
	answer := make(chan *httptest.ResponseRecorder)
	go func() { answer <- ask(h, "/api/v1/logs/tail?after=1&wait_seconds=12&q=wanted") }()
	require.Eventually(t, func() bool { return a.tails.Load() == 1 }, time.Minute, time.Millisecond)
	put(s, "other")
	put(s, "the wanted one")
	tail := tailOf(t, <-answer)
	require.Equal(t, "the wanted one", tail.Lines[0].Body)
	require.Len(t, tail.Lines, 1)
	require.EqualValues(t, 3, tail.Cursor)
	require.Zero(t, a.tails.Load())

	for range 20 {
		put(s, "flood")
	}
	tail = tailOf(t, ask(h, "/api/v1/logs/tail?after=3&limit=4"))
	require.EqualValues(t, 10, tail.Missed, "ten of twenty are held")
	require.Equal(t, 6, tail.Skipped)
	require.Len(t, tail.Lines, 4)
}

func TestAWaitEndsWithWhoWaitsOrTheAgent(t *testing.T) {
	s, a, h := smallAPI()
	put(s, "first")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan *httptest.ResponseRecorder)
	go func() {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/v1/logs/tail?after=1&wait_seconds=12", http.NoBody).WithContext(ctx))
		done <- w
	}()
	require.Eventually(t, func() bool { return a.tails.Load() == 1 }, time.Minute, time.Millisecond)
	cancel()
	require.Empty(t, tailOf(t, <-done).Lines)

	a.tails.Store(maxTails)
	require.Equal(t, http.StatusServiceUnavailable, ask(h, "/api/v1/logs/tail?after=1&wait_seconds=1").Code)
	require.EqualValues(t, maxTails, a.tails.Load())
	require.Equal(t, http.StatusOK, ask(h, "/api/v1/logs/tail?after=1").Code, "to look costs nothing")
}

func TestParametersOfAPattern(t *testing.T) {
	_, a, h := smallAPI()
	miner := logpattern.New(logpattern.Options{})
	var id string
	for _, ms := range []string{"12", "17", "900", "17", "17"} {
		line := "request took " + ms + "ms for user alice"
		id = miner.Observe(line, goldenTime).ID
		a.store.PutLog(goldenTime, localstore.LogLine{Time: goldenTime, Pattern: id, Template: "request took <duration> for user alice", Body: line})
	}
	c := &console{}
	c.ServeParameters(func(string) []logpattern.Param { return nil })
	c.ServeParameters(miner.Params)
	a.miners = &c.miners
	var answer struct {
		Pattern    patternAnswer  `json:"pattern"`
		Parameters []patternParam `json:"parameters"`
	}
	w := ask(h, "/api/v1/patterns/"+id)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
	require.EqualValues(t, 5, answer.Pattern.LastHour)
	require.Len(t, answer.Parameters, 1)
	p := answer.Parameters[0]
	require.Equal(t, "duration", p.Kind)
	require.Equal(t, "took", p.Label)
	require.InDelta(t, 0.9, p.Max, 1e-9)
	require.Equal(t, "17ms", p.Top[0].Value)
	require.Equal(t, http.StatusNotFound, ask(h, "/api/v1/patterns/none").Code)
}

func TestPatternsSayWhatChanged(t *testing.T) {
	s, _, h := smallAPI()
	for i, id := range []string{"a", "b", "c"} {
		for range 3 - i {
			s.PutLog(goldenTime, localstore.LogLine{Time: goldenTime, Pattern: id, Template: "template " + id, Service: "svc-" + id})
		}
	}
	about := func(id, kind, state string, ago time.Duration) {
		s.PutFinding(localstore.Finding{
			ID: id + kind, Kind: kind, State: state, Severity: signals.SeverityWarning, Start: goldenTime.Add(-ago), Time: goldenTime.Add(-ago), Summary: kind,
			Attrs: []localstore.Attr{{Key: signals.AttrPatternID, Value: id}},
		})
	}
	about("c", signals.KindPatternFlood, signals.StateOpen, time.Hour)
	about("b", signals.KindPatternNew, signals.StateResolved, time.Minute)
	about("a", signals.KindPatternSpike, signals.StateResolved, 2*time.Hour)
	list := func(query string) (ids, kinds []string) {
		var answer struct {
			Patterns []patternAnswer `json:"patterns"`
		}
		w := ask(h, "/api/v1/patterns?"+query)
		require.Equal(t, http.StatusOK, w.Code, w.Body)
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
		for _, p := range answer.Patterns {
			ids = append(ids, p.ID)
			for _, c := range p.Changes {
				kinds = append(kinds, c.Kind)
			}
		}
		return ids, kinds
	}
	ids, kinds := list("order=changed")
	require.Equal(t, []string{"c", "b", "a"}, ids, "what holds comes first")
	require.Equal(t, []string{signals.KindPatternFlood, signals.KindPatternNew}, kinds, "what ended two hours ago is history")
	ids, _ = list("changed=1&limit=1&offset=1")
	require.Equal(t, []string{"c"}, ids)
	ids, _ = list("service=svc-b")
	require.Equal(t, []string{"b"}, ids)
	ids, _ = list("offset=9")
	require.Empty(t, ids)
	require.Equal(t, http.StatusBadRequest, ask(h, "/api/v1/patterns?order=size").Code)
}

// A page of ten thousand patterns is what the page asks for every five seconds.
func BenchmarkPatternsPage(b *testing.B) {
	s := localstore.New(localstore.Options{MaxPatterns: 10_001})
	for i := range 10_000 {
		id := strings.Repeat("0", 12) + string(rune('a'+i%26)) + time.Duration(i).String()
		s.PutLog(goldenTime, localstore.LogLine{Time: goldenTime, Pattern: id, Template: "request <num> of <name> took <duration> " + id, Body: "x", Service: "web"})
	}
	a := &api{store: s, pipeline: newPipelineWatch(""), now: func() time.Time { return goldenTime }}
	mux := http.NewServeMux()
	a.register(mux)
	b.ReportAllocs()
	for b.Loop() {
		if w := ask(mux, "/api/v1/patterns?limit=50&order=recent&q=took"); w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
	}
}
