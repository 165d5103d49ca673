package elasticsearchexporter

import (
	"math"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/internal/attrhash"
	"github.com/tidewatch/tidewatch/internal/pdatajson"
)

// point is one data point of a scope.
type point struct {
	next  int // point of the same group, -1 at the end
	name  string
	many  bool                                 // it has values under its name and under names below that
	write func(dst []byte, name string) []byte // appends its values, each with a comma before it
}

// group are points of one scope with the same time and attributes: one document.
type group struct {
	at          pcommon.Timestamp
	attrs       pcommon.Map
	first, last int
}

// grouping sorts the points of a scope into documents. The zero value is ready.
type grouping struct {
	points []point
	groups []group
	index  map[uint64]int // of groups, by time and attributes
}

func (g *grouping) reset() {
	g.points, g.groups = g.points[:0], g.groups[:0]
	if g.index == nil {
		g.index = map[uint64]int{}
	}
	clear(g.index)
}

// add puts a point to those with its time and attributes.
func (g *grouping) add(name string, at pcommon.Timestamp, attrs pcommon.Map, many bool, write func([]byte, string) []byte) {
	n := len(g.points)
	g.points = append(g.points, point{next: -1, name: name, many: many, write: write})
	for sum := attrhash.Combine(uint64(at), attrhash.Map(attrs)); ; sum++ {
		i, ok := g.index[sum]
		if !ok {
			g.index[sum] = len(g.groups)
			g.groups = append(g.groups, group{at: at, attrs: attrs, first: n, last: n})
			return
		}
		if found := &g.groups[i]; found.at == at && found.attrs.Equal(attrs) {
			g.points[found.last].next = n
			found.last = n
			return
		}
	}
}

// addMetric adds the points that have a value.
func (g *grouping) addMetric(m pmetric.Metric) {
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		g.addNumbers(m.Name(), m.Gauge().DataPoints())
	case pmetric.MetricTypeSum:
		g.addNumbers(m.Name(), m.Sum().DataPoints())
	case pmetric.MetricTypeHistogram:
		for _, p := range m.Histogram().DataPoints().All() {
			if !p.Flags().NoRecordedValue() {
				g.add(m.Name(), firstValid(p.Timestamp()), p.Attributes(), true, func(dst []byte, name string) []byte { return appendHistogram(dst, name, p) })
			}
		}
	case pmetric.MetricTypeExponentialHistogram:
		for _, p := range m.ExponentialHistogram().DataPoints().All() {
			if !p.Flags().NoRecordedValue() {
				g.add(m.Name(), firstValid(p.Timestamp()), p.Attributes(), true, func(dst []byte, name string) []byte { return appendExponential(dst, name, p) })
			}
		}
	case pmetric.MetricTypeSummary:
		for _, p := range m.Summary().DataPoints().All() {
			if !p.Flags().NoRecordedValue() {
				g.add(m.Name(), firstValid(p.Timestamp()), p.Attributes(), true, func(dst []byte, name string) []byte { return appendSummary(dst, name, p) })
			}
		}
	}
}

func (g *grouping) addNumbers(name string, points pmetric.NumberDataPointSlice) {
	for _, p := range points.All() {
		if !p.Flags().NoRecordedValue() && p.ValueType() != pmetric.NumberDataPointValueTypeEmpty && finite(p.DoubleValue()) {
			g.add(name, firstValid(p.Timestamp()), p.Attributes(), false, func(dst []byte, name string) []byte {
				dst = appendMetricName(dst, name, "")
				if p.ValueType() == pmetric.NumberDataPointValueTypeInt {
					return strconv.AppendInt(dst, p.IntValue(), 10)
				}
				return pdatajson.AppendDouble(dst, p.DoubleValue())
			})
		}
	}
}

