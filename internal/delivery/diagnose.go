package delivery

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tidewatch/tidewatch/internal/selfmetrics"
)

// Look is one reading of the agent's own metrics.
type Look struct {
	At      time.Time
	Samples []selfmetrics.Sample
}

// Diagnose says in sentences what is wrong, by comparing two looks some seconds
// apart; nothing if all is well. Each sentence names what to do or where to look.
func Diagnose(before, now Look) []string {
	d := diagnosis{before: sums(before.Samples), now: sums(now.Samples), span: now.At.Sub(before.At)}
	was, is := Draw(before.Samples), Draw(now.Samples)
	for _, e := range is.Exporters {
		i := slices.IndexFunc(was.Exporters, func(o Exporter) bool { return o.ID == e.ID })
		if i < 0 {
			continue
		}
		d.exporter(&was.Exporters[i], &e)
	}
	for _, s := range is.Sources {
		for _, reason := range slices.Sorted(maps.Keys(s.Dropped)) {
			d.say("Source %s has dropped %.0f records (%s).", s.ID, s.Dropped[reason], reason)
		}
	}
	d.out = append(d.out, Strain(now.Samples)...)
	d.files(now.Samples)
	d.storage(now.Samples)
	return d.out
}

type diagnosis struct {
	before, now map[key]float64
	span        time.Duration
	out         []string
}

func (d *diagnosis) say(format string, args ...any) {
	d.out = append(d.out, fmt.Sprintf(format, args...))
}

// key is a metric of one exporter, with the reason if it has one.
type key struct{ name, exporter, reason string }

func sums(samples []selfmetrics.Sample) map[key]float64 {
	out := map[key]float64{}
	for _, m := range samples {
		out[key{m.Name, m.Labels["exporter"], m.Labels["reason"]}] += m.Value
	}
	return out
}

func (d *diagnosis) exporter(was, is *Exporter) {
	grown := is.Exported + is.DroppedTotal() - was.Exported - was.DroppedTotal()
	waits := is.Queued > 0 || is.QueueSize > 0
	if why := d.retries(is.ID); waits && grown <= 0 {
		d.say("Exporter %s delivers nothing: %.0f records wait%s. Its own log has the server's words.", is.ID, is.Queued, why)
	} else if why != "" {
		d.say("Exporter %s delivers, but has to repeat itself%s.", is.ID, why)
	}
	for _, c := range is.Circuits {
		d.say("Exporter %s leaves %s alone since %s (%s): until it answers, one request at a time tries it.", is.ID, c.Endpoint, c.Since.Format("15:04:05 MST"), c.Reason)
	}
	if growth := (is.QueueSize - was.QueueSize) / d.span.Seconds(); growth > 0 && is.QueueCapacity > 0 {
		left := time.Duration((is.QueueCapacity - is.QueueSize) / growth * float64(time.Second))
		if left < 24*time.Hour {
			d.say("The queue of %s is %.0f %% full and grows: at this rate it is full in %s, and then readers wait.", is.ID, 100*is.QueueSize/is.QueueCapacity, left.Round(time.Second))
		}
	}
	if is.QueueCapacity > 0 && is.QueueSize > 0.95*is.QueueCapacity {
		d.say("The queue of %s is full: readers wait, and clients are told to try again.", is.ID)
	}
	for _, reason := range slices.Sorted(maps.Keys(is.Dropped)) {
		d.say("Exporter %s has given up %.0f records (%s).", is.ID, is.Dropped[reason], reason)
	}
	// Batches are of round numbers: while some are handed over, two looks may miss as many.
	rests := is.Accepted == was.Accepted && is.Exported == was.Exported && is.Queued == was.Queued
	if rests && is.Unaccounted != 0 && is.Unaccounted == was.Unaccounted {
		d.say("%.0f records of exporter %s are not accounted for: this is a defect, please report it with this output.", is.Unaccounted, is.ID)
	}
}

// retries says what was tried again between the looks, by reason.
func (d *diagnosis) retries(exporter string) string {
	var parts []string
	for k, v := range d.now {
		if k.name == "tidewatch_exporter_retried_items" && k.exporter == exporter && v > d.before[k] {
			parts = append(parts, cmp.Or(k.reason, "unknown"))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	slices.Sort(parts)
	return " (" + strings.Join(parts, ", ") + ")"
}

func (d *diagnosis) files(samples []selfmetrics.Sample) {
	advice := map[string]string{
		"permission": "give the agent the right to read them, or exclude them",
		"unreadable": "the agent's log names them",
		"max_files":  "raise max_files or narrow include",
	}
	for _, m := range samples {
		if do, ok := advice[m.Labels["reason"]]; ok && m.Name == "tidewatch_tail_refused_files" && m.Value > 0 {
			d.say("Some files cannot be read (%s): %s.", m.Labels["reason"], do)
		}
	}
}

func (d *diagnosis) storage(samples []selfmetrics.Sample) {
	for _, m := range samples {
		if m.Value <= 0 {
			continue
		}
		switch m.Name {
		case "tidewatch_segment_storage_failing":
			d.say("The disk takes nothing for %s: make room in the state directory.", m.Labels["storage"])
		case "tidewatch_segment_storage_damaged_records":
			d.say("%.0f damaged records of %s were left out; copies are in its folder quarantine.", m.Value, m.Labels["storage"])
		}
	}
}
