package consoleextension

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/tidewatch/tidewatch/internal/localstore"
	"github.com/tidewatch/tidewatch/internal/selfmetrics"
)

// flows are flowViews by component and signal; both come from the
// configuration, which bounds them.
type flows map[[2]string]*flowView

func (f flows) at(id, signal string) *flowView {
	k := [2]string{id, signal}
	v := f[k]
	if v == nil {
		nan := localstore.Number(math.NaN())
		v = &flowView{ID: id, Signal: signal, Rate: nan, FailedRate: nan, QueueSize: nan, QueueCapacity: nan}
		f[k] = v
	}
	return v
}

func (f flows) sorted() []flowView {
	out := make([]flowView, 0, len(f))
	for _, v := range f {
		out = append(out, *v)
	}
	slices.SortFunc(out, func(a, b flowView) int { return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Signal, b.Signal)) })
	return out
}

// plus adds rates, taking what is not known as nothing.
func plus(a localstore.Number, b float64) localstore.Number {
	if math.IsNaN(float64(a)) {
		return localstore.Number(b)
	}
	if math.IsNaN(b) {
		return a
	}
	return a + localstore.Number(b)
}

func (v *flowView) item(value, rate float64) { v.Items += value; v.Rate = plus(v.Rate, rate) }

func (v *flowView) fail(to *float64, value, rate float64) {
	*to += value
	v.FailedRate = plus(v.FailedRate, rate)
}

// signalOf splits the signal's name from that of a metric.
func signalOf(name string) (verb, signal string, ok bool) {
	for suffix, signal := range map[string]string{"_log_records": "logs", "_metric_points": "metrics", "_spans": "traces"} {
		if verb, ok := strings.CutSuffix(name, suffix); ok {
			return verb, signal, true
		}
	}
	return "", "", false
}

func (f flows) addReceiver(name string, m selfmetrics.Sample, rate float64) {
	verb, signal, ok := signalOf(name)
	if !ok {
		return
	}
	v := f.at(m.Labels["receiver"], signal)
	switch verb {
	case "receiver_accepted":
		v.item(m.Value, rate)
	case "receiver_refused":
		v.fail(&v.Refused, m.Value, rate)
	case "receiver_failed":
		v.fail(&v.Failed, m.Value, rate)
	}
}

func (f flows) addProcessor(name string, m selfmetrics.Sample, rate float64) {
	signal := cmp.Or(m.Labels["otel.signal"], m.Labels["otel_signal"])
	switch name {
	case "processor_incoming_items":
		f.at(m.Labels["processor"], signal).In += m.Value
	case "processor_outgoing_items":
		f.at(m.Labels["processor"], signal).item(m.Value, rate)
	default:
		if verb, signal, ok := signalOf(name); ok && strings.HasSuffix(verb, "_refused") {
			v := f.at(m.Labels["processor"], signal)
			v.fail(&v.Refused, m.Value, rate)
		}
	}
}

func (f flows) addExporter(name string, m selfmetrics.Sample, rate float64) {
	id := m.Labels["exporter"]
	switch name {
	case "exporter_queue_size":
		v := f.at(id, m.Labels["data_type"])
		v.QueueSize = plus(v.QueueSize, m.Value)
		return
	case "exporter_queue_capacity":
		v := f.at(id, m.Labels["data_type"])
		v.QueueCapacity = plus(v.QueueCapacity, m.Value)
		return
	}
	verb, signal, ok := signalOf(name)
	if !ok {
		return
	}
	v := f.at(id, signal)
	switch verb {
	case "exporter_sent":
		v.item(m.Value, rate)
	case "exporter_send_failed":
		v.fail(&v.Failed, m.Value, rate)
	case "exporter_enqueue_failed":
		v.fail(&v.Refused, m.Value, rate)
	}
}
