package promseries

import "github.com/prometheus/otlptranslator"

// Kind is the Prometheus type of a family.
type Kind uint8

// The kinds. KindNative is a native histogram, which a text page shows as a
// classic one.
const (
	KindGauge Kind = iota
	KindCounter
	KindHistogram
	KindNative
	KindSummary
	KindInfo
)

var kindNames = [...]string{"gauge", "counter", "histogram", "histogram", "summary", "info"}

// String is the type's name in the OpenMetrics format.
func (k Kind) String() string { return kindNames[k] }

func (k Kind) namer() otlptranslator.MetricType {
	switch k {
	case KindCounter:
		return otlptranslator.MetricTypeMonotonicCounter
	case KindHistogram:
		return otlptranslator.MetricTypeHistogram
	case KindNative:
		return otlptranslator.MetricTypeExponentialHistogram
	case KindSummary:
		return otlptranslator.MetricTypeSummary
	case KindGauge, KindInfo:
		return otlptranslator.MetricTypeGauge
	}
	return otlptranslator.MetricTypeUnknown
}

// Label is one name and value of a series.
type Label struct{ Name, Value string }

// Family is what the series of one name have in common. It does not change
// after it was made.
type Family struct {
	// Name is the name on the wire; a counter's ends in _total.
	Name string
	Kind Kind
	// Help is the description of the first metric that brought the family.
	Help string
	// Unit is the unit in OpenTelemetry's spelling.
	Unit string

	series int // how many remembered series belong to it
}

// Series is one identity. Labels are sorted by name, unique, and hold no
// __name__; they do not change, but the user may set them to nil for good.
type Series struct {
	Family *Family
	Labels []Label
	// Hash is a hash over the family's name and the labels: stable across
	// restarts, so that it can choose a shard.
	Hash uint64
	// Bounds are the upper bounds of the last classic histogram seen, without
	// +Inf; a stale marker needs them, since it comes without buckets.
	Bounds []float64
	// Quantiles are those of the last summary seen, for the same reason.
	Quantiles []float64
	// Attachment belongs to the user of the translator.
	Attachment any

	ids  []uint64 // identities in the OpenTelemetry model that map to this series
	id   uint64   // the one of them by which it was found last
	next *Series  // the series that was found after this one the last time
	seen int64    // last use, Unix milliseconds
	kept bool     // false for a series that the translator does not remember
	acc  *accumulator
}

// Point is one value of a series. A point and all that it refers to, except the
// Series, belongs to the translator and is valid until the callback returns.
type Point struct {
	Series *Series
	// Time and Start are Unix milliseconds; Start is 0 where unknown.
	Time, Start int64
	// Stale says that the series has ended; the values are not set.
	Stale bool
	// Value is set for gauges, counters and info.
	Value     float64
	Histogram Histogram
	Native    Native
	Summary   Summary
	Exemplars []Exemplar
}

// Histogram is a classic histogram.
type Histogram struct {
	// Bounds are upper bounds, ascending, without +Inf. Cumulative has one more
	// entry than Bounds, the last being +Inf's.
	Bounds     []float64
	Cumulative []uint64
	Count      uint64
	Sum        float64
	HasSum     bool
}

// Summary holds quantiles as they were computed at the source.
type Summary struct {
	Quantiles, Values []float64
	Count             uint64
	Sum               float64
}

// Exemplar is one example measurement.
type Exemplar struct {
	// Labels are at most 128 characters in all, the limit of OpenMetrics 1.0.
	Labels []Label
	Value  float64
	// Time is Unix milliseconds, 0 where unknown.
	Time int64
}
