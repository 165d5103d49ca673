package consoleextension

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tidewatch/tidewatch/internal/delivery"
	"github.com/tidewatch/tidewatch/signals"
)

// delivered says in one sentence whether what was read reaches its backends.
func delivered(p pipelineView) status {
	if !p.Available {
		why := "the agent looks at itself every few seconds"
		if p.Error != "" {
			why = p.Error
		}
		return status{Level: "unknown", Sentence: "What is delivered is not known: " + why + "."}
	}
	var names []string
	var queued float64
	for _, e := range p.Ledger.Exporters {
		if e.QueueCapacity > 0 || e.Durable { // the page and what Prometheus scrapes have no queue
			names = append(names, e.ID)
			queued += e.Queued
		}
	}
	if s, ok := blocked(p); ok {
		return s
	}
	if s, ok := lost(p); ok {
		return s
	}
	if len(p.strain) > 0 {
		return status{Level: signals.SeverityWarning, Sentence: p.strain[0]}
	}
	if len(names) == 0 {
		return status{Level: "local", Sentence: "No backend is set: what is seen stays on this machine."}
	}
	sentence := "Everything that was read is delivered to " + strings.Join(names, ", ")
	if queued >= 1 {
		sentence += fmt.Sprintf("; %s on the way", records(queued))
	}
	return status{Level: "ok", Sentence: sentence + "."}
}

// blocked is the exporter whose backend takes nothing, a full queue before one that waits.
func blocked(p pipelineView) (status, bool) {
	edges := slices.DeleteFunc(slices.Clone(p.Edges), func(e delivery.Edge) bool { return e.Pressure == delivery.Healthy })
	if len(edges) == 0 {
		return status{}, false
	}
	e := slices.MinFunc(edges, func(a, b delivery.Edge) int { return cmp.Compare(a.Pressure, b.Pressure) }) // saturated, waiting
	queued := 0.0
	kept := "wait in memory"
	for _, x := range p.Ledger.Exporters {
		if x.ID == e.Exporter {
			queued = x.Queued
			if x.Durable {
				kept = "wait on disk, nothing is lost"
			}
		}
	}
	out := status{Level: signals.SeverityWarning, Since: e.Since.Unix(), Sentence: fmt.Sprintf("%s takes nothing: %s %s.", e.Exporter, records(queued), kept)}
	if e.Pressure == delivery.Saturated {
		out.Level = signals.SeverityCritical
		out.Sentence = fmt.Sprintf("The queue to %s is full: %s %s, and readers wait.", e.Exporter, records(queued), kept)
	}
	return out, true
}

// lost is what was given up for good.
func lost(p pipelineView) (status, bool) {
	var most delivery.Exporter
	for _, e := range p.Ledger.Exporters {
		if e.DroppedTotal() > most.DroppedTotal() {
			most = e
		}
	}
	n := most.DroppedTotal()
	if n < 1 {
		return status{}, false
	}
	reason, count := "", 0.0
	for why, k := range most.Dropped {
		if k > count || k == count && why < reason {
			reason, count = why, k
		}
	}
	return status{Level: signals.SeverityWarning, Sentence: fmt.Sprintf("%s to %s were given up since the start, most for: %s.", records(n), most.ID, reason)}, true
}

func records(n float64) string {
	if n == 1 {
		return "1 record"
	}
	return fmt.Sprintf("%.0f records", n)
}
