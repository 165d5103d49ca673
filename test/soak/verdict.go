package main

import "fmt"

// check is one thing that has to hold. Said has the numbers.
type check struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Said string `json:"said"`
}

// bound says how much of something may come on top, per hour: a share of what there is
// and a constant, which is what noise does.
type bound struct {
	name, unit string
	of         func(*look) float64
	scale      float64 // of what is printed
	share      float64
	constant   float64
	settle     float64 // what may be left over after the load, on top of the warm-up's
}

// bounds are what has to be flat. The constants are what comes and goes: connections
// that are tried, a collection of garbage more or less, a file of a queue.
var bounds = []bound{
	{"goroutines", "", func(l *look) float64 { return l.Goroutines }, 1, 0.05, 5, 25},
	{"descriptors", "", func(l *look) float64 { return l.Descriptors }, 1, 0.05, 5, 15},
	{"open log files", "", func(l *look) float64 { return l.LogFiles }, 1, 0.05, 5, 0},
	{"resident memory", "MiB", func(l *look) float64 { return l.Anon }, 1 << 20, 0.05, 8 << 20, 0},
	{"heap", "MiB", func(l *look) float64 { return l.Heap }, 1 << 20, 0.05, 4 << 20, 0},
	{"state on disk", "MiB", func(l *look) float64 { return l.State }, 1 << 20, 0.05, 2 << 20, 0},
}

// flat judges the courses after the warm-up: no slope may be larger than its bound,
// noise apart.
func flat(looks []look, warm float64) []check {
	var x []float64
	var kept []look
	for _, l := range looks {
		if l.Load >= warm {
			kept, x = append(kept, l), append(x, l.Seconds/3600)
		}
	}
	var out []check
	for _, b := range bounds {
		y := make([]float64, len(kept))
		for i := range kept {
			y[i] = b.of(&kept[i]) / b.scale
		}
		t, typical := theilSen(x, y), medianOf(y)
		most := b.share*typical + b.constant/b.scale
		out = append(out, check{
			Name: b.name + " flat", OK: len(y) > 2 && t.Low <= most,
			Said: fmt.Sprintf("median %.1f %s, slope %+.2f an hour (at least %+.2f), allowed %.2f, %d looks", typical, b.unit, t.Slope, t.Low, most, len(y)),
		})
	}
	return out
}

// settled judges a run that is too short for slopes: after the load, what can leak with
// every connection and request is where it was at its end of warm-up.
func settled(looks []look, warm float64, last *look) []check {
	var out []check
	for _, b := range bounds {
		if b.settle == 0 {
			continue
		}
		before := 0.0
		for i := range looks {
			if looks[i].Load <= warm || before == 0 {
				before = max(before, b.of(&looks[i]))
			}
		}
		after := b.of(last)
		out = append(out, check{Name: b.name + " given back", OK: after <= before+b.settle, Said: fmt.Sprintf("%.0f at the end of the warm-up, %.0f after the load, allowed %.0f", before, after, before+b.settle)})
	}
	return out
}

// equal checks that two counts are the same.
func equal(name string, got, want float64, of string) check {
	return check{name, got == want, fmt.Sprintf("%.0f, %s %.0f", got, of, want)}
}

// accounts checks the ledger of the agent, in itself and against what was written and
// what arrived.
func (r *run) accounts(last *look) []check {
	lines := 0
	for _, w := range r.writers {
		lines += w.n
	}
	r.readAgain = sum(last.samples, "otelcol_receiver_accepted_log_records", "receiver", "tail") - float64(lines)
	out := []check{
		{"log lines read", r.readAgain >= 0, fmt.Sprintf("%.0f, written %d; %.0f were read again, which is counted and not judged", float64(lines)+r.readAgain, lines, r.readAgain)},
		r.told("spans read", "otelcol_receiver_accepted_spans", r.spans),
		r.told("points read", "otelcol_receiver_accepted_metric_points", r.points),
	}
	for _, s := range last.ledger.Sources {
		out = append(out, equal(s.ID+" gave up", s.DroppedTotal()-s.Dropped[shed], 0, "allowed"))
	}
	for i := range last.ledger.Exporters {
		e := &last.ledger.Exporters[i]
		out = append(out, check{
			Name: "ledger of " + e.ID, OK: e.Unaccounted == 0 && e.Queued == 0 && e.QueueSize == 0,
			Said: fmt.Sprintf("accepted %.0f = exported %.0f + queued %.0f + dropped %.0f%s, unaccounted %.0f", e.Accepted+e.Carried, e.Exported, e.Queued, e.DroppedTotal(), reasons(e.Dropped), e.Unaccounted),
		})
	}
	for _, s := range r.sites {
		if err := s.failure(); err != nil {
			out = append(out, check{s.name + " understood everything", false, err.Error()})
		}
	}
	return append(out, r.arrivals(last)...)
}

// told compares what the agent accepted by OTLP with what its sender was told. A request
// whose connection broke may have been accepted unseen.
func (r *run) told(name, metric string, s *sender) check {
	got := sum(r.last.samples, metric, "receiver", "otlp")
	c := equal(name, got, float64(s.records.Load()), "sent")
	if s.failed.Load() > 0 {
		c.OK = got >= float64(s.records.Load())
	}
	c.Said += fmt.Sprintf(", %d requests were refused for now and sent again", s.refused.Load())
	return c
}

