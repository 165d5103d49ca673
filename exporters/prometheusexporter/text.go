package prometheusexporter

import (
	"math"
	"strconv"
	"strings"

	"github.com/prometheus/common/model"

	"github.com/tidewatch/tidewatch/internal/promseries"
)

// writer appends a page in the text format, or in OpenMetrics 1.0.
type writer struct {
	b           []byte
	openMetrics bool
	names       names
	quoted      bool   // the name of the family can only be written in quotes
	scratch     []byte // labels that are not those of the row
}

// page appends all families.
func (w *writer) page(families []*family) {
	for _, f := range families {
		name, ok := w.names.family(f.Name)
		if !ok {
			continue
		}
		w.quoted = !model.LegacyValidation.IsValidMetricName(name)
		w.header(f, name)
		for _, r := range f.rows {
			w.row(f.Kind, name, r)
		}
	}
	if w.openMetrics {
		w.b = append(w.b, "# EOF\n"...)
	}
}

func (w *writer) header(f *family, name string) {
	kind := f.Kind.String()
	switch {
	case w.openMetrics && f.Kind == promseries.KindCounter:
		name = strings.TrimSuffix(name, "_total")
	case w.openMetrics && f.Kind == promseries.KindInfo:
		name = strings.TrimSuffix(name, "_info")
	case f.Kind == promseries.KindInfo: // the text format has no such type
		kind = "gauge"
	}
	if w.quoted {
		name = string(append(appendEscaped([]byte{'"'}, name, true), '"'))
	}
	if f.Help != "" {
		w.add("# HELP ", name, " ")
		w.b = appendEscaped(w.b, f.Help, w.openMetrics)
		w.add("\n")
	}
	w.add("# TYPE ", name, " ", kind, "\n")
	if w.openMetrics && f.unit != "" {
		w.add("# UNIT ", name, " ", f.unit, "\n")
	}
}

func (w *writer) row(kind promseries.Kind, name string, r *row) {
	labels := w.labels(r)
	switch kind {
	case promseries.KindHistogram:
		w.histogram(name, labels, r.histogram, r.exemplars)
	case promseries.KindNative:
		h := r.native.Classic()
		w.histogram(name, labels, &h, nil)
	case promseries.KindSummary:
		for i, q := range r.summary.Quantiles {
			w.extra(name, "", labels, "quantile", q)
			w.float(r.summary.Values[i])
			w.add("\n")
		}
		w.sumAndCount(name, labels, r.summary.Sum, true, r.summary.Count)
	case promseries.KindGauge, promseries.KindCounter, promseries.KindInfo:
		w.sample(name, "", labels)
		w.float(r.value)
		if w.openMetrics && len(r.exemplars) > 0 {
			w.exemplar(&r.exemplars[0])
		}
		w.add("\n")
	}
}

// labels are those of a row without the closing brace, with names as asked for.
func (w *writer) labels(r *row) string {
	if r.plain || w.names.scheme == model.NoEscaping {
		return r.labels
	}
	w.scratch = appendLabels(w.scratch[:0], r.series.Labels, w.names.label)
	return string(w.scratch)
}

func (w *writer) histogram(name, labels string, h *promseries.Histogram, exemplars []promseries.Exemplar) {
	for i, c := range h.Cumulative {
		bound := math.Inf(1)
		if i < len(h.Bounds) {
			bound = h.Bounds[i]
		}
		w.extra(name, "_bucket", labels, "le", bound)
		w.b = strconv.AppendUint(w.b, c, 10)
		if w.openMetrics && i < len(exemplars) && len(exemplars[i].Labels) > 0 {
			w.exemplar(&exemplars[i])
		}
		w.add("\n")
	}
	w.sumAndCount(name, labels, h.Sum, h.HasSum, h.Count)
}

func (w *writer) sumAndCount(name, labels string, sum float64, hasSum bool, count uint64) {
	if hasSum {
		w.sample(name, "_sum", labels)
		w.float(sum)
		w.add("\n")
	}
	w.sample(name, "_count", labels)
	w.b = strconv.AppendUint(w.b, count, 10)
	w.add("\n")
}

// open writes the name and labels of a sample, up to the closing brace. It
// reports whether there is a brace.
func (w *writer) open(name, suffix, labels string) (open bool) {
	if !w.quoted {
		w.add(name, suffix)
		if labels == "{" {
			return false
		}
		w.add(labels)
		return true
	}
	w.add(`{"`)
	w.b = appendEscaped(w.b, name, true)
	w.add(suffix, `"`)
	if labels != "{" {
		w.add(",", labels[1:])
	}
	return true
}

// sample writes the name and labels of a sample, and a space.
func (w *writer) sample(name, suffix, labels string) {
	if w.open(name, suffix, labels) {
		w.add("}")
	}
	w.add(" ")
}

// extra writes a sample with one more label whose value is a number, and a space.
func (w *writer) extra(name, suffix, labels, label string, v float64) {
	if w.open(name, suffix, labels) {
		w.add(",")
	} else {
		w.add("{")
	}
	w.add(label, `="`)
	start := len(w.b)
	w.float(v)
	// OpenMetrics wants 1.0, so that bounds compare equal as strings.
	if w.openMetrics && !math.IsInf(v, 0) && !math.IsNaN(v) && !strings.ContainsAny(string(w.b[start:]), ".e") {
		w.add(".0")
	}
	w.add(`"} `)
}

func (w *writer) exemplar(e *promseries.Exemplar) {
	w.add(" # ")
	w.b = appendLabels(w.b, e.Labels, w.names.label)
	w.add("} ")
	w.float(e.Value)
	if e.Time > 0 {
		w.add(" ")
		w.b = strconv.AppendFloat(w.b, float64(e.Time)/1000, 'f', 3, 64)
	}
}

func (w *writer) float(v float64) {
	switch {
	case math.IsInf(v, 1):
		w.add("+Inf")
	case math.IsInf(v, -1):
		w.add("-Inf")
	case v == math.Trunc(v) && math.Abs(v) < 1e15: // the common case, four times as fast
		w.b = strconv.AppendInt(w.b, int64(v), 10)
	default:
		w.b = strconv.AppendFloat(w.b, v, 'g', -1, 64)
	}
}

func (w *writer) add(parts ...string) {
	for _, p := range parts {
		w.b = append(w.b, p...)
	}
}

// appendLabels appends {a="b",c="d" without the closing brace.
func appendLabels(b []byte, labels []promseries.Label, name func(string) string) []byte {
	b = append(b, '{')
	for i, l := range labels {
		if i > 0 {
			b = append(b, ',')
		}
		if n := name(l.Name); model.LegacyValidation.IsValidLabelName(n) {
			b = append(b, n...)
		} else {
			b = append(appendEscaped(append(b, '"'), n, true), '"')
		}
		b = append(b, '=', '"')
		b = appendEscaped(b, l.Value, true)
		b = append(b, '"')
	}
	return b
}

// appendEscaped escapes backslashes and line ends, and quotes where asked.
func appendEscaped(b []byte, s string, quotes bool) []byte {
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\\':
			b = append(b, '\\', '\\')
		case c == '\n':
			b = append(b, '\\', 'n')
		case c == '"' && quotes:
			b = append(b, '\\', '"')
		default:
			b = append(b, c)
		}
	}
	return b
}
