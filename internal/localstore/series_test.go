package localstore_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/localstore"
	"github.com/tidewatch/tidewatch/signals"
)

func cpu(device string) func() localstore.SeriesInfo {
	return func() localstore.SeriesInfo {
		return localstore.SeriesInfo{
			Metric: "system.cpu.utilization",
			Attrs:  []localstore.Attr{{Key: "state", Value: "user"}, {Key: "cpu", Value: device}},
			Entity: []localstore.Attr{{Key: "host.name", Value: "tide"}},
		}
	}
}

func at(i int) time.Time { return start.Add(time.Duration(i) * 10 * time.Second) }

func TestPointIsJoinedFromItsValues(t *testing.T) {
	s := localstore.New(localstore.Options{})
	s.PutMetric("system.cpu.utilization", localstore.MetricInfo{Unit: "1"})
	s.PutPoint(1, at(0), localstore.Lower, 0.1, cpu("cpu0"))
	s.PutPoint(1, at(1), localstore.State, signals.AnomalyStateAnomalous, cpu("cpu0"))
	s.PutPoint(1, at(0), localstore.Observed, 0.5, cpu("cpu0")) // late, but its point is there
	s.PutPoint(1, at(1), localstore.Observed, 0.75, cpu("cpu0"))
	s.PutPoint(1, start.Add(-time.Hour), localstore.Observed, 1, cpu("cpu0")) // no such point

	p, ok := s.Points(1, 0)
	require.True(t, ok)
	require.Equal(t, []uint32{uint32(at(0).Unix()), uint32(at(1).Unix())}, p.Time)
	require.Equal(t, localstore.Column{0.5, 0.75}, p.Observed)
	require.InDelta(t, 0.1, p.Lower[0], 1e-6)
	require.True(t, math.IsNaN(float64(p.Lower[1])))

	v := s.Series()[0]
	require.Equal(t, "anomalous", v.State)
	require.Equal(t, "1", v.Unit)
	require.Equal(t, "cpu", v.Attrs[0].Key)
	require.EqualValues(t, 0.75, v.Observed)
	require.EqualValues(t, 1, s.Totals().LatePoints)

	younger, _ := s.Points(1, uint32(at(0).Unix()))
	require.Len(t, younger.Time, 1)
	_, ok = s.Points(2, 0)
	require.False(t, ok)
}

func TestLearned(t *testing.T) {
	s := localstore.New(localstore.Options{})
	s.PutLearned(1, 0.1)
	require.Empty(t, s.Series(), "a share alone makes no series")
	s.PutPoint(1, at(0), localstore.Observed, 0.5, cpu("cpu0"))
	b, err := json.Marshal(s.Series()[0].Learned)
	require.NoError(t, err)
	require.Equal(t, "null", string(b))
	s.PutLearned(1, 0.25)
	require.EqualValues(t, 0.25, s.Series()[0].Learned)
}

func TestRingKeepsTheYoungest(t *testing.T) {
	s := localstore.New(localstore.Options{PointsPerSeries: 100})
	for i := range 250 {
		s.PutPoint(1, at(i), localstore.Observed, float64(i), cpu("cpu0"))
	}
	p, _ := s.Points(1, 0)
	require.Len(t, p.Time, 100)
	require.EqualValues(t, 150, p.Observed[0])
	require.EqualValues(t, 249, p.Observed[99])
	require.IsIncreasing(t, p.Time)
	require.EqualValues(t, 249, s.Series()[0].Observed)
}

func TestOnlySilentSeriesMakeRoom(t *testing.T) {
	s := localstore.New(localstore.Options{MaxSeries: 2})
	s.PutPoint(1, at(0), localstore.Observed, 1, cpu("cpu1"))
	s.PutPoint(2, at(0), localstore.Observed, 2, cpu("cpu2"))
	s.PutPoint(3, at(1), localstore.Observed, 3, cpu("cpu3")) // both are fresh
	require.EqualValues(t, 1, s.Totals().RefusedPoints)

	s.PutPoint(2, at(40), localstore.Observed, 2, cpu("cpu2"))
	s.PutPoint(1, at(40), localstore.Observed, 2, cpu("cpu1"))
	s.PutPoint(1, at(100), localstore.Observed, 1, cpu("cpu1"))
	s.PutPoint(3, at(100), localstore.Observed, 3, cpu("cpu10"))
	views := s.Series()
	require.Len(t, views, 2)
	require.Equal(t, localstore.SeriesID(1), views[0].ID)
	require.Equal(t, localstore.SeriesID(3), views[1].ID)
	require.EqualValues(t, 1, s.Totals().EvictedSeries)
}

func TestSeriesAreInNaturalOrder(t *testing.T) {
	s := localstore.New(localstore.Options{})
	for i, c := range []string{"cpu10", "cpu2", "cpu1"} {
		s.PutPoint(uint64(i), at(0), localstore.Observed, 1, cpu(c))
	}
	var got []string
	for _, v := range s.Series() {
		got = append(got, v.Attrs[0].Value)
	}
	require.Equal(t, []string{"cpu1", "cpu2", "cpu10"}, got)
}

func TestFindSeries(t *testing.T) {
	s := localstore.New(localstore.Options{})
	s.PutPoint(1, at(0), localstore.Observed, 1, cpu("cpu0"))
	s.PutPoint(2, at(0), localstore.Observed, 1, cpu("cpu1"))
	attrs := []localstore.Attr{{Key: "cpu", Value: "cpu1"}, {Key: "state", Value: "user"}, {Key: "finding.id", Value: "x"}}
	id, ok := s.FindSeries("system.cpu.utilization", attrs)
	require.True(t, ok)
	require.Equal(t, localstore.SeriesID(2), id)
	_, ok = s.FindSeries("system.cpu.utilization", append(attrs, localstore.Attr{Key: "host.name", Value: "elsewhere"}))
	require.False(t, ok)
	_, ok = s.FindSeries("system.cpu.utilization", attrs[:1])
	require.False(t, ok)
}

func TestSeriesID(t *testing.T) {
	for _, id := range []uint64{0, 1, math.MaxUint64} {
		got, ok := localstore.ParseSeriesID(localstore.SeriesID(id))
		require.True(t, ok)
		require.Equal(t, id, got)
	}
	for _, bad := range []string{"", "1", "xxxxxxxxxxxxxxxx", "00000000000000001"} {
		_, ok := localstore.ParseSeriesID(bad)
		require.False(t, ok, bad)
	}
}
