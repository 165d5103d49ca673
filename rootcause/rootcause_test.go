package rootcause_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/rootcause"
)

const ms = time.Millisecond

// change is what differs from an ordinary request.
type change struct {
	own     map[string]time.Duration // more time in the operation of a service
	way     map[string]time.Duration // more time on the way to a service
	fails   map[string]bool          // the service fails, and its callers stop and fail
	skips   string                   // the service leaves its steps out
	logs    map[string]string        // another line than usual
	hosts   string                   // only on this host
	version string                   // of skips and own, if any
}

// system makes requests: web calls cart and order, order calls stock and pay.
type system struct {
	rng    *rand.Rand
	serial int
	trace  *rootcause.Trace
	c      change
}

var calls = map[string][]string{"web": {"cart", "order"}, "order": {"stock", "pay"}}

func (s *system) request(c change) *rootcause.Trace {
	s.serial++
	s.trace, s.c = &rootcause.Trace{ID: fmt.Sprintf("t%d", s.serial)}, c
	s.serve("web", "", int64(s.serial)*1e9)
	return s.trace
}

func (s *system) add(x rootcause.Span) int {
	x.ID = fmt.Sprint(len(s.trace.Spans) + 1)
	s.trace.Spans = append(s.trace.Spans, x)
	return len(s.trace.Spans) - 1
}

func (s *system) serve(service, parent string, at int64) (end int64, failed bool) {
	host := fmt.Sprintf("host-%d", s.rng.IntN(2))
	affected := s.c.hosts == "" || s.c.hosts == host
	version := "1"
	if s.c.version != "" && affected && (s.c.own[service] > 0 || s.c.skips == service) {
		version = s.c.version
	}
	i := s.add(rootcause.Span{Parent: parent, Service: service, Operation: "handle", Kind: rootcause.Server, Start: at, Host: host, Version: version})
	id := s.trace.Spans[i].ID
	now := at + int64(float64(4*ms)*math.Exp(0.2*s.rng.NormFloat64()))
	if affected {
		now += int64(s.c.own[service])
	}
	if s.c.skips != service {
		s.add(rootcause.Span{Parent: id, Service: service, Operation: "query", Start: now, Duration: ms})
		now += int64(ms)
	}
	failed = s.c.fails[service]
	for _, callee := range calls[service] {
		if failed {
			break
		}
		k := s.add(rootcause.Span{Parent: id, Service: service, Operation: "call " + callee, Kind: rootcause.Client, Start: now})
		way := int64(ms) + int64(s.c.way[callee])
		end, bad := s.serve(callee, s.trace.Spans[k].ID, now+way/2)
		end += way / 2
		s.trace.Spans[k].Duration, s.trace.Spans[k].Error = time.Duration(end-now), bad
		now, failed = end, bad
	}
	line := "handled"
	if l, ok := s.c.logs[service]; ok {
		line = l
	}
	s.trace.Lines = append(s.trace.Lines, rootcause.Line{Time: at + 1, Service: service, Pattern: line, Template: line, Severe: line != "handled"})
	s.trace.Spans[i].Duration, s.trace.Spans[i].Error = time.Duration(now-at), failed
	return now, failed
}

func (s *system) summary(n int, c change) *rootcause.Summary {
	sum := rootcause.NewSummary(rootcause.Bounds{})
	for range n {
		sum.Add(s.request(c))
	}
	return sum
}

func (s *system) baseline() *rootcause.Baseline {
	blocks := make([]*rootcause.Summary, 5)
	for i := range blocks {
		blocks[i] = s.summary(80, change{})
	}
	return rootcause.NewBaseline(blocks...)
}

func newSystem(seed uint64) *system { return &system{rng: rand.New(rand.NewPCG(seed, 7))} }

func channels(s rootcause.Suspect) map[rootcause.Channel]bool {
	out := map[rootcause.Channel]bool{}
	for _, c := range s.Clues {
		if c.Strength > 0.3 {
			out[c.Channel] = true
		}
	}
	return out
}

func TestEachMechanismFindsItsCause(t *testing.T) {
	at := func(service string, d time.Duration) map[string]time.Duration {
		return map[string]time.Duration{service: d}
	}
	for _, c := range []struct {
		name    string
		change  change
		service string
		channel rootcause.Channel
		fault   rootcause.Fault
	}{
		{"a leaf works longer", change{own: at("stock", 40*ms)}, "stock", rootcause.OwnTime, ""},
		{"a caller works longer", change{own: at("order", 40*ms)}, "order", rootcause.OwnTime, ""},
		{"calls are longer under way", change{way: at("pay", 60*ms)}, "pay", rootcause.OwnTime, rootcause.Network},
		{"the deepest error", change{fails: map[string]bool{"stock": true}}, "stock", rootcause.OwnErrors, rootcause.Code},
		{"a step is left out", change{skips: "pay"}, "pay", rootcause.Course, rootcause.Code},
		{"another line is logged", change{logs: map[string]string{"stock": "pool exhausted"}}, "stock", rootcause.LogLines, rootcause.Code},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSystem(1)
			b := s.baseline()
			suspects := rootcause.Analyze(rootcause.Input{Window: s.summary(60, c.change), Baseline: b})
			require.NotEmpty(t, suspects)
			require.Equal(t, c.service, suspects[0].Service, suspects)
			require.Greater(t, suspects[0].Confidence, rootcause.Unknown)
			require.True(t, channels(suspects[0])[c.channel], suspects[0].Clues)
			require.Equal(t, c.fault, suspects[0].Fault)
			require.NotEmpty(t, suspects[0].Clues[0].Text)
			b2, err := json.Marshal(suspects)
			require.NoError(t, err, "no NaN")
			require.NotEmpty(t, b2)
		})
	}
}

