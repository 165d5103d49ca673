package scrapereceiver

import (
	"encoding/hex"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

const scopeName = "github.com/tidewatch/tidewatch/receivers/scrapereceiver"

// value is what a line has beside its series.
type value struct {
	at, start pcommon.Timestamp
	number    float64
	integers  *histogram.Histogram
	floats    *histogram.FloatHistogram
}

func fromMillis(ms int64) pcommon.Timestamp { return pcommon.Timestamp(ms) * 1e6 } //nolint:gosec // a time of this era

// batch makes the metrics of one scrape.
type batch struct {
	t       *target
	md      pmetric.Metrics
	at      pcommon.Timestamp
	origins map[origin]pmetric.ScopeMetrics
	places  map[[2]string]pmetric.ResourceMetrics // by job and instance
	metrics []openMetric                          // by slot
	groups  []*assembly                           // by group
	order   []int                                 // groups in the order of the page
}

type openMetric struct {
	metric pmetric.Metric
	open   bool
	hashes []uint64 // of the labels of a counter's points
}

func newBatch(t *target, now time.Time) *batch {
	return &batch{
		t: t, md: pmetric.NewMetrics(), at: pcommon.NewTimestampFromTime(now),
		origins: map[origin]pmetric.ScopeMetrics{}, places: map[[2]string]pmetric.ResourceMetrics{},
		metrics: make([]openMetric, len(t.cache.slots)), groups: make([]*assembly, len(t.cache.groups)),
	}
}

// resource is the one of a job and instance.
func (b *batch) resource(job, instance string) pmetric.ResourceMetrics {
	key := [2]string{job, instance}
	rm, ok := b.places[key]
	if !ok {
		rm = b.md.ResourceMetrics().AppendEmpty()
		b.t.describe(rm.Resource().Attributes(), job, instance)
		b.places[key] = rm
	}
	return rm
}

// scope is the one of an origin; without a name it is this receiver.
func (b *batch) scope(o origin) pmetric.ScopeMetrics {
	sm, ok := b.origins[o]
	if !ok {
		sm = b.resource(o.job, o.instance).ScopeMetrics().AppendEmpty()
		sm.Scope().SetName(scopeName)
		if o.scope != "" {
			sm.Scope().SetName(o.scope)
			sm.Scope().SetVersion(o.version)
			sm.SetSchemaUrl(o.schema)
		}
		b.origins[o] = sm
	}
	return sm
}

// metric is the one of a slot.
func (b *batch) metric(i int) pmetric.Metric {
	for len(b.metrics) <= i {
		b.metrics = append(b.metrics, openMetric{})
	}
	m := &b.metrics[i]
	if m.open {
		return m.metric
	}
	*m = openMetric{metric: b.make(b.t.cache.slots[i].slotKey), open: true}
	return m.metric
}

func (b *batch) make(key slotKey) pmetric.Metric {
	m := b.scope(key.origin).Metrics().AppendEmpty()
	m.SetName(key.name)
	m.SetDescription(key.family.help)
	m.SetUnit(unitOf(key.name, key.family.unit))
	if typ, ok := metadataType[key.family.typ]; ok {
		m.Metadata().PutStr("prometheus.type", typ)
	}
	const cumulative = pmetric.AggregationTemporalityCumulative
	switch key.shape {
	case kindCounter:
		m.SetEmptySum().SetIsMonotonic(true)
		m.Sum().SetAggregationTemporality(cumulative)
	case kindState:
		m.SetEmptySum().SetAggregationTemporality(cumulative)
	case kindBucket:
		m.SetEmptyHistogram().SetAggregationTemporality(cumulative)
	case kindQuantile:
		m.SetEmptySummary()
	case kindNative:
		// The first value decides between exponential and custom buckets.
	default:
		m.SetEmptyGauge()
	}
	return m
}

// add adds the value of a line; it is false for one that has no form here.
func (b *batch) add(s *series, v *value) bool {
	switch s.kind {
	case kindInfo:
		b.t.cache.info = s.labels
	case kindGauge:
		b.number(b.metric(s.slot).Gauge().DataPoints().AppendEmpty(), s, v)
	case kindCounter, kindState:
		b.number(b.metric(s.slot).Sum().DataPoints().AppendEmpty(), s, v)
		b.metrics[s.slot].hashes = append(b.metrics[s.slot].hashes, s.hash)
	case kindBegun:
		b.begun(s, v)
	case kindNative:
		return b.native(s, v)
	case kindBucket, kindHistogramSum, kindHistogramCount, kindQuantile, kindSummarySum, kindSummaryCount, kindCreated:
		b.assembly(s.group).add(s, v)
	case kindDropped:
	}
	return true
}

func (b *batch) number(p pmetric.NumberDataPoint, s *series, v *value) {
	p.SetTimestamp(v.at)
	p.SetStartTimestamp(v.start)
	p.SetDoubleValue(v.number)
	putLabels(p.Attributes(), s.labels)
}

// near is how many points may be between a counter and its start.
const near = 16

// begun sets when a counter began; the line comes after the counter's.
func (b *batch) begun(s *series, v *value) {
	dps := b.metric(s.slot).Sum().DataPoints()
	hashes := b.metrics[s.slot].hashes
	for i := len(hashes) - 1; i >= max(len(hashes)-near, 0); i-- {
		if hashes[i] == s.hash {
			dps.At(i).SetStartTimestamp(fromSeconds(v.number))
			return
		}
	}
}

// fromSeconds is zero for what is no time.
func fromSeconds(v float64) pcommon.Timestamp {
	if !(v > 0 && v < 1e10) { // not a number, too
		return 0
	}
	return pcommon.Timestamp(v*1e3) * 1e6
}

func putLabels(attrs pcommon.Map, ls labels.Labels) {
	attrs.EnsureCapacity(ls.Len())
	ls.Range(func(l labels.Label) { attrs.PutStr(l.Name, l.Value) })
}

// exemplar adds an example to the point that was added last for a series.
func (b *batch) exemplar(s *series, e *exemplar.Exemplar, at pcommon.Timestamp) {
	var to pmetric.ExemplarSlice
	switch s.kind {
	case kindCounter:
		dps := b.metric(s.slot).Sum().DataPoints()
		to = dps.At(dps.Len() - 1).Exemplars()
	case kindBucket:
		b.assembly(s.group).exemplars = append(b.assembly(s.group).exemplars, *e)
		return
	case kindNative:
		switch m := b.metric(s.slot); m.Type() {
		case pmetric.MetricTypeHistogram:
			to = m.Histogram().DataPoints().At(m.Histogram().DataPoints().Len() - 1).Exemplars()
		case pmetric.MetricTypeExponentialHistogram:
			to = m.ExponentialHistogram().DataPoints().At(m.ExponentialHistogram().DataPoints().Len() - 1).Exemplars()
		default:
			return
		}
	default:
		return
	}
	putExemplar(to.AppendEmpty(), e, at)
}

func putExemplar(to pmetric.Exemplar, e *exemplar.Exemplar, at pcommon.Timestamp) {
	to.SetDoubleValue(e.Value)
	to.SetTimestamp(at)
	if e.HasTs {
		to.SetTimestamp(fromMillis(e.Ts))
	}
	e.Labels.Range(func(l labels.Label) {
		switch l.Name {
		case "trace_id":
			var id pcommon.TraceID
			if n, err := hex.Decode(id[:], []byte(l.Value[:min(len(l.Value), 32)])); err == nil && n == 16 && len(l.Value) == 32 {
				to.SetTraceID(id)
				return
			}
		case "span_id":
			var id pcommon.SpanID
			if n, err := hex.Decode(id[:], []byte(l.Value[:min(len(l.Value), 16)])); err == nil && n == 8 && len(l.Value) == 16 {
				to.SetSpanID(id)
				return
			}
		}
		to.FilteredAttributes().PutStr(l.Name, l.Value)
	})
}

// end marks the end of the series that over says, and forgets them.
func (b *batch) end(over func(*series) bool) (points int) {
	c := b.t.cache
	metrics := map[slotKey]pmetric.Metric{}
	for text, s := range c.series {
		if !over(s) {
			continue
		}
		if s.kind == kindDropped || s.kind == kindInfo || s.kind == kindBegun {
			c.forget(text, s)
			continue
		}
		ls, i := s.labels, s.slot
		if s.kind.grouped() {
			ls, i = c.groups[s.group].labels, c.groups[s.group].slot
		}
		key, custom := c.slots[i].slotKey, c.slots[i].custom
		if !c.forget(text, s) {
			continue
		}
		points++
		m, ok := metrics[key]
		if !ok {
			m = b.make(key)
			if custom {
				m.SetEmptyHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
			} else if key.shape == kindNative {
				m.SetEmptyExponentialHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
			}
			metrics[key] = m
		}
		b.stale(m, ls)
	}
	if c.empty() {
		info := c.info
		*c = *newCache()
		c.info = info
	}
	return points
}

var noValue = pmetric.DefaultDataPointFlags.WithNoRecordedValue(true)

// stale adds a point without a value.
func (b *batch) stale(m pmetric.Metric, ls labels.Labels) {
	var p interface {
		SetTimestamp(pcommon.Timestamp)
		SetFlags(pmetric.DataPointFlags)
		Attributes() pcommon.Map
	}
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		p = m.Gauge().DataPoints().AppendEmpty()
	case pmetric.MetricTypeSum:
		p = m.Sum().DataPoints().AppendEmpty()
	case pmetric.MetricTypeHistogram:
		p = m.Histogram().DataPoints().AppendEmpty()
	case pmetric.MetricTypeExponentialHistogram:
		p = m.ExponentialHistogram().DataPoints().AppendEmpty()
	case pmetric.MetricTypeSummary:
		p = m.Summary().DataPoints().AppendEmpty()
	case pmetric.MetricTypeEmpty:
		return
	}
	p.SetTimestamp(b.at)
	p.SetFlags(noValue)
	putLabels(p.Attributes(), ls)
}

