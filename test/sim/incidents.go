package sim

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/tidewatch/tidewatch/incident"
	"github.com/tidewatch/tidewatch/rootcause"
	"github.com/tidewatch/tidewatch/signals"
)

// desk shows an incident engine what detectors would find: verdicts about the cause,
// and that the services above it are slow or fail. It counts incidents.
type desk struct {
	engine *incident.Engine
	opened map[string]bool
	told   map[metric]time.Time // that are unusual, since when
}

func newDesk(s *System, at time.Time) *desk {
	d := &desk{engine: incident.NewEngine(incident.Settings{}), opened: map[string]bool{}, told: map[metric]time.Time{}}
	for _, svc := range s.Services {
		for _, op := range svc.Operations {
			for _, c := range op.calls {
				d.engine.Edge(incident.Edge{Client: incident.ServiceNode(svc.Name), Server: incident.ServiceNode(c.to.Service.Name)}, at)
			}
		}
	}
	return d
}

// advance tells the engine what holds now, and counts what it opens.
func (d *desk) advance(s *System, faults []Fault, verdicts []rootcause.Verdict, now time.Time) {
	for i := range verdicts {
		d.engine.Observe(ofVerdict(&verdicts[i]), now)
	}
	held := map[metric]time.Time{}
	for i := range faults {
		f := &faults[i]
		// A detector needs some time to see it begin and end.
		if now.Before(f.From.Add(detected)) || now.After(f.Till.Add(detected)) {
			continue
		}
		switch {
		case f.Kind == Unrelated || f.Kind == LoadGrowth:
			held[metric{service: f.Service.Name, name: "process.cpu.utilization"}] = f.From
		case f.Host != "":
			held[metric{host: f.Host, name: "system.cpu.utilization"}] = f.From
			for _, svc := range s.Services {
				if slices.ContainsFunc(svc.Instances, func(at Instance) bool { return at.Host == f.Host }) {
					held[metric{service: svc.Name, name: "http.server.request.duration"}] = f.From
				}
			}
		case f.Kind != SlowClient:
			for _, svc := range s.above(f.Service) {
				held[metric{service: svc.Name, name: "http.server.request.duration"}] = f.From
			}
		}
	}
	d.metrics(held, now)
	for _, c := range d.engine.Advance(now) {
		if c.What == incident.ChangeOpened {
			d.opened[c.Incident.ID] = true
		}
		if c.What == incident.ChangeMerged {
			delete(d.opened, c.Incident.ID)
		}
	}
}

// detected is how long after something begins or ends a detector of metrics says so.
const detected = 30 * time.Second

// metric is one that is unusual, of a service or a host.
type metric struct{ service, host, name string }

// metrics tells which metrics are unusual, and which no longer.
func (d *desk) metrics(held map[metric]time.Time, now time.Time) {
	observe := func(m metric, state string, from time.Time) {
		f := incident.Finding{
			ID: m.service + m.host + " " + m.name, Kind: signals.KindMetricAnomaly, State: state, Severity: signals.SeverityWarning,
			Score: 0.9, Start: from, Time: now, Summary: m.name + " of " + m.service + m.host + " is unusual",
			Subject: []incident.Attr{{Key: signals.AttrFindingMetric, Value: m.name}},
		}
		if m.service != "" {
			f.Entity = append(f.Entity, incident.Attr{Key: signals.AttrServiceName, Value: m.service})
		} else {
			f.Entity = append(f.Entity, incident.Attr{Key: signals.AttrHostName, Value: m.host})
		}
		d.engine.Observe(f, now)
	}
	less := func(a, b metric) int {
		return cmp.Or(cmp.Compare(a.service, b.service), cmp.Compare(a.host, b.host), cmp.Compare(a.name, b.name))
	}
	for _, m := range slices.SortedFunc(maps.Keys(d.told), less) {
		if _, ok := held[m]; !ok {
			observe(m, signals.StateResolved, d.told[m])
			delete(d.told, m)
		}
	}
	for _, m := range slices.SortedFunc(maps.Keys(held), less) {
		state := signals.StateUpdated
		if _, ok := d.told[m]; !ok {
			d.told[m], state = held[m], signals.StateOpen
		}
		observe(m, state, d.told[m])
	}
}

func ofVerdict(v *rootcause.Verdict) incident.Finding {
	s := &v.Suspects[0]
	f := incident.Finding{
		ID: "cause " + s.Service, Kind: signals.KindRootCause, State: string(v.State), Severity: signals.SeverityWarning, Score: s.Confidence,
		Start: v.Start, Time: v.At, Summary: s.Service + " is the likely cause", Entity: []incident.Attr{{Key: signals.AttrServiceName, Value: s.Service}},
	}
	if s.Host != "" {
		f.Entity = append(f.Entity, incident.Attr{Key: signals.AttrHostName, Value: s.Host})
	}
	f.Affects = v.Affects
	return f
}

// above are a service and those that call it, directly or not.
func (s *System) above(svc *Service) []*Service {
	out := []*Service{svc}
	seen := map[*Service]bool{svc: true}
	for i := 0; i < len(out); i++ {
		for _, x := range s.Services {
			for _, op := range x.Operations {
				for _, c := range op.calls {
					if c.to.Service == out[i] && !seen[x] {
						seen[x] = true
						out = append(out, x)
					}
				}
			}
		}
	}
	return out
}
