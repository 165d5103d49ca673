package patternconnector

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/logpattern"
	"github.com/tidewatch/tidewatch/signals"
)

// attrSeverity tells the lines of a service apart; it is the short name of the
// severity, "unspecified" if the record has none.
const attrSeverity = "severity"

var severities = [...]string{"unspecified", "trace", "debug", "info", "warn", "error", "fatal"}

func severityIndex(n plog.SeverityNumber) int {
	if n <= 0 || n > plog.SeverityNumberFatal4 {
		return 0
	}
	return 1 + int(n-1)/4
}

// series is one pattern's count. A pattern without a series of its own has only
// a weight, and its lines are counted as <other>.
type series struct {
	id       string
	admitted bool
	start    time.Time // since when value is counted
	value    int64
	fresh    int64   // lines since the last collect
	weight   float64 // lines, halved every ten minutes
}

// halfLife is how fast a pattern's weight is forgotten.
const halfLife = 10 * time.Minute

// counts holds the counters of one service. A series, once it exists, only
// grows; when its pattern gives way to a busier one it ends, and begins again
// from zero, with a new start, should the pattern come back.
type counts struct {
	entity    pcommon.Map
	start     time.Time
	patterns  map[string]*series
	admitted  int
	other     int64
	lines     [len(severities)]int64
	collected time.Time
	used      time.Time
}

func newCounts(entity pcommon.Map, now time.Time) *counts {
	return &counts{entity: entity, start: now, patterns: map[string]*series{}, collected: now}
}

// add counts one record. top is how many patterns have a series.
func (c *counts) add(id string, sev plog.SeverityNumber, top int, now time.Time) {
	c.lines[severityIndex(sev)]++
	c.used = now
	if id == "" {
		return
	}
	s := c.patterns[id]
	if s == nil && id != logpattern.OtherID && len(c.patterns) < 4*top {
		s = &series{id: strings.Clone(id)}
		c.patterns[s.id] = s
		if c.admitted < top {
			c.admit(s)
		}
	}
	switch {
	case s == nil:
		c.other++
		return
	case s.admitted:
		s.value++
	default:
		c.other++
	}
	s.fresh++
}

// admit starts the series of s. It starts at the last collection, when it was
// zero for certain.
func (c *counts) admit(s *series) {
	s.admitted, s.value, s.start = true, 0, c.collected
	c.admitted++
}

// collect appends the metrics of the service and lets busier patterns take the
// places of quieter ones.
func (c *counts) collect(md pmetric.Metrics, now time.Time) {
	rm := md.ResourceMetrics().AppendEmpty()
	c.entity.CopyTo(rm.Resource().Attributes())
	sm := rm.ScopeMetrics().AppendEmpty()
	sm.Scope().SetName(scope)
	ts := pcommon.NewTimestampFromTime(now)

	lines := sum(sm, signals.MetricLogLines, "Log records per severity.")
	for i, n := range c.lines {
		if n > 0 {
			point(lines, attrSeverity, severities[i], n, c.start, ts)
		}
	}
	patterns := sum(sm, signals.MetricPatternLines, "Log records per pattern.")
	list := c.sorted()
	for _, s := range list {
		if s.admitted {
			point(patterns, signals.AttrPatternID, s.id, s.value, s.start, ts)
		}
	}
	if c.other > 0 {
		point(patterns, signals.AttrPatternID, logpattern.OtherID, c.other, c.start, ts)
	}
	if patterns.DataPoints().Len() == 0 { // no record had a pattern
		sm.Metrics().RemoveIf(func(m pmetric.Metric) bool { return m.Name() == signals.MetricPatternLines })
	}
	c.age(list, now)
	c.collected = now
	c.swap(list)
}

func (c *counts) sorted() []*series {
	list := make([]*series, 0, len(c.patterns))
	for _, s := range c.patterns {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b *series) int { return strings.Compare(a.id, b.id) })
	return list
}

// age halves the weights by the time passed; candidates of no weight are
// forgotten.
func (c *counts) age(list []*series, now time.Time) {
	keep := math.Exp2(-float64(now.Sub(c.collected)) / float64(halfLife))
	for _, s := range list {
		s.weight = s.weight*keep + float64(s.fresh)
		s.fresh = 0
		if !s.admitted && s.weight < 0.5 {
			delete(c.patterns, s.id)
		}
	}
}

// swap gives the place of a quiet pattern to one that has more than twice its
// weight, and a few at a time, so that series do not flicker.
func (c *counts) swap(list []*series) {
	var in, out []*series
	for _, s := range list {
		if s.admitted {
			out = append(out, s)
		} else {
			in = append(in, s)
		}
	}
	byWeight := func(a, b *series) int { return cmp.Compare(a.weight, b.weight) }
	slices.SortStableFunc(out, byWeight)
	slices.SortStableFunc(in, func(a, b *series) int { return byWeight(b, a) })
	for i := range min(len(in), len(out), 1+len(out)/8) {
		if in[i].weight < 2*out[i].weight+10 {
			return
		}
		out[i].admitted, out[i].value = false, 0
		c.admitted--
		c.admit(in[i])
	}
}

func sum(sm pmetric.ScopeMetrics, name, description string) pmetric.Sum {
	m := sm.Metrics().AppendEmpty()
	m.SetName(name)
	m.SetUnit("{record}")
	m.SetDescription(description)
	s := m.SetEmptySum()
	s.SetIsMonotonic(true)
	s.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	return s
}

func point(s pmetric.Sum, key, value string, n int64, start time.Time, ts pcommon.Timestamp) {
	p := s.DataPoints().AppendEmpty()
	p.Attributes().PutStr(key, value)
	p.SetIntValue(n)
	p.SetStartTimestamp(pcommon.NewTimestampFromTime(start))
	p.SetTimestamp(ts)
}
