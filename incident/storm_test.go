package incident_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/incident"
	"github.com/tidewatch/tidewatch/signals"
)

var begin = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

// check is how often the connector asks.
const check = 5 * time.Second

// system is a made-up microservice system: services in layers that call the layers
// below, on some hosts.
type system struct {
	rng   *rand.Rand
	names []string
	calls map[string][]string
	host  map[string]string
}

func newSystem(seed uint64, services int) *system {
	s := &system{rng: rand.New(rand.NewPCG(seed, 7)), calls: map[string][]string{}, host: map[string]string{}}
	for i := range services {
		s.names = append(s.names, fmt.Sprintf("svc-%02d", i))
		s.host[s.names[i]] = fmt.Sprintf("node-%d", s.rng.IntN(services/3+1))
	}
	for i := 1; i < services; i++ { // everything is called by something above it
		for range 1 + s.rng.IntN(2) {
			from := s.names[s.rng.IntN(max(1, i*2/3))]
			if !slices.Contains(s.calls[from], s.names[i]) {
				s.calls[from] = append(s.calls[from], s.names[i])
			}
		}
	}
	return s
}

func (s *system) teach(e *incident.Engine) {
	for from, to := range s.calls {
		for _, t := range to {
			e.Edge(incident.Edge{Client: incident.ServiceNode(from), Server: incident.ServiceNode(t)}, begin)
		}
	}
}

// above lists who needs a service, itself first.
func (s *system) above(cause string) []string {
	out := []string{cause}
	for i := 0; i < len(out); i++ {
		for _, from := range s.names {
			if slices.Contains(s.calls[from], out[i]) && !slices.Contains(out, from) {
				out = append(out, from)
			}
		}
	}
	return out
}

type shown struct {
	at      time.Duration
	finding incident.Finding
}

// storm is n alerts of a fault at one service: its own and those of all that need it,
// within spread. The cause's own come after late.
func (s *system) storm(cause string, n int, spread, late time.Duration) []shown {
	places := s.above(cause)
	var out []shown
	for i := range n {
		place := places[s.rng.IntN(len(places))]
		if i < 2 {
			place = cause
		}
		at := time.Duration(s.rng.Int64N(int64(spread)))
		if place == cause {
			at += late
		}
		out = append(out, shown{at, s.alert(place, fmt.Sprintf("Rule%02d", i), at)})
	}
	return out
}

func (s *system) alert(service, rule string, at time.Duration) incident.Finding {
	severity := signals.SeverityWarning
	if s.rng.IntN(3) == 0 {
		severity = signals.SeverityCritical
	}
	return incident.Finding{
		ID: service + "/" + rule, Kind: signals.KindAlert, State: signals.StateOpen, Severity: severity, Score: s.rng.Float64(),
		Start: begin.Add(at), Time: begin.Add(at), Summary: rule + " fires for " + service + ".",
		Entity:  []incident.Attr{{Key: "service.name", Value: service}, {Key: "host.name", Value: s.host[service]}},
		Subject: []incident.Attr{{Key: "alertname", Value: rule}},
	}
}

// play shows findings at their times, checks as the connector does, and returns what
// was told.
func play(e *incident.Engine, all []shown, until time.Duration) []incident.Change {
	slices.SortStableFunc(all, func(a, b shown) int { return int(a.at - b.at) })
	var told []incident.Change
	for at := time.Duration(0); at <= until; at += check {
		for len(all) > 0 && all[0].at <= at {
			e.Observe(all[0].finding, begin.Add(all[0].at))
			all = all[1:]
		}
		told = append(told, e.Advance(begin.Add(at))...)
	}
	return told
}

func open(e *incident.Engine) []incident.Incident {
	return slices.DeleteFunc(e.Incidents(), func(i incident.Incident) bool { return !i.Open() })
}

func opened(told []incident.Change) int {
	n := 0
	for _, c := range told {
		if c.What == incident.ChangeOpened {
			n++
		}
	}
	return n
}

// deep picks a service that many need.
func (s *system) deep() string {
	best := s.names[len(s.names)-1]
	for _, n := range s.names[len(s.names)/2:] {
		if len(s.above(n)) > len(s.above(best)) {
			best = n
		}
	}
	return best
}

func TestStormIsOneIncidentWithinHalfAMinute(t *testing.T) {
	for seed := range uint64(10) {
		s := newSystem(seed, 10+int(seed)*4)
		e := incident.NewEngine(incident.Settings{})
		s.teach(e)
		cause := s.deep()
		told := play(e, s.storm(cause, 500, 10*time.Second, 0), 30*time.Second)
		require.Equal(t, 1, opened(told), "seed %d", seed)
		all := open(e)
		require.Len(t, all, 1, "seed %d", seed)
		require.Equal(t, incident.ServiceNode(cause), all[0].Cause, "seed %d: %s", seed, all[0].CauseWhy)
		require.Len(t, all[0].Findings, 500, "seed %d", seed)
		require.Equal(t, signals.SeverityCritical, all[0].Severity)
		require.Zero(t, e.Stats().Gathering)
		for _, m := range all[0].Findings {
			require.Equal(t, m.Node == all[0].Cause, m.Role == incident.RoleCause)
		}
	}
}

