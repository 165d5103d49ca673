package incident_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/incident"
	"github.com/tidewatch/tidewatch/incident/catalogue"
	"github.com/tidewatch/tidewatch/signals"
)

func alert(id, service string, at time.Duration) incident.Finding {
	return incident.Finding{
		ID: id, Kind: signals.KindAlert, State: signals.StateOpen, Severity: signals.SeverityCritical, Start: begin.Add(at), Time: begin.Add(at),
		Summary: id + " fires.", Entity: []incident.Attr{{Key: "service.name", Value: service}, {Key: "k8s.pod.name", Value: service + "-7f"}},
		Subject: []incident.Attr{{Key: "alertname", Value: id}},
	}
}

func one(t *testing.T, e *incident.Engine) incident.Incident {
	t.Helper()
	all := open(e)
	require.Len(t, all, 1)
	return all[0]
}

func TestNoiseIsWrittenForReview(t *testing.T) {
	e := incident.NewEngine(incident.Settings{})
	e.Observe(alert("Nightly", "batch", 0), begin)
	e.Advance(begin.Add(20 * time.Second))
	i := one(t, e)
	now := begin.Add(time.Minute)
	_, err := e.Noise(i.ID, incident.Noise{Expires: now.Add(time.Hour)}, now)
	require.ErrorIs(t, err, incident.ErrInvalid)
	_, err = e.Noise(i.ID, incident.Noise{Owner: "alice"}, now)
	require.ErrorContains(t, err, "expires")
	_, err = e.Noise("0", incident.Noise{Owner: "alice", Expires: now.Add(time.Hour)}, now)
	require.ErrorIs(t, err, incident.ErrUnknown)

	found, err := e.Noise(i.ID, incident.Noise{Owner: "alice", Reason: "backup", Expires: now.Add(time.Hour)}, now)
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, map[string]string{"service.name": "batch"}, found[0].Entity, "not the pod, which has another name tomorrow")
	require.Empty(t, open(e))

	file, err := incident.AddSuppressions(nil, found...)
	require.NoError(t, err)
	require.Contains(t, string(file), "# Findings that were called noise")
	edited := append(file, []byte("  # bob's own, for all pods of the shop\n  - {kind: alert, entity: {service.name: shop}, subject: {alertname: \"*\"}, owner: bob, expires: 2027-01-01T00:00:00Z}\n")...)
	more := found[0]
	more.Reason = "backup, still"
	other := found[0]
	other.ID = "another"
	edited, err = incident.AddSuppressions(edited, more, other)
	require.NoError(t, err)
	require.Contains(t, string(edited), "# bob's own, for all pods of the shop")
	all, err := incident.ParseSuppressions(edited)
	require.NoError(t, err)
	require.Len(t, all, 3)
	require.Equal(t, "backup, still", all[0].Reason)
	require.NotEmpty(t, all[1].ID)

	fresh := incident.NewEngine(incident.Settings{})
	fresh.Suppress(all)
	fresh.Observe(alert("Any", "shop", time.Minute), now)
	fresh.Observe(alert("Nightly", "batch", time.Minute), now)
	fresh.Observe(alert("Nightly", "billing", time.Minute), now)
	fresh.Advance(now.Add(20 * time.Second))
	require.Equal(t, incident.ServiceNode("billing"), one(t, fresh).Cause)
	require.EqualValues(t, 2, fresh.Stats().Suppressed)
	require.EqualValues(t, 1, fresh.Suppressions()[1].Hits)
}

func TestSuppressionsThatCannotBeRead(t *testing.T) {
	for in, want := range map[string]string{
		"suppressions:\n- entity: {a: b}\n  owner: x\n":                      "line 2: expires",
		"suppressions:\n- owner: x\n  expires: 2026-01-01T00:00:00Z\n":       "line 2: entity or subject",
		"suppressions:\n- {entity: {a: b}, expires: 2026-01-01T00:00:00Z}\n": "owner",
		"suppressions:\n- {entity: {a: b}, ower: x}\n":                       "line 2",
		"suppressions: {}\n": "read suppressions",
		"noise:\n- {entity: {a: b}, owner: x, expires: 2026-01-01T00:00:00Z}\n":     "noise",
		"suppressions:\n- entity: {a: b\n":                                          "line",
		"suppressions:\n- {entity: {a: b}, owner: x, expires: yesterday}\nother: 1": "yesterday",
	} {
		_, err := incident.ParseSuppressions([]byte(in))
		require.ErrorContains(t, err, want, in)
	}
	for _, empty := range []string{"", "# nothing yet\n", "suppressions:\n", "suppressions: []\n"} {
		all, err := incident.ParseSuppressions([]byte(empty))
		require.NoError(t, err, empty)
		require.Empty(t, all)
		out, err := incident.AddSuppressions([]byte(empty), incident.Suppression{ID: "1", Owner: "x", Entity: map[string]string{"a": "b"}, Expires: begin})
		require.NoError(t, err)
		all, err = incident.ParseSuppressions(out)
		require.NoError(t, err)
		require.Len(t, all, 1)
	}
}

