package prometheusexporter

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/otlptranslator"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/internal/promseries"
)

// store holds the latest point of every series, grouped by family.
type store struct {
	expiration time.Duration

	mu         sync.Mutex // guards all below, and the rows
	translator *promseries.Translator
	families   map[string]*family
	sorted     []*family // families by name, valid unless dirty
	dirty      bool
	swept      time.Time
	scratch    []byte
}

type family struct {
	*promseries.Family
	rows  []*row
	dirty bool   // rows are not in order
	unit  string // as the formats want it: the end of the name; else empty
}

// row is one series as it is shown.
type row struct {
	series *promseries.Series
	labels string // {a="b",c="d" without the closing brace; "{" without labels
	plain  bool   // no label name needs quotes
	start  int64  // when a counter or histogram began, Unix milliseconds, 0 where unknown
	at     int    // index in family.rows
	value  float64

	histogram *promseries.Histogram
	native    *promseries.Native
	summary   *promseries.Summary
	// exemplars: the last one of a counter, the last one per bucket of a
	// histogram (index of the bucket), the latest few of a native histogram.
	exemplars []promseries.Exemplar
}

func newStore(cfg *Config) *store {
	return &store{
		expiration: cfg.SeriesExpiration,
		translator: promseries.New(promseries.Settings{
			Promote: cfg.PromoteResourceAttributes, MaxSeries: cfg.MaxSeries, OneTypePerName: true, UTF8: cfg.UTF8Names,
		}),
		families: map[string]*family{},
	}
}

// update puts a batch on the page, whole: no scrape sees half of it.
func (s *store) update(md pmetric.Metrics, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.swept) >= s.expiration/10 {
		s.expire(now)
	}
	s.translator.Translate(md, now, s.put)
}

func (s *store) put(p *promseries.Point) {
	r, _ := p.Series.Attachment.(*row)
	switch {
	case p.Stale:
		if r != nil {
			s.remove(p.Series)
			s.translator.Forget(p.Series)
		}
		return
	case r == nil:
		r = s.add(p.Series)
	}
	switch p.Series.Family.Kind {
	case promseries.KindHistogram:
		r.setHistogram(&p.Histogram)
	case promseries.KindNative:
		if r.native == nil {
			r.native = new(promseries.Native)
		}
		r.native.CopyFrom(&p.Native)
	case promseries.KindSummary:
		r.setSummary(&p.Summary)
	case promseries.KindGauge, promseries.KindCounter, promseries.KindInfo:
		r.value = p.Value
	}
	r.start = p.Start
	r.setExemplars(p.Exemplars)
}

func (s *store) add(series *promseries.Series) *row {
	f := s.families[series.Family.Name]
	if f == nil {
		f = &family{Family: series.Family, unit: unitOf(series.Family)}
		s.families[series.Family.Name] = f
		s.dirty = true
	}
	s.scratch = appendLabels(s.scratch[:0], series.Labels, func(name string) string { return name })
	r := &row{series: series, labels: string(s.scratch), at: len(f.rows)}
	r.plain = plain(r)
	f.rows = append(f.rows, r)
	f.dirty = true
	series.Attachment = r
	return r
}

// unitOf is the unit of a family where its name ends in it, as OpenMetrics wants.
func unitOf(f *promseries.Family) string {
	namer := otlptranslator.UnitNamer{}
	unit := namer.Build(f.Unit)
	if unit != "" && f.Kind != promseries.KindInfo && strings.HasSuffix(strings.TrimSuffix(f.Name, "_total"), "_"+unit) {
		return unit
	}
	return ""
}

func (s *store) remove(series *promseries.Series) {
	r, _ := series.Attachment.(*row)
	if r == nil {
		return
	}
	series.Attachment = nil
	f := s.families[series.Family.Name]
	last := len(f.rows) - 1
	f.rows[r.at] = f.rows[last]
	f.rows[r.at].at = r.at
	f.rows[last] = nil
	f.rows = f.rows[:last]
	f.dirty = true
	if last == 0 {
		delete(s.families, f.Name)
		s.dirty = true
	}
}

func (s *store) expire(now time.Time) {
	s.translator.Expire(now.Add(-s.expiration), s.remove)
	s.swept = now
}

// view calls fn with the families in order of name, each with its rows in
// order of labels. The families must not be kept.
func (s *store) view(now time.Time, fn func([]*family)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire(now)
	s.sort()
	fn(s.sorted)
}

func (s *store) sort() {
	if s.dirty {
		s.sorted = s.sorted[:0:0]
		for _, f := range s.families {
			s.sorted = append(s.sorted, f)
		}
		slices.SortFunc(s.sorted, func(a, b *family) int { return strings.Compare(a.Name, b.Name) })
		s.dirty = false
	}
	for _, f := range s.sorted {
		if !f.dirty {
			continue
		}
		slices.SortFunc(f.rows, func(a, b *row) int { return strings.Compare(a.labels, b.labels) })
		for i, r := range f.rows {
			r.at = i
		}
		f.dirty = false
	}
}

// stats are the translator's counts and how many series the page has.
func (s *store) stats() (promseries.Stats, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.translator.Stats(), s.translator.Len()
}
