package main

import (
	"math"
	"strconv"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
)

const (
	// seriesLabel is the attribute that numbers the series.
	seriesLabel = "soak_series"
	// perName is how many series a metric has, perRequest how many points a request.
	perName, perRequest = 100, 1000
)

// metricSender sends a point of each series every round, a thousand in a request. Half of
// the series are gauges, half are counters.
func metricSender(url string, p *plan, start time.Time) *sender {
	requests := (p.Series + perRequest - 1) / perRequest
	return &sender{
		url: url + "/v1/metrics", of: "metrics", all: requests * p.rounds(),
		due: func(i int) time.Duration { return time.Duration(i/requests*p.Round) * time.Second },
		make: func(i int) ([]byte, int, error) {
			first := i % requests * perRequest
			last := min(first+perRequest, p.Series)
			body, err := pmetricotlp.NewExportRequestFromMetrics(points(p, start, i/requests, first, last)).MarshalProto()
			return body, last - first, err
		},
	}
}

func points(p *plan, start time.Time, round, first, last int) pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("service.name", "orders")
	sm := rm.ScopeMetrics().AppendEmpty()
	began := pcommon.NewTimestampFromTime(start.Add(-time.Minute))
	at := pcommon.NewTimestampFromTime(start.Add(time.Duration(round*p.Round) * time.Second))
	var dps pmetric.NumberDataPointSlice
	for s := first; s < last; s++ {
		counter := s/perName%2 == 1
		if s == first || s%perName == 0 {
			m := sm.Metrics().AppendEmpty()
			if counter {
				m.SetName("soak.requests." + strconv.Itoa(s/perName))
				sum := m.SetEmptySum()
				sum.SetIsMonotonic(true)
				sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
				dps = sum.DataPoints()
			} else {
				m.SetName("soak.depth." + strconv.Itoa(s/perName))
				dps = m.SetEmptyGauge().DataPoints()
			}
		}
		dp := dps.AppendEmpty()
		dp.Attributes().PutStr(seriesLabel, strconv.Itoa(s))
		dp.SetTimestamp(at)
		if counter {
			dp.SetStartTimestamp(began)
			dp.SetDoubleValue(float64(1000 + round*(5+s%7) + (round*7919+s)%5))
		} else {
			dp.SetDoubleValue(100 + float64(s%50) + 10*math.Sin(float64(round)/40) + float64((round*104729+s*31)%17))
		}
	}
	return md
}
