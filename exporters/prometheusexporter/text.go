package prometheusexporter

import (
	"math"
	"strconv"
	"strings"

	"github.com/tidewatch/tidewatch/internal/promseries"
)

// writer appends a page in the text format 0.0.4, or in OpenMetrics 1.0.
type writer struct {
	b           []byte
	openMetrics bool
}

// page appends all families.
func (w *writer) page(families []*family) {
	for _, f := range families {
		w.header(f)
		for _, r := range f.rows {
			w.row(f, r)
		}
	}
	if w.openMetrics {
		w.b = append(w.b, "# EOF\n"...)
	}
}

func (w *writer) header(f *family) {
	name, kind := f.Name, f.Kind.String()
	switch {
	case w.openMetrics && f.Kind == promseries.KindCounter:
		name = strings.TrimSuffix(name, "_total")
	case w.openMetrics && f.Kind == promseries.KindInfo:
		name = strings.TrimSuffix(name, "_info")
	case f.Kind == promseries.KindInfo: // the text format has no such type
		kind = "gauge"
	}
	if f.Help != "" {
		w.add("# HELP ", name, " ")
		w.b = appendEscaped(w.b, f.Help, w.openMetrics)
		w.add("\n")
	}
	w.add("# TYPE ", name, " ", kind, "\n")
}

func (w *writer) row(f *family, r *row) {
	switch f.Kind {
	case promseries.KindHistogram:
		w.histogram(f.Name, r, r.histogram, r.exemplars)
	case promseries.KindNative:
		h := r.native.Classic()
		w.histogram(f.Name, r, &h, nil)
	case promseries.KindSummary:
		for i, q := range r.summary.Quantiles {
			w.add(f.Name)
			w.extra(r.labels, "quantile", q)
			w.float(r.summary.Values[i])
			w.add("\n")
		}
		w.sumAndCount(f.Name, r, r.summary.Sum, true, r.summary.Count)
	case promseries.KindGauge, promseries.KindCounter, promseries.KindInfo:
		w.sample(f.Name, "", r.labels)
		w.float(r.value)
		if w.openMetrics && len(r.exemplars) > 0 {
			w.exemplar(&r.exemplars[0])
		}
		w.add("\n")
	}
}

func (w *writer) histogram(name string, r *row, h *promseries.Histogram, exemplars []promseries.Exemplar) {
	for i, c := range h.Cumulative {
		bound := math.Inf(1)
		if i < len(h.Bounds) {
			bound = h.Bounds[i]
		}
		w.add(name, "_bucket")
		w.extra(r.labels, "le", bound)
		w.b = strconv.AppendUint(w.b, c, 10)
		if w.openMetrics && i < len(exemplars) && len(exemplars[i].Labels) > 0 {
			w.exemplar(&exemplars[i])
		}
		w.add("\n")
	}
	w.sumAndCount(name, r, h.Sum, h.HasSum, h.Count)
}

func (w *writer) sumAndCount(name string, r *row, sum float64, hasSum bool, count uint64) {
	if hasSum {
		w.sample(name, "_sum", r.labels)
		w.float(sum)
		w.add("\n")
	}
	w.sample(name, "_count", r.labels)
	w.b = strconv.AppendUint(w.b, count, 10)
	w.add("\n")
}

// sample writes the name and labels of a sample, and a space.
func (w *writer) sample(name, suffix, labels string) {
	w.add(name, suffix)
	if labels == "{" {
		w.add(" ")
		return
	}
	w.add(labels, "} ")
}

// extra writes labels with one more whose value is a number, and a space.
func (w *writer) extra(labels, name string, v float64) {
	w.add(labels)
	if labels != "{" {
		w.add(",")
	}
	w.add(name, `="`)
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
	w.b = appendLabels(w.b, e.Labels)
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
func appendLabels(b []byte, labels []promseries.Label) []byte {
	b = append(b, '{')
	for i, l := range labels {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, l.Name...)
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
