package prometheusexporter

import (
	"slices"
	"sort"

	"github.com/tidewatch/tidewatch/internal/promseries"
)

// maxNativeExemplars is what client_golang keeps for one native histogram.
const maxNativeExemplars = 10

func (r *row) setHistogram(h *promseries.Histogram) {
	if r.histogram == nil {
		r.histogram = new(promseries.Histogram)
	}
	to := r.histogram
	if !slices.Equal(to.Bounds, h.Bounds) {
		r.exemplars = nil
	}
	to.Bounds, to.Cumulative = append(to.Bounds[:0], h.Bounds...), append(to.Cumulative[:0], h.Cumulative...)
	to.Count, to.Sum, to.HasSum = h.Count, h.Sum, h.HasSum
}

func (r *row) setSummary(s *promseries.Summary) {
	if r.summary == nil {
		r.summary = new(promseries.Summary)
	}
	to := r.summary
	to.Quantiles, to.Values = append(to.Quantiles[:0], s.Quantiles...), append(to.Values[:0], s.Values...)
	to.Count, to.Sum = s.Count, s.Sum
}

// setExemplars keeps what a page can show; new ones, oldest first, replace old ones.
func (r *row) setExemplars(all []promseries.Exemplar) {
	if len(all) == 0 {
		return
	}
	switch r.series.Family.Kind {
	case promseries.KindCounter:
		r.exemplars = append(r.exemplars[:0], all[len(all)-1])
	case promseries.KindHistogram:
		if r.exemplars == nil {
			r.exemplars = make([]promseries.Exemplar, len(r.histogram.Bounds)+1)
		}
		for _, e := range all {
			r.exemplars[sort.SearchFloat64s(r.histogram.Bounds, e.Value)] = e
		}
	case promseries.KindNative:
		r.exemplars = append(r.exemplars, all...)
		if drop := len(r.exemplars) - maxNativeExemplars; drop > 0 {
			r.exemplars = slices.Delete(r.exemplars, 0, drop)
		}
	case promseries.KindGauge, promseries.KindSummary, promseries.KindInfo: // have none in the formats
	}
}
