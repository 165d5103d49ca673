package promseries

import (
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/prometheus/otlptranslator"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/internal/attrhash"
)

// maxMetrics bounds the cache from a metric's name, unit and type to its family.
const maxMetrics = 65536

// Settings of a translator.
type Settings struct {
	// Promote are the resource attributes that become labels; nil means
	// DefaultPromoted.
	Promote []string
	// MaxSeries is how many series are remembered at most.
	MaxSeries int
	// PassOverflow lets points of series beyond MaxSeries through, translated anew
	// each time; deltas are refused even so, since their sum must be remembered.
	// Without it all points of new series are refused while MaxSeries are known.
	PassOverflow bool
	// UTF8 keeps names as they are, with suffixes for unit and type, in place of
	// underscores for what was not valid before Prometheus 3.
	UTF8 bool
	// OneTypePerName refuses metrics whose name is taken by a family of another type.
	OneTypePerName bool
}

// Stats count what a translator refused or had to decide, since it was made.
type Stats struct {
	// RefusedSeries counts points of series beyond MaxSeries.
	RefusedSeries int64
	// TypeConflicts counts points refused because another type has the name.
	TypeConflicts int64
	// HelpConflicts counts metrics that describe a family in other words than the first.
	HelpConflicts int64
	// Collisions counts identities that map to a series that another one has.
	Collisions int64
	// DuplicateDeltas counts delta points that were there before.
	DuplicateDeltas int64
	// Unsupported counts points without a Prometheus form: no name, no type, no
	// temporality, or a native histogram coarser than schema -4.
	Unsupported int64
}

// Refused is the number of points that were not passed on.
func (s Stats) Refused() int64 {
	return s.RefusedSeries + s.TypeConflicts + s.DuplicateDeltas + s.Unsupported
}

// Translator translates batches and remembers series between them. It is not
// safe for concurrent use. No string of a batch is kept.
type Translator struct {
	settings  Settings
	stats     Stats
	namer     otlptranslator.MetricNamer
	names     labelNames
	resources map[uint64]*resource
	metrics   map[uint64]*Family
	families  map[familyKey]*Family
	ids       map[uint64]*Series // by identity in the OpenTelemetry model
	series    map[uint64]*Series // by Series.Hash
	last      *Series            // the one found last
	now       int64
	out       Point
	scratch   struct {
		pairs     []pair
		exemplars []Exemplar
	}
}

type familyKey struct {
	name string
	kind Kind
}

// New returns a translator. MaxSeries must be positive.
func New(settings Settings) *Translator {
	if settings.Promote == nil {
		settings.Promote = DefaultPromoted
	}
	strategy := otlptranslator.UnderscoreEscapingWithSuffixes
	if settings.UTF8 {
		strategy = otlptranslator.NoUTF8EscapingWithSuffixes
	}
	return &Translator{
		settings:  settings,
		namer:     otlptranslator.NewMetricNamer("", strategy),
		names:     labelNames{namer: otlptranslator.LabelNamer{UTF8Allowed: settings.UTF8}, known: map[string]string{}, values: map[string]string{}},
		resources: map[uint64]*resource{},
		metrics:   map[uint64]*Family{},
		families:  map[familyKey]*Family{},
		ids:       map[uint64]*Series{},
		series:    map[uint64]*Series{},
	}
}

// Stats are the counts so far.
func (t *Translator) Stats() Stats { return t.stats }

// Len is how many series are remembered.
func (t *Translator) Len() int { return len(t.series) }

// Translate calls fn for every point of md in the order of md, then for
// target_info of each resource. Points without a timestamp get now.
func (t *Translator) Translate(md pmetric.Metrics, now time.Time, fn func(*Point)) {
	t.now = now.UnixMilli()
	for _, rm := range md.ResourceMetrics().All() {
		r := t.resource(rm.Resource().Attributes())
		var latest int64
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				latest = max(latest, t.metric(r, m, fn))
			}
		}
		if latest > 0 {
			t.targetInfo(r, latest, fn)
		}
	}
}

// Each calls fn for each series that is remembered, in no order, until fn
// returns false. fn must not translate.
func (t *Translator) Each(fn func(*Series) bool) {
	for _, s := range t.series {
		if !fn(s) {
			return
		}
	}
}

// Expire forgets series that had no point since before, after calling fn (which
// may be nil) for each, and the families that are left without a series.
func (t *Translator) Expire(before time.Time, fn func(*Series)) {
	limit := before.UnixMilli()
	for _, s := range t.series {
		if s.seen < limit {
			if fn != nil {
				fn(s)
			}
			t.Forget(s)
		}
	}
}

// Forget drops a series; a later point of it starts anew.
func (t *Translator) Forget(s *Series) {
	if !s.kept {
		return
	}
	s.kept, s.next = false, nil
	if t.last == s {
		t.last = nil
	}
	delete(t.series, s.Hash)
	for _, id := range s.ids {
		delete(t.ids, id)
	}
	if s.Family.series--; s.Family.series == 0 {
		delete(t.families, familyKey{s.Family.Name, t.keyKind(s.Family.Kind)})
		for k, f := range t.metrics {
			if f == s.Family {
				delete(t.metrics, k)
			}
		}
	}
}

