package sim

import (
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
	told   map[string]bool // findings that are open
}

func newDesk(s *System, at time.Time) *desk {
	d := &desk{engine: incident.NewEngine(incident.Settings{}), opened: map[string]bool{}, told: map[string]bool{}}
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
	for i := range faults {
		f := &faults[i]
		// A detector needs some time to see it begin and end.
		holds := now.After(f.From.Add(30*time.Second)) && now.Before(f.Till.Add(30*time.Second))
		switch {
		case f.Kind == Unrelated || f.Kind == LoadGrowth:
			d.metric(f.Service.Name, "process.cpu.utilization", f.From, now, holds)
		case f.Host != "":
			for _, svc := range s.Services {
				for _, at := range svc.Instances {
					if at.Host == f.Host {
						d.metric(svc.Name, "http.server.request.duration", f.From, now, holds)
						break
					}
				}
			}
		case f.Kind != SlowClient:
			for _, svc := range s.above(f.Service) {
				d.metric(svc.Name, "http.server.request.duration", f.From, now, holds)
			}
		}
	}
	for _, c := range d.engine.Advance(now) {
		if c.What == incident.ChangeOpened {
			d.opened[c.Incident.ID] = true
		}
		if c.What == incident.ChangeMerged {
			delete(d.opened, c.Incident.ID)
		}
	}
}

// metric tells of an unusual metric while it holds, and of its end.
func (d *desk) metric(service, name string, from, now time.Time, holds bool) {
	id := service + " " + name
	if !holds && !d.told[id] {
		return
	}
	f := incident.Finding{
		ID: id, Kind: signals.KindMetricAnomaly, State: signals.StateOpen, Severity: signals.SeverityWarning, Score: 0.9, Start: from, Time: now,
		Summary: name + " of " + service + " is unusual", Entity: []incident.Attr{{Key: signals.AttrServiceName, Value: service}},
		Subject: []incident.Attr{{Key: signals.AttrFindingMetric, Value: name}},
	}
	switch {
	case !holds:
		f.State = signals.StateResolved
		delete(d.told, id)
	case d.told[id]:
		f.State = signals.StateUpdated
	default:
		d.told[id] = true
	}
	d.engine.Observe(f, now)
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
	for _, t := range v.Troubles {
		f.Affects = append(f.Affects, t.Service)
	}
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