func TestWhatWasTaughtIsKnownAgain(t *testing.T) {
	e := incident.NewEngine(incident.Settings{})
	f := alert("pool", "inventory", 0)
	f.Kind = signals.KindPatternNew
	f.Details = []incident.Attr{{Key: signals.AttrTemplate, Value: "connection pool exhausted after <duration> for <user>"}}
	e.Observe(f, begin)
	e.Observe(alert("slow", "web", 0), begin)
	e.Edge(incident.Edge{Client: incident.ServiceNode("web"), Server: incident.ServiceNode("inventory")}, begin)
	e.Advance(begin.Add(20 * time.Second))
	i := one(t, e)
	entry, err := e.Cause(i.ID, incident.Lesson{By: "alice", Entry: incident.Entry{Code: "pool-exhausted", Class: "limit", Causes: []string{"a leak of connections"}}}, begin.Add(time.Minute))
	require.NoError(t, err)
	require.Equal(t, []string{"connection pool exhausted after"}, entry.Matchers)
	require.Equal(t, "pool fires.", entry.Meaning)
	require.Equal(t, []string{"pool"}, entry.Learned.Findings)
	_, err = e.Cause(i.ID, incident.Lesson{By: "alice", Entry: incident.Entry{Code: "no spaces"}}, begin)
	require.ErrorIs(t, err, incident.ErrInvalid)
	_, err = e.Cause(i.ID, incident.Lesson{By: "alice", Entry: incident.Entry{Class: "weather"}}, begin)
	require.ErrorContains(t, err, "class must be one of")

	b, err := incident.EncodeEntry(&entry)
	require.NoError(t, err)
	c, err := catalogue.Load(fstest.MapFS{"learned.yaml": {Data: b}})
	require.NoError(t, err, string(b))
	require.Equal(t, "a leak of connections", c.Entry("learned.pool-exhausted").Causes[0])

	state, err := e.Snapshot()
	require.NoError(t, err)
	again := incident.NewEngine(incident.Settings{})
	require.NoError(t, again.Restore(state))
	require.NoError(t, again.Resolve(i.ID, "alice", "", begin.Add(time.Minute)))
	again.Advance(begin.Add(time.Hour))
	later := f
	later.Start = begin.Add(2 * time.Hour)
	again.Observe(later, later.Start)
	again.Advance(later.Start.Add(20 * time.Second))
	require.Equal(t, "pool-exhausted", one(t, again).Known)

	// What nothing is known of is an entry all the same.
	entry, err = again.Cause(one(t, again).ID, incident.Lesson{By: "bob", Node: "service:router"}, later.Start.Add(time.Minute))
	require.NoError(t, err)
	b, err = incident.EncodeEntry(&entry)
	require.NoError(t, err)
	_, err = catalogue.Load(fstest.MapFS{"learned.yaml": {Data: b}})
	require.NoError(t, err, string(b))

	// A person may name another finding: the cause stays where it was put.
	_, err = e.Cause(i.ID, incident.Lesson{By: "bob", Finding: "slow"}, begin.Add(2*time.Minute))
	require.NoError(t, err)
	e.Observe(alert("more", "inventory", 0), begin.Add(3*time.Minute))
	e.Advance(begin.Add(4 * time.Minute))
	require.Equal(t, incident.ServiceNode("web"), one(t, e).Cause)
	require.Equal(t, "bob", one(t, e).CauseBy)
}

func TestBounds(t *testing.T) {
	e := incident.NewEngine(incident.Settings{MaxIncidents: 3, MaxGathering: 10, MaxFindings: 5, MaxEdges: 4, BurstNodes: 1000})
	for i := range 10 {
		e.Edge(incident.Edge{Client: incident.ServiceNode(fmt.Sprint(i)), Server: incident.ServiceNode("db")}, begin)
	}
	require.Equal(t, 4, e.Stats().Edges)
	require.EqualValues(t, 6, e.Stats().RefusedEdges)
	for i := range 20 {
		e.Observe(alert(fmt.Sprintf("a%02d", i), fmt.Sprintf("s%02d", i), time.Duration(i)*time.Second), begin.Add(time.Duration(i)*time.Second))
	}
	e.Advance(begin.Add(time.Minute))
	require.LessOrEqual(t, len(e.Incidents()), 4, "three and <other>")
	var other bool
	for _, i := range open(e) {
		require.LessOrEqual(t, len(i.Findings), 5)
		other = other || i.Cause == "entity:"+incident.Other
	}
	require.True(t, other)
	require.Positive(t, e.Stats().Overflowed)

	// What ended first makes room.
	for _, i := range open(e) {
		require.NoError(t, e.Resolve(i.ID, "alice", "", begin.Add(2*time.Minute)))
	}
	e.Advance(begin.Add(2 * time.Minute))
	for i := range 3 {
		e.Observe(alert(fmt.Sprintf("b%02d", i), fmt.Sprintf("t%02d", i), time.Hour), begin.Add(time.Hour))
	}
	e.Advance(begin.Add(time.Hour + time.Minute))
	e.Advance(begin.Add(time.Hour + 2*time.Minute))
	require.Len(t, open(e), 3)
	require.Len(t, e.Incidents(), 3)
	require.Positive(t, e.Stats().Evicted)

	// Edges that are not seen for a day make room, too.
	e.Advance(begin.Add(48 * time.Hour))
	require.Zero(t, e.Stats().Edges)
}

