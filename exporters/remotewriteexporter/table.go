package remotewriteexporter

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"
	"github.com/prometheus/otlptranslator"

	"github.com/tidewatch/tidewatch/internal/attrhash"
	"github.com/tidewatch/tidewatch/internal/promseries"
)

// symbol is a string that many series share.
type symbol struct {
	text string
	hash uint64
	kept uint64 // the last sweep that found it in use

	ref     uint32 // where it is in the table of the request with the number
	request uint64
}

// family is what the metadata of a series say.
type family struct {
	name       string
	kind       promseries.Kind
	help, unit *symbol
	kept       uint64
}

// series is one series on the wire; of a classic histogram there are many.
type series struct {
	family *family
	labels []*symbol // name, value, name, value …, sorted by name
	hash   uint64    // the same for the same labels in every process: it chooses the shard
	seen   int64     // last use, Unix milliseconds
	v1     []byte    // labels in the form of version 1, made when first needed

	exemplar int64 // time of the newest exemplar, Unix milliseconds

	layout uint64 // the layout in which slot is its group
	slot   int32
}

type familyKey struct {
	name, help, unit string
	kind             promseries.Kind
}

// table holds the series that were sent, so that what does not change is made
// once. It is bounded: what finds no room is made anew each time.
type table struct {
	max      int // series
	symbols  map[string]*symbol
	families map[familyKey]*family
	series   map[uint64]*series
	sweeps   uint64
	units    otlptranslator.UnitNamer
}

func newTable(maxSeries int) *table {
	return &table{max: maxSeries, symbols: map[string]*symbol{}, families: map[familyKey]*family{}, series: map[uint64]*series{}}
}

// symbol returns the symbol for text, which is kept.
func (t *table) symbol(text string) *symbol {
	if s, ok := t.symbols[text]; ok {
		return s
	}
	s := &symbol{text: text, hash: xxhash.Sum64String(text)}
	t.symbols[s.text] = s // swept with the series that use it
	return s
}

func (t *table) family(name string, kind promseries.Kind, help, unit string) *family {
	key := familyKey{name, help, unit, kind}
	if f, ok := t.families[key]; ok {
		return f
	}
	f := &family{name: name, kind: kind, help: t.symbol(help), unit: t.symbol(unit)}
	t.families[familyKey{f.name, f.help.text, f.unit.text, kind}] = f
	return f
}

// known is the series with these labels, kept from now on if there is room.
func (t *table) known(f *family, labels []*symbol, now int64) *series {
	hash := hashSymbols(labels)
	s, ok := t.series[hash]
	if !ok {
		s = &series{family: f, labels: slices.Clone(labels), hash: hash}
		if len(t.series) < t.max {
			t.series[hash] = s
		}
	}
	s.seen = now
	return s
}

func hashSymbols(labels []*symbol) uint64 {
	hash := uint64(len(labels))
	for _, s := range labels {
		hash = attrhash.Combine(hash, s.hash)
	}
	return hash
}

// sweep forgets the series that were not used since before, and all that only
// they used. Series in a queue keep what they need.
func (t *table) sweep(before int64) {
	t.sweeps++
	for hash, s := range t.series {
		if s.seen < before {
			delete(t.series, hash)
			continue
		}
		for _, l := range s.labels {
			l.kept = t.sweeps
		}
		f := s.family
		f.kept, f.help.kept, f.unit.kept = t.sweeps, t.sweeps, t.sweeps
	}
	for key, f := range t.families {
		if f.kept != t.sweeps {
			delete(t.families, key)
		}
	}
	for text, s := range t.symbols {
		if s.kept != t.sweeps {
			delete(t.symbols, text)
		}
	}
}

// part makes the series for one part of a metric: name with suffix and, where
// label is not empty, one more label.
func (t *table) part(p *promseries.Series, suffix, label, extra string, now int64) *series {
	type pair struct{ name, value string }
	pairs := make([]pair, 0, len(p.Labels)+2)
	pairs = append(pairs, pair{"__name__", p.Family.Name + suffix})
	for _, l := range p.Labels {
		pairs = append(pairs, pair{l.Name, l.Value})
	}
	if label != "" {
		pairs = append(pairs, pair{label, extra})
	}
	slices.SortFunc(pairs, func(a, b pair) int { return cmp.Compare(a.name, b.name) })
	labels := make([]*symbol, 0, 2*len(pairs))
	for _, l := range pairs {
		labels = append(labels, t.symbol(l.name), t.symbol(l.value))
	}
	f := t.family(p.Family.Name, p.Family.Kind, p.Family.Help, t.units.Build(p.Family.Unit))
	return t.known(f, labels, now)
}

// formatBound writes le and quantile as Prometheus does when it scrapes: 1.0, not 1.
func formatBound(v float64) string {
	s := strconv.FormatFloat(v, 'g', -1, 64)
	if v == math.Trunc(v) && !strings.Contains(s, "e") && !math.IsInf(v, 0) {
		return s + ".0"
	}
	return s
}
