// Package localstore is the agent's short memory: the last hour of watched
// series, the log patterns, findings, recent lines, traces and services that the
// local page shows. Everything in it is bounded, lives in memory only and is lost at
// exit; the backends keep history, this keeps an agent useful without any.
//
// The clock is the caller's: every write carries its time. Strings handed to
// the store may be reused by the caller afterwards, the store copies what it
// keeps. All methods are safe for concurrent use and hold a lock for one record
// or one copy of an answer only.
package localstore

import (
	"math"
	"strings"
	"time"
)

// Other is the pattern that takes the counts of evicted patterns, so that
// counts always add up to the lines seen.
const Other = "<other>"

// Options bounds a store. A zero or negative field takes its default.
type Options struct {
	// MaxSeries is the number of watched series. A host with the default scrapers
	// has 150 to 400.
	MaxSeries int
	// PointsPerSeries is the length of a series' ring: 360 points are one hour at
	// one point in 10 s.
	PointsPerSeries int
	// MaxPatterns is the number of log patterns.
	MaxPatterns int
	// MaxFindings is the number of findings, resolved ones leave first.
	MaxFindings int
	// MaxLogs is the number of recent lines of any severity; as many again of
	// severity WARN and above are kept apart, so that chatter can't displace them. There
	// are fewer of them where lines have more than 400 bytes on average.
	MaxLogs int
	// MaxTraces and MaxSpans bound the traces and all their spans together.
	MaxTraces int
	MaxSpans  int
}

// DefaultOptions needs 9 to 10 MB when every bound is reached.
func DefaultOptions() Options {
	return Options{
		MaxSeries:       500,
		PointsPerSeries: 360,
		MaxPatterns:     1000,
		MaxFindings:     200,
		MaxLogs:         3000,
		MaxTraces:       200,
		MaxSpans:        2000,
	}
}

func (o Options) withDefaults() Options {
	d := DefaultOptions()
	for _, f := range []struct {
		value    *int
		fallback int
	}{
		{&o.MaxSeries, d.MaxSeries},
		{&o.PointsPerSeries, d.PointsPerSeries},
		{&o.MaxPatterns, d.MaxPatterns},
		{&o.MaxFindings, d.MaxFindings},
		{&o.MaxLogs, d.MaxLogs},
		{&o.MaxTraces, d.MaxTraces},
		{&o.MaxSpans, d.MaxSpans},
	} {
		if *f.value <= 0 {
			*f.value = f.fallback
		}
	}
	return o
}

// Store holds everything. Each part has its own lock.
type Store struct {
	series   seriesTable
	patterns patternTable
	findings findingTable
	logs     logRings
	traces   traceTable
	services serviceTable
}

// New returns an empty store.
func New(o Options) *Store {
	o = o.withDefaults()
	s := &Store{}
	s.series.init(o.MaxSeries, o.PointsPerSeries)
	s.patterns.init(o.MaxPatterns)
	s.findings.init(o.MaxFindings)
	s.logs.init(o.MaxLogs)
	s.traces.init(o.MaxTraces, o.MaxSpans)
	s.services.init()
	return s
}

// Attr is one attribute with its value as text.
type Attr struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Totals counts what was written since the start and what had to go.
type Totals struct {
	Points   uint64 `json:"points"`
	Logs     uint64 `json:"logs"`
	Findings uint64 `json:"findings"`
	Spans    uint64 `json:"spans"`

	// Series and Patterns are the numbers held now.
	Series   int `json:"series"`
	Patterns int `json:"patterns"`
	Traces   int `json:"traces"`
	// Lines is how many recent lines can be looked at.
	Lines int `json:"lines"`
	// Services counts services and their operations, Edges who calls whom.
	Services int `json:"services"`
	Edges    int `json:"edges"`

	EvictedSeries   uint64 `json:"evicted_series"`
	EvictedPatterns uint64 `json:"evicted_patterns"`
	EvictedFindings uint64 `json:"evicted_findings"`
	EvictedTraces   uint64 `json:"evicted_traces"`
	EvictedServices uint64 `json:"evicted_services"`
	// RefusedPoints were of series for which there was no room; LatePoints came before the newest point of their series and fitted no point
	// held; DroppedSpans exceeded what one trace may hold.
	RefusedPoints uint64 `json:"refused_points"`
	LatePoints    uint64 `json:"late_points"`
	DroppedSpans  uint64 `json:"dropped_spans"`
}

// Totals returns the counters.
func (s *Store) Totals() Totals {
	var t Totals
	s.series.total(&t)
	s.patterns.total(&t)
	s.findings.total(&t)
	s.logs.total(&t)
	s.traces.total(&t)
	s.services.total(&t)
	return t
}

// Bounds of the text that is kept of one record, in bytes.
const (
	maxLine     = 1024
	maxTemplate = 512
	maxName     = 256
)

// clip copies s, cut to n bytes at a character's start.
func clip(s string, n int) string {
	return strings.Clone(cut(s, n))
}

// cut returns the first n bytes of s or a little less, so that no character is
// cut in two.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n]
}

// seconds is t as Unix seconds, 0 for times that don't fit.
func seconds(t time.Time) uint32 {
	u := t.Unix()
	if u < 0 || u > math.MaxUint32 {
		return 0
	}
	return uint32(u)
}