func TestStormWithoutGraphIsOneIncident(t *testing.T) {
	for seed := range uint64(10) {
		s := newSystem(seed, 30)
		s.host = map[string]string{}
		e := incident.NewEngine(incident.Settings{})
		told := play(e, s.storm(s.deep(), 500, 20*time.Second, 0), 45*time.Second)
		require.Equal(t, 1, opened(told), "seed %d", seed)
		require.Len(t, open(e), 1, "seed %d", seed)
	}
}

// The cause is heard of half a minute after everything that it causes. What was told
// apart before is one incident then.
func TestLateCause(t *testing.T) {
	apart, total := 0, 0
	for seed := range uint64(10) {
		s := newSystem(seed, 10+int(seed)*4)
		e := incident.NewEngine(incident.Settings{})
		s.teach(e)
		cause := s.deep()
		told := play(e, s.storm(cause, 500, 10*time.Second, 30*time.Second), 60*time.Second)
		all := open(e)
		require.Len(t, all, 1, "seed %d", seed)
		require.Equal(t, incident.ServiceNode(cause), all[0].Cause, "seed %d: %s", seed, all[0].CauseWhy)
		require.Len(t, all[0].Findings, 500, "seed %d", seed)
		total += opened(told)
		if opened(told) > 1 {
			apart++
		}
	}
	t.Logf("%d incidents for 10 late causes, %d of them told apart first", total, apart)
	require.LessOrEqual(t, float64(total)/10, 1.2)
}

// Two faults at once stay apart when neither service needs the other. Where they are
// all that a third one is needed by, it takes the analysis of traces to tell.
func TestSimultaneousCausesStayApart(t *testing.T) {
	for _, named := range []bool{false, true} {
		pairs := 0
		for seed := range uint64(30) {
			s := newSystem(seed, 24)
			a, b := s.apart(named)
			if a == "" {
				continue
			}
			pairs++
			e := incident.NewEngine(incident.Settings{})
			s.teach(e)
			s.host = map[string]string{} // a host that both run on could be the cause
			all := s.storm(a, 100, 10*time.Second, 0)
			seen := map[string]bool{}
			for _, x := range all {
				seen[x.finding.ID] = true
			}
			all = append(all, slices.DeleteFunc(s.storm(b, 100, 10*time.Second, 0), func(x shown) bool { return seen[x.finding.ID] })...)
			if named {
				for _, c := range []string{a, b} {
					f := s.alert(c, "analysis", 8*time.Second)
					f.Kind = signals.KindRootCause
					all = append(all, shown{8 * time.Second, f})
				}
			}
			told := play(e, all, 40*time.Second)
			var causes []incident.Node
			for _, i := range open(e) {
				causes = append(causes, i.Cause)
			}
			require.ElementsMatch(t, []incident.Node{incident.ServiceNode(a), incident.ServiceNode(b)}, causes, "seed %d", seed)
			require.Equal(t, 2, opened(told))
		}
		require.Greater(t, pairs, 10)
	}
}

// apart picks two services of which neither needs the other and, unless any will do,
// that are not most of those that call a third one.
func (s *system) apart(anyPair bool) (string, string) {
	for range 200 {
		a, b := s.names[s.rng.IntN(len(s.names))], s.names[s.rng.IntN(len(s.names))]
		if a == b || slices.Contains(s.above(a), b) || slices.Contains(s.above(b), a) || len(s.above(a)) < 3 || len(s.above(b)) < 3 {
			continue
		}
		shared := slices.ContainsFunc(s.calls[a], func(n string) bool { return slices.Contains(s.calls[b], n) })
		if anyPair || !shared {
			return a, b
		}
	}
	return "", ""
}

// The order in which findings of the same moment come does not matter.
func TestOrderDoesNotMatter(t *testing.T) {
	s := newSystem(3, 20)
	all := s.storm(s.deep(), 60, time.Second, 0)
	var first []incident.Incident
	for range 5 {
		s.rng.Shuffle(len(all), func(i, j int) { all[i].finding, all[j].finding = all[j].finding, all[i].finding })
		e := incident.NewEngine(incident.Settings{})
		s.teach(e)
		for _, x := range all {
			e.Observe(x.finding, begin)
		}
		e.Advance(begin.Add(20 * time.Second))
		got := e.Incidents()
		require.Len(t, got, 1)
		require.Len(t, got[0].Findings, 60)
		if first == nil {
			first = got
		}
		require.True(t, reflect.DeepEqual(first, got), "%v is not %v", got, first)
	}
}