// TestOrdinaryWindowsHaveNoAnswer asks often, as chance is what is tested.
func TestOrdinaryWindowsHaveNoAnswer(t *testing.T) {
	wrong := 0
	for seed := range uint64(15) {
		s := newSystem(seed + 100)
		b := s.baseline()
		w := s.summary(60, change{})
		if x := rootcause.Analyze(rootcause.Input{Window: w, Baseline: b}); len(x) > 0 && x[0].Confidence >= rootcause.Unknown {
			wrong++
		}
		require.Empty(t, rootcause.Troubles(w, b))
	}
	require.Zero(t, wrong)
}

func TestHostAndVersionTellBadFromGood(t *testing.T) {
	s := newSystem(2)
	b := s.baseline()
	slow := map[string]time.Duration{"stock": 40 * ms, "cart": 40 * ms, "order": 40 * ms}
	w := s.summary(120, change{own: slow, hosts: "host-1"})
	suspects := rootcause.Analyze(rootcause.Input{Window: w, Baseline: b})
	require.Equal(t, "host-1", suspects[0].Host, suspects[0])
	require.Greater(t, suspects[0].Confidence, rootcause.Unknown, "three services on one host are one cause")
	require.Contains(t, suspects[0].Separates, "host-1 is slow for all that runs there")

	w = s.summary(120, change{own: map[string]time.Duration{"pay": 40 * ms}, version: "2", hosts: "host-0"})
	suspects = rootcause.Analyze(rootcause.Input{Window: w, Baseline: b})
	require.Equal(t, "pay", suspects[0].Service)
	require.Equal(t, "2", suspects[0].Version)
	require.Contains(t, suspects[0].Separates, "version 2 is new")
}

func TestNotesSupportButDoNotDecide(t *testing.T) {
	s := newSystem(3)
	b := s.baseline()
	note := rootcause.Note{Service: "cart", Channel: rootcause.Resource, Score: 1, Text: "CPU is busy"}
	quiet := rootcause.Analyze(rootcause.Input{Window: s.summary(60, change{}), Baseline: b, Notes: []rootcause.Note{note}})
	require.Less(t, quiet[0].Confidence, rootcause.Unknown)
	w := s.summary(60, change{own: map[string]time.Duration{"cart": 8 * ms}})
	without := rootcause.Analyze(rootcause.Input{Window: w, Baseline: b})
	with := rootcause.Analyze(rootcause.Input{Window: w, Baseline: b, Notes: []rootcause.Note{note}})
	require.Equal(t, "cart", with[0].Service)
	require.Greater(t, with[0].Confidence, without[0].Confidence)
}

func TestServiceEvidenceAlone(t *testing.T) {
	past := func(x float64) (out []float64) {
		for i := range 60 {
			out = append(out, x*(1+0.02*float64(i%5-2)))
		}
		return out
	}
	var series []rootcause.Series
	add := func(service string, role rootcause.Role, usual, now float64) {
		series = append(series, rootcause.Series{Service: service, Role: role, Past: past(usual), Now: []float64{now, now}})
	}
	graph := []rootcause.Call{{Caller: "web", Callee: "order"}, {Caller: "order", Callee: "stock"}, {Caller: "web", Callee: "cart"}}
	for _, service := range []string{"web", "order", "stock", "cart"} {
		add(service, rootcause.Requests, 600, 600)
	}
	add("web", rootcause.Latency, 0.2, 0.5)
	add("order", rootcause.Latency, 0.1, 0.4)
	add("stock", rootcause.Latency, 0.02, 0.32)
	add("cart", rootcause.Latency, 0.02, 0.02)
	suspects := rootcause.Analyze(rootcause.Input{Series: series, Calls: graph})
	require.Equal(t, "stock", suspects[0].Service, suspects)
	require.Greater(t, suspects[0].Confidence, rootcause.Unknown)

	series = series[:4] // a rare request fails, which no user notices
	add("web", rootcause.Failures, 0, 0)
	add("cart", rootcause.Failures, 0, 0.05)
	suspects = rootcause.Analyze(rootcause.Input{Series: series, Calls: graph})
	require.Equal(t, "cart", suspects[0].Service)
	require.Less(t, suspects[0].Confidence, rootcause.Unknown)
	require.Empty(t, rootcause.Analyze(rootcause.Input{}))
}

func TestBoundsAreKept(t *testing.T) {
	sum := rootcause.NewSummary(rootcause.Bounds{Places: 10, Links: 20})
	for i := range 500 {
		at := int64(i) * 1e9
		sum.Add(&rootcause.Trace{ID: "x", Spans: []rootcause.Span{
			{ID: "1", Service: "a", Operation: fmt.Sprint("op", i), Start: at, Duration: ms, Host: fmt.Sprint("h", i)},
			{ID: "2", Parent: "1", Service: fmt.Sprint("s", i), Operation: "o", Kind: rootcause.Server, Start: at, Duration: ms, Host: fmt.Sprint("h", i)},
		}})
	}
	require.EqualValues(t, 1000, sum.Spans)
	require.Positive(t, sum.Dropped)
	other := rootcause.NewSummary(rootcause.Bounds{Places: 10, Links: 20})
	other.Merge(sum)
	require.EqualValues(t, 1000, other.Spans)
}
