package anomalyconnector

import (
	"math"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/anomaly"
	"github.com/tidewatch/tidewatch/signals"
)

const scope = "github.com/tidewatch/tidewatch/connectors/anomalyconnector"

// families are the baseline metrics, in the order of the values of a point.
var families = [...]struct{ name, description string }{
	{signals.MetricBaselineObserved, "The value that was judged; per second for counters."},
	{signals.MetricBaselineLower, "The lower edge of the band of ordinary values."},
	{signals.MetricBaselineUpper, "The upper edge of the band of ordinary values."},
	{signals.MetricAnomalyScore, "How surprising the value is: 0 ordinary, 0.5 the edge of the band, 1 never seen."},
	{signals.MetricAnomalyState, "0 learning, 1 normal, 2 anomalous, 3 adapting to a new level."},
	{signals.MetricBaselineLearned, "The share of the history that it needs that a learning series has."},
}

// baselines builds the families of one resource when the first point comes.
type baselines struct {
	out      pmetric.Metrics
	resource pmetric.ResourceMetrics
	scope    pmetric.ScopeMetrics
	points   [len(families)]pmetric.NumberDataPointSlice
	begun    bool
	// forecasts are begun when the first series has one.
	forecasts   [len(forecastFamilies)]pmetric.NumberDataPointSlice
	forecasting bool
	full        pmetric.NumberDataPointSlice
	filling     bool
}

func (b *baselines) begin() {
	b.begun = true
	rm := b.out.ResourceMetrics().AppendEmpty()
	b.resource.Resource().CopyTo(rm.Resource())
	rm.SetSchemaUrl(b.resource.SchemaUrl())
	b.scope = rm.ScopeMetrics().AppendEmpty()
	b.scope.Scope().SetName(scope)
	for i, f := range families {
		b.points[i] = b.family(f.name, f.description)
	}
}

// append adds a point to each family. Values that don't exist are left out: an
// edge on a side that does not matter, the share learned of a series that is not
// learning.
func (b *baselines) append(s *subject, t pcommon.Timestamp, v, learned float64, verdict *anomaly.Verdict) {
	if !b.begun {
		b.begin()
	}
	values := [len(families)]float64{v, s.lower(verdict), verdict.Upper, verdict.Score, float64(verdict.State), learned}
	name := s.name()
	for i, value := range values {
		if math.IsInf(value, 0) || math.IsNaN(value) {
			continue
		}
		p := b.points[i].AppendEmpty()
		p.SetTimestamp(t)
		p.SetDoubleValue(value)
		s.attributes.CopyTo(p.Attributes())
		p.Attributes().PutStr(signals.AttrMetric, name)
	}
}

// lower is the edge of the band. What was never negative, as a rate, a size or a
// share, is not expected to become so.
func (s *subject) lower(v *anomaly.Verdict) float64 {
	if s.perSecond || !s.negative {
		return max(v.Lower, 0)
	}
	return v.Lower
}

// learned is the share of min_history that a learning series has, NaN for others.
func (s *series) learned(state anomaly.State, minHistory time.Duration) float64 {
	if state != anomaly.Learning || minHistory <= 0 {
		return math.NaN()
	}
	return min(s.detector.History().Seconds()/minHistory.Seconds(), 1)
}