// finish makes the points that several lines make, and the resource that target_info
// describes.
func (b *batch) finish() {
	for _, i := range b.order {
		g := b.t.cache.groups[i]
		b.groups[i].finish(b.metric(g.slot), g.labels)
	}
	for _, sm := range b.origins { // native histograms that have no form here, and counters that only began
		sm.Metrics().RemoveIf(func(m pmetric.Metric) bool {
			return m.Type() == pmetric.MetricTypeEmpty || m.Type() == pmetric.MetricTypeSum && m.Sum().DataPoints().Len() == 0
		})
	}
	if rm, ok := b.places[[2]string{b.t.name, b.t.instance}]; ok { // target_info may come last
		b.t.describe(rm.Resource().Attributes(), b.t.name, b.t.instance)
	}
}

// describe writes the attributes of the resource of a job and instance. That of the
// target itself has what target_info said last, too.
func (t *target) describe(attrs pcommon.Map, job, instance string) {
	for _, a := range append(t.identity(job, instance), t.resource...) {
		if a.value != "" {
			attrs.PutStr(a.key, a.value)
		}
	}
	if job != t.name || instance != t.instance {
		return
	}
	t.cache.info.Range(func(l labels.Label) {
		if l.Name == model.MetricNameLabel || l.Name == model.JobLabel || l.Name == model.InstanceLabel || t.labels.Has(l.Name) {
			return
		}
		if _, ok := attrs.Get(l.Name); !ok {
			attrs.PutStr(l.Name, l.Value)
		}
	})
}

// units in the spelling of OpenTelemetry.
var units = map[string]string{
	"seconds": "s", "milliseconds": "ms", "bytes": "By", "ratio": "1", "celsius": "Cel", "meters": "m", "volts": "V", "amperes": "A", "joules": "J", "grams": "g", "percent": "%",
}

// unitOf is the unit of a metric whose name says so too, as OpenMetrics asks for. Of
// another the exporters would change the name.
func unitOf(name, unit string) string {
	if unit == "" || !strings.HasSuffix(strings.TrimSuffix(name, "_total"), "_"+unit) {
		return ""
	}
	if known, ok := units[unit]; ok {
		return known
	}
	return unit
}
