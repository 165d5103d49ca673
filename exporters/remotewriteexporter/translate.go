package remotewriteexporter

import (
	"math"
	"slices"

	"github.com/tidewatch/tidewatch/internal/promseries"
)

// staleNaN is the value by which Prometheus knows that a series has ended
// (model/value.StaleNaN).
var staleNaN = math.Float64frombits(0x7ff0000000000002)

// parts are the series on the wire that one series of the model has, and what is
// known of its course. They are its attachment in the translator.
type parts struct {
	one    *series // of all kinds but classic histograms and summaries
	many   *spread // of those
	last   int64   // time of the newest point, Unix milliseconds
	seen   int64   // when it came
	gap    int64   // about the longest time between two of the last points
	marked bool    // a stale marker is the newest that was sent
}

// spread is a classic histogram or a summary.
type spread struct {
	at     []float64 // bounds or quantiles
	series []*series // one for each of at, and then +Inf (histograms only), sum and count
}

// collector turns the points of a translation into what a batch holds.
type collector struct {
	table   *table
	custom  bool // classic histograms become native ones with custom buckets
	now     int64
	batch   *batch
	samples []sample
}

func (c *collector) add(p *promseries.Point) {
	a, _ := p.Series.Attachment.(*parts)
	if a == nil {
		a = &parts{}
		p.Series.Attachment = a
	}
	a.saw(p, c.now)
	switch p.Series.Family.Kind {
	case promseries.KindHistogram:
		if c.custom {
			c.native(p, a, appendCustom)
			return
		}
		c.histogram(p, a)
	case promseries.KindNative:
		c.native(p, a, appendNative)
	case promseries.KindSummary:
		c.summary(p, a)
	case promseries.KindCounter:
		c.one(p, a, p.Start)
		c.exemplars(a.one, p.Exemplars, math.Inf(-1), math.Inf(1))
	case promseries.KindGauge, promseries.KindInfo:
		c.one(p, a, 0)
	}
}

// saw notes when a point came, to know later when the next is overdue.
func (a *parts) saw(p *promseries.Point, now int64) {
	if a.seen > 0 && now > a.seen {
		a.gap = max(now-a.seen, a.gap-a.gap/8)
	}
	a.seen, a.last, a.marked = now, max(a.last, p.Time), p.Stale
}

func (c *collector) one(p *promseries.Point, a *parts, start int64) {
	c.only(p, a)
	c.sample(p, a.one, start, p.Value)
}

// only makes the one part. The labels are in it, so that the model's are free.
func (c *collector) only(p *promseries.Point, a *parts) {
	if a.one == nil {
		a.one = c.table.part(p.Series, "", "", "", c.now)
		p.Series.Labels = nil
	}
}

// sample adds one sample; stale points get the stale marker whatever the value.
func (c *collector) sample(p *promseries.Point, s *series, start int64, v float64) {
	s.seen = c.now
	switch {
	case p.Stale:
		v, start = staleNaN, 0
	case start >= p.Time: // says nothing
		start = 0
	}
	c.samples = append(c.samples, sample{series: s, time: p.Time, start: start, value: v})
}

func (c *collector) histogram(p *promseries.Point, a *parts) {
	h, bounds := &p.Histogram, p.Series.Bounds // the last known bounds; a stale point has none
	if a.many == nil || !slices.Equal(a.many.at, bounds) {
		all := make([]*series, 0, len(bounds)+3)
		for _, b := range bounds {
			all = append(all, c.table.part(p.Series, "_bucket", "le", formatBound(b), c.now))
		}
		all = append(all, c.table.part(p.Series, "_bucket", "le", "+Inf", c.now),
			c.table.part(p.Series, "_sum", "", "", c.now), c.table.part(p.Series, "_count", "", "", c.now))
		a.many = &spread{bounds, all}
	}
	all := a.many.series
	lower, n := math.Inf(-1), len(bounds)
	for i, upper := range bounds {
		var v float64
		if !p.Stale {
			v = float64(h.Cumulative[i])
		}
		c.sample(p, all[i], p.Start, v)
		c.exemplars(all[i], p.Exemplars, lower, upper)
		lower = upper
	}
	c.sample(p, all[n], p.Start, float64(h.Count))
	c.exemplars(all[n], p.Exemplars, lower, math.Inf(1))
	if h.HasSum || p.Stale {
		c.sample(p, all[n+1], p.Start, h.Sum)
	}
	c.sample(p, all[n+2], p.Start, float64(h.Count))
}

func (c *collector) summary(p *promseries.Point, a *parts) {
	quantiles := p.Series.Quantiles
	if a.many == nil || !slices.Equal(a.many.at, quantiles) {
		all := make([]*series, 0, len(quantiles)+2)
		for _, q := range quantiles {
			all = append(all, c.table.part(p.Series, "", "quantile", formatBound(q), c.now))
		}
		all = append(all, c.table.part(p.Series, "_sum", "", "", c.now), c.table.part(p.Series, "_count", "", "", c.now))
		a.many = &spread{quantiles, all}
	}
	all := a.many.series
	n := len(quantiles)
	for i := range quantiles {
		var v float64
		if !p.Stale {
			v = p.Summary.Values[i]
		}
		c.sample(p, all[i], 0, v)
	}
	c.sample(p, all[n], p.Start, p.Summary.Sum)
	c.sample(p, all[n+1], p.Start, float64(p.Summary.Count))
}

// native adds a histogram in the encoding that append makes.
func (c *collector) native(p *promseries.Point, a *parts, encode func([]byte, *promseries.Point) []byte) {
	c.only(p, a)
	a.one.seen = c.now
	n := native{series: a.one, time: p.Time, start: p.Start}
	if p.Stale {
		n.start, n.body = 0, appendStale(nil, p.Time)
	} else {
		n.body = encode(nil, p)
	}
	if n.start >= n.time {
		n.start = 0
	}
	c.batch.natives = append(c.batch.natives, n)
	c.exemplars(a.one, p.Exemplars, math.Inf(-1), math.Inf(1))
}

// exemplars adds those with a value above lower and up to upper. What came before
// is left out: sources repeat their exemplars, and receivers refuse old ones.
func (c *collector) exemplars(s *series, all []promseries.Exemplar, lower, upper float64) {
	before := s.exemplar
	for _, e := range all {
		if len(e.Labels) == 0 || e.Time <= before || e.Value > upper || (e.Value <= lower && !math.IsInf(lower, -1)) {
			continue
		}
		s.exemplar = max(s.exemplar, e.Time)
		c.batch.exemplars = append(c.batch.exemplars, exemplar{series: s, labels: slices.Clone(e.Labels), value: e.Value, time: e.Time})
	}
}

// end adds the stale markers of a series whose points have ceased to come.
func (c *collector) end(s *promseries.Series, a *parts) {
	p := promseries.Point{Series: s, Time: a.last + 1, Stale: true}
	seen, gap := a.seen, a.gap
	c.add(&p)
	a.seen, a.gap = seen, gap // a marker is no point
}