// shed is the reason of the ledger for lines that were left out for want of resources.
const shed = "shed_debug"

// arrivals checks each sink's numbers: all of them are there, or refused by the sink
// itself and then in the ledger as dropped.
func (r *run) arrivals(last *look) []check {
	var out []check
	left := 0.0
	for _, s := range last.ledger.Sources {
		left += s.Dropped[shed]
	}
	whole := func(sink, what string, tallies []*tally, wants []int) (total count) {
		missing, name, want, spared := 0, "", 0, 0
		var doubled []string
		for k, t := range tallies {
			n, first, without := t.missing(wants[k])
			missing += n
			spared += without
			if c := t.count(); c.Doubled > 0 {
				doubled = append(doubled, fmt.Sprintf("%d of %s", c.Doubled, streamOf(tallies, k)))
			}
			want += wants[k]
			if n > 0 && name == "" {
				name = fmt.Sprintf("; first of %d: %v", k, first)
			}
			total = total.plus(t.count())
		}
		out = append(out, check{
			sink + " has all " + what, missing == 0 && total.Distinct+total.Refused+spared == want,
			fmt.Sprintf("%d of %d, refused for good by it %d, missing %d%s; again and stored once %d, stored twice %d %v", total.Distinct, want, total.Refused, missing, name, total.Repeated, total.Doubled, doubled),
		})
		if tallies[0].optional != nil && (spared > 0 || left > 0) {
			out = append(out, equal(sink+": debug lines left out", float64(spared), left, "by the ledger "+shed))
		}
		return total
	}
	var written []int
	for _, w := range r.writers {
		written = append(written, w.n)
	}
	inES := whole("elasticsearch", "log lines", r.elastic.lines, written)
	whole("elasticsearch", "spans", []*tally{r.elastic.spans}, []int{r.plan.Seconds * r.plan.tracesPerBatch() * traceSpans})
	inLoki := whole("loki", "log lines", r.loki.lines, written)
	whole("remote write", "samples", []*tally{r.remote.samples}, []int{r.plan.rounds() * r.plan.Series})

	drops := map[string]float64{}
	exported := map[string]float64{}
	for i := range last.ledger.Exporters {
		e := &last.ledger.Exporters[i]
		drops[e.ID], exported[e.ID] = e.DroppedTotal(), e.Exported
	}
	got := &r.stored
	return append(out,
		equal("remote write: dropped by the ledger", drops["remote_write"], float64(got.refusedSamples), "refused by the sink"),
		r.agrees("elasticsearch", exported["elasticsearch"], drops["elasticsearch"], got.lines.Distinct+got.spans.Distinct+got.others, inES.Refused),
		r.agrees("loki", exported["loki"], drops["loki"], got.lokiLines.Distinct+got.lokiOthers, inLoki.Refused),
		check{"elasticsearch has dead letters", got.letters >= inES.Refused, fmt.Sprintf("%d for %d", got.letters, inES.Refused)},
		equal("records taken apart", float64(got.stray), 0, "allowed"),
		equal("samples out of order", float64(got.disorder), 0, "allowed"),
	)
}

// streamOf names what a tally counts.
func streamOf(tallies []*tally, k int) string {
	if len(tallies) == len(streams) {
		return streams[k].name
	}
	return "all"
}

// agrees checks the ledger of an exporter against its sink. What was read again is in the
// ledger twice; some of it may be what the sink refuses.
func (r *run) agrees(name string, exported, dropped float64, stored, refused int) check {
	again := exported + dropped - float64(stored+refused)
	more := dropped - float64(refused)
	return check{
		name + ": ledger and sink agree", again == r.readAgain && more >= 0 && more <= again,
		fmt.Sprintf("exported %.0f + dropped %.0f by the ledger = stored %d + refused %d by the sink + read again %.0f", exported, dropped, stored, refused, again),
	}
}

// pressed checks an overload: memory below its limit, and the pressure seen in the
// agent's metrics, by its doctor and on its page.
func (r *run) pressed(looks []look) []check {
	most, heap, saturated := 0.0, 0.0, 0
	for i := range looks {
		most, heap = max(most, looks[i].RSS), max(heap, looks[i].Heap)
		saturated = max(saturated, looks[i].Saturated)
	}
	return []check{
		{"memory below the limit", most < float64(r.plan.MemoryMiB)*(1<<20), fmt.Sprintf("at most %.0f MiB resident, limit %d MiB", most/(1<<20), r.plan.MemoryMiB)},
		{"heap below memory_limiter's", heap < limiterMiB<<20, fmt.Sprintf("at most %.0f MiB, limit %d MiB", heap/(1<<20), limiterMiB)},
		{"pressure on the page", saturated > 0, fmt.Sprintf("%d exporters saturated at once", saturated)},
		{"pressure told by the doctor", len(r.problems) > 0, fmt.Sprintf("%d sentences, the first: %.200q", len(r.problems), first(r.problems))},
	}
}

func first(s []string) string {
	if len(s) == 0 {
		return ""
	}
	return s[0]
}
