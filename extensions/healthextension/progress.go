package healthextension

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tidewatch/tidewatch/internal/delivery"
	"github.com/tidewatch/tidewatch/internal/selfmetrics"
)

// maxExporters bounds the exporters that are followed; a configuration has a
// handful.
const maxExporters = 256

// Exporter says how one exporter does.
type Exporter struct {
	Name string `json:"name"`
	// Sent counts the items delivered since the start.
	Sent float64 `json:"sent"`
	// Queued is what waits, in the unit of the exporter's queue.
	Queued float64 `json:"queued"`
	// StalledSeconds is how long items have waited without any delivery.
	StalledSeconds float64 `json:"stalled_seconds,omitempty"`
	// Circuits are the endpoints that are left alone for now.
	Circuits []delivery.Circuit `json:"circuits,omitempty"`
}

// progress remembers when each exporter last delivered something. An exporter
// with an empty queue has nothing to deliver and always does well.
type progress struct {
	stallAfter time.Duration
	exporters  map[string]*track
	err        error
	failing    time.Time // since when the own metrics cannot be read
	strain     []string  // sentences
}

type track struct {
	sent, queued float64
	moved        time.Time // when sent last grew or the queue was last empty
	circuits     []delivery.Circuit
}

// observe takes one look at the own metrics.
func (p *progress) observe(samples []selfmetrics.Sample, err error, now time.Time) {
	p.err = err
	if err != nil {
		if p.failing.IsZero() {
			p.failing = now
		}
		return
	}
	p.failing = time.Time{}
	p.strain = delivery.Strain(samples)
	type seen struct{ sent, queued float64 }
	current := map[string]seen{}
	for _, s := range samples {
		name := s.Labels["exporter"]
		if name == "" {
			continue
		}
		c := current[name]
		switch {
		case strings.HasPrefix(s.Name, "otelcol_exporter_sent_"):
			c.sent += s.Value
		case s.Name == "otelcol_exporter_queue_size":
			c.queued += s.Value
		default:
			continue
		}
		current[name] = c
	}
	for name := range p.exporters {
		if _, ok := current[name]; !ok {
			delete(p.exporters, name)
		}
	}
	if p.exporters == nil {
		p.exporters = map[string]*track{}
	}
	for name, c := range current {
		t, ok := p.exporters[name]
		if !ok {
			if len(p.exporters) >= maxExporters {
				continue
			}
			t = &track{moved: now}
			p.exporters[name] = t
		}
		if c.sent != t.sent || c.queued == 0 {
			t.moved = now
		}
		t.sent, t.queued, t.circuits = c.sent, c.queued, nil
	}
	for _, e := range delivery.Draw(samples).Exporters {
		if t, ok := p.exporters[e.ID]; ok {
			t.circuits = e.Circuits
		}
	}
}

// report lists the exporters by name, and a sentence for each that is stalled.
func (p *progress) report(now time.Time) (exporters []Exporter, reasons []string) {
	if p.err != nil && now.Sub(p.failing) > p.stallAfter {
		reasons = append(reasons, fmt.Sprintf("progress is not known: %v", p.err))
	}
	for name, t := range p.exporters {
		e := Exporter{Name: name, Sent: t.sent, Queued: t.queued, Circuits: t.circuits}
		if t.queued > 0 {
			e.StalledSeconds = now.Sub(t.moved).Seconds()
		}
		exporters = append(exporters, e)
		if t.queued > 0 && now.Sub(t.moved) > p.stallAfter {
			reasons = append(reasons, fmt.Sprintf("exporter %s has delivered nothing for %s while data waits in its queue%s; its own log says why", name, now.Sub(t.moved).Round(time.Second), alone(t.circuits)))
		}
	}
	slices.SortFunc(exporters, func(a, b Exporter) int { return strings.Compare(a.Name, b.Name) })
	slices.Sort(reasons)
	return exporters, reasons
}

// alone says which endpoints are left alone and why.
func alone(circuits []delivery.Circuit) string {
	var b strings.Builder
	for _, c := range circuits {
		fmt.Fprintf(&b, ", and %s is left alone after failures (%s)", c.Endpoint, c.Reason)
	}
	return b.String()
}