// keyKind is the kind under which a family is kept: one for all where a name
// may have one type only.
func (t *Translator) keyKind(k Kind) Kind {
	if t.settings.OneTypePerName {
		return 0
	}
	return k
}

// family is the family of a name. It is false when another type has the name.
func (t *Translator) family(name string, kind Kind, describe func() (help, unit string)) (*Family, bool) {
	key := familyKey{name, t.keyKind(kind)}
	help, unit := describe()
	f, ok := t.families[key]
	switch {
	case !ok:
		if len(t.families) > t.settings.MaxSeries && !t.settings.PassOverflow {
			return nil, false
		}
		f = &Family{Name: clone(name), Kind: kind, Help: cleanValue(help), Unit: clone(unit)}
		if len(t.families) <= t.settings.MaxSeries {
			key.name = f.Name
			t.families[key] = f
		}
	case f.Kind != kind:
		return nil, false
	case f.Help != help:
		t.stats.HelpConflicts++
	}
	return f, true
}

// metricFamily finds the family of m through a cache that spares building names.
func (t *Translator) metricFamily(m pmetric.Metric, kind Kind) (*Family, uint64, bool) {
	id := attrhash.Combine(attrhash.Combine(xxhash.Sum64String(m.Name()), xxhash.Sum64String(m.Unit())), uint64(kind))
	if f, ok := t.metrics[id]; ok {
		return f, id, true
	}
	name, err := t.namer.Build(otlptranslator.Metric{Name: strings.ToValidUTF8(m.Name(), "_"), Unit: m.Unit(), Type: kind.namer()})
	if err != nil {
		t.stats.Unsupported += int64(points(m))
		return nil, 0, false
	}
	f, ok := t.family(name, kind, func() (string, string) { return m.Description(), m.Unit() })
	if !ok {
		t.stats.TypeConflicts += int64(points(m))
		return nil, 0, false
	}
	if len(t.metrics) >= maxMetrics {
		clear(t.metrics)
	}
	t.metrics[id] = f
	return f, id, true
}

// known is the series of an identity, or nil. Sources send their series in the
// same order each time: the one that came next the last time is looked at first.
func (t *Translator) known(id uint64) *Series {
	var s *Series
	if t.last != nil {
		s = t.last.next
	}
	if s == nil || s.id != id || !s.kept {
		if s = t.ids[id]; s == nil {
			return nil
		}
		s.id = id
		if t.last != nil {
			t.last.next = s
		}
	}
	s.seen, t.last = t.now, s
	return s
}

// maxAliases is how many identities one series remembers.
const maxAliases = 16

// remember makes the series of an identity that is not known, or finds the one
// that another identity with the same labels made. It is nil when refused.
func (t *Translator) remember(id uint64, f *Family, labels []Label, delta bool) *Series {
	hash := hashLabels(f.Name, labels)
	s, ok := t.series[hash]
	switch {
	case ok:
		t.stats.Collisions++
		if len(s.ids) >= maxAliases {
			delete(t.ids, s.ids[0])
			s.ids = s.ids[:copy(s.ids, s.ids[1:])]
		}
	case len(t.series) >= t.settings.MaxSeries:
		if delta || !t.settings.PassOverflow {
			t.stats.RefusedSeries++
			return nil
		}
		return &Series{Family: f, Labels: labels, Hash: hash}
	default:
		s = &Series{Family: f, Labels: labels, Hash: hash, kept: true}
		t.series[hash] = s
		f.series++
	}
	s.ids = append(s.ids, id)
	s.seen = t.now
	t.ids[id] = s
	return s
}

// find is the series for a point of f, or nil when it is refused.
func (t *Translator) find(r *resource, f *Family, metric uint64, attrs pcommon.Map, delta bool) *Series {
	id := attrhash.Combine(attrhash.Combine(r.hash, attrhash.Map(attrs)), metric)
	if s := t.known(id); s != nil {
		return s
	}
	reserved := []string{"job", "instance"}
	switch f.Kind {
	case KindHistogram, KindNative:
		reserved = append(reserved, "le")
	case KindSummary:
		reserved = append(reserved, "quantile")
	case KindGauge, KindCounter, KindInfo:
	}
	t.scratch.pairs = t.names.appendAttrs(t.scratch.pairs[:0], attrs, reserved...)
	labels := addMissing(merge(t.scratch.pairs, len(r.labels)), r.labels)
	clear(t.scratch.pairs)
	return t.remember(id, f, labels, delta)
}

// point resets the point that is passed to the callback.
func (t *Translator) point(s *Series, at, start int64) *Point {
	p := &t.out
	p.Series, p.Time, p.Start, p.Stale, p.Value = s, at, start, false, 0
	p.Exemplars = p.Exemplars[:0]
	return p
}