func TestSnapshotsThatCannotBeRead(t *testing.T) {
	for _, b := range []string{"x", `{"version":99}`, `[]`, `{"version":1,"incidents":[{}]}`} {
		e := incident.NewEngine(incident.Settings{})
		if err := e.Restore([]byte(b)); err != nil {
			require.ErrorIs(t, err, incident.ErrSnapshot)
		}
		require.Empty(t, e.Incidents())
	}
	require.NoError(t, incident.NewEngine(incident.Settings{}).Restore(nil))
}

func FuzzRestore(f *testing.F) {
	e := incident.NewEngine(incident.Settings{})
	e.Observe(alert("a", "cart", 0), begin)
	e.Observe(alert("b", "shop", 0), begin)
	e.Advance(begin.Add(20 * time.Second))
	b, err := e.Snapshot()
	require.NoError(f, err)
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		e := incident.NewEngine(incident.Settings{MaxFindings: 3})
		if e.Restore(b) != nil {
			return
		}
		e.Observe(alert("a", "cart", 0), begin)
		for _, c := range e.Advance(begin.Add(time.Minute)) {
			_, err := json.Marshal(c)
			require.NoError(t, err)
		}
		for _, i := range e.Incidents() {
			_ = e.Acknowledge(i.ID, "x", begin)
		}
		e.Advance(begin.Add(24 * time.Hour))
	})
}

// Findings of any form leave the engine in order.
func FuzzObserve(f *testing.F) {
	f.Add("id", "alert", "open", "critical", "service.name", "cart", int64(0))
	f.Fuzz(func(t *testing.T, id, kind, state, severity, key, value string, at int64) {
		e := incident.NewEngine(incident.Settings{})
		e.Observe(incident.Finding{ID: id, Kind: kind, State: state, Severity: severity, Start: time.Unix(0, at), Entity: []incident.Attr{{Key: key, Value: value}}, Affects: []string{value}, Traces: []string{id}}, begin)
		e.Observe(alert("a", "cart", 0), begin)
		e.Advance(begin.Add(time.Minute))
		for _, i := range e.Incidents() {
			require.NotEmpty(t, i.ID)
			require.NotEmpty(t, i.Findings)
		}
		_, err := e.Snapshot()
		require.NoError(t, err)
	})
}

func BenchmarkStorm(b *testing.B) {
	s := newSystem(1, 40)
	all := s.storm(s.deep(), 500, 10*time.Second, 0)
	for b.Loop() {
		e := incident.NewEngine(incident.Settings{})
		s.teach(e)
		for _, x := range all {
			e.Observe(x.finding, begin.Add(x.at))
		}
		e.Advance(begin.Add(30 * time.Second))
	}
}

func TestTitles(t *testing.T) {
	e := incident.NewEngine(incident.Settings{})
	for i, s := range []string{"web", "shop", "cart"} {
		f := alert("Slow", s, 0)
		f.ID = fmt.Sprint(i)
		f.Entity = append(f.Entity, incident.Attr{Key: "host.name", Value: "node-1"})
		e.Observe(f, begin)
	}
	e.Advance(begin.Add(20 * time.Second))
	require.Equal(t, "node-1: it says nothing itself, but 3 of 3 places in trouble need it. 3 findings at 3 places.", one(t, e).Title)

	e = incident.NewEngine(incident.Settings{})
	e.Observe(alert("Full", "disk", 0), begin)
	e.Advance(begin.Add(20 * time.Second))
	require.Equal(t, "disk: Full fires.", one(t, e).Title)
	e.Observe(alert("Slow", "disk", 0), begin.Add(30*time.Second))
	e.Advance(begin.Add(2 * time.Minute))
	require.Equal(t, "disk: Full fires. And 1 more finding.", one(t, e).Title)
}