// appendMetrics appends one document for each time and set of attributes of a
// scope, with the values of all metrics that have it.
func (b *body) appendMetrics(md pmetric.Metrics) {
	withID := b.ids != idOff
	b.weights = []int32{}
	for _, rm := range md.ResourceMetrics().All() {
		b.setResource(rm.Resource(), rm.SchemaUrl())
		byResource := b.base.refine(rm.Resource().Attributes())
		for _, sm := range rm.ScopeMetrics().All() {
			b.setScope("scope.name", sm.Scope())
			byScope := byResource.refine(sm.Scope().Attributes())
			b.grouping.reset()
			for _, m := range sm.Metrics().All() {
				b.grouping.addMetric(m)
			}
			for i := range b.grouping.groups {
				g := &b.grouping.groups[i]
				b.setRoute("metrics", byScope.refine(g.attrs), withID)
				for at := g.first; at >= 0; {
					at = b.appendGroup(g, at, withID)
				}
			}
		}
	}
}

// appendGroup appends a document of the points from first on, up to one whose
// name the document has already; it returns that, or -1.
func (b *body) appendGroup(g *group, first int, withID bool) int {
	it := b.open(g.at)
	b.buf = b.appendAttributes(b.buf, "attributes", g.attrs)
	b.buf = append(b.buf, `,"metrics":{`...)
	open := len(b.buf)
	clear(b.names)
	if b.names == nil {
		b.names = map[string]bool{}
	}
	points := int32(0)
	n := first
	for ; n >= 0; n = b.grouping.points[n].next {
		p := &b.grouping.points[n]
		if b.taken(p) {
			break
		}
		b.names[p.name] = p.many
		b.buf = p.write(b.buf, p.name)
		points++
	}
	b.buf = closeObject(b.buf, open)
	b.weights = append(b.weights, points)
	b.close(it, g.at, withID, nil)
	return n
}

// taken reports whether the document has a value by one of the point's names.
func (b *body) taken(p *point) bool {
	if _, ok := b.names[p.name]; ok {
		return true
	}
	if i := strings.LastIndexByte(p.name, '.'); i > 0 && b.names[p.name[:i]] {
		return true
	}
	if p.many {
		for name := range b.names {
			if strings.HasPrefix(name, p.name) && strings.LastIndexByte(name, '.') == len(p.name) {
				return true
			}
		}
	}
	return false
}

func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

// appendMetricName appends the name of a value with a comma before it; part is
// that of one of several, as in `http.server.request.duration.count`.
func appendMetricName(dst []byte, name, part string) []byte {
	dst = append(dst, ',')
	if part == "" {
		return pdatajson.AppendKey(dst, name)
	}
	return pdatajson.AppendKey(dst, name+"."+part)
}

// appendTotals appends count, sum, least and greatest value, where they are known.
func appendTotals(dst []byte, name string, count uint64, parts ...total) []byte {
	dst = appendMetricName(dst, name, "count")
	dst = strconv.AppendUint(dst, count, 10)
	for _, p := range parts {
		if p.known && finite(p.value) {
			dst = appendMetricName(dst, name, p.name)
			dst = pdatajson.AppendDouble(dst, p.value)
		}
	}
	return dst
}

type total struct {
	name  string
	known bool
	value float64
}

// appendSummary appends the totals and each quantile as a percentile: 0.999 is
// `name.p99_9`.
func appendSummary(dst []byte, name string, p pmetric.SummaryDataPoint) []byte {
	dst = appendTotals(dst, name, p.Count(), total{"sum", true, p.Sum()})
	var seen [32]float64
	n := 0
next:
	for _, q := range p.QuantileValues().All() {
		if !finite(q.Value()) || !(q.Quantile() >= 0 && q.Quantile() <= 1) || n == len(seen) {
			continue
		}
		for _, s := range seen[:n] {
			if s == q.Quantile() {
				continue next
			}
		}
		seen[n] = q.Quantile()
		n++
		dst = appendMetricName(dst, name, percentile(q.Quantile()))
		dst = pdatajson.AppendDouble(dst, q.Value())
	}
	return dst
}

// percentile names a quantile: 0.5 is p50, 0.999 is p99_9.
func percentile(quantile float64) string {
	b := strconv.AppendFloat([]byte{'p'}, quantile*100, 'f', -1, 64)
	if rounded := math.Round(quantile*1e8) / 1e6; math.Abs(rounded-quantile*100) < 1e-9 { // 0.07*100 is 7.000000000000001
		b = strconv.AppendFloat(b[:1], rounded, 'f', -1, 64)
	}
	for i, c := range b {
		if c == '.' {
			b[i] = '_'
		}
	}
	return string(b)
}
