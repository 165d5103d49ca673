package localstore_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/localstore"
	"github.com/tidewatch/tidewatch/signals"
)

func TestSeriesSummary(t *testing.T) {
	s := localstore.New(localstore.Options{})
	require.True(t, math.IsNaN(s.SeriesSummary().Learned))
	for i, state := range []float64{signals.AnomalyStateLearning, signals.AnomalyStateLearning, signals.AnomalyStateNormal, signals.AnomalyStateAnomalous} {
		s.PutPoint(uint64(i), start, localstore.State, state, func() localstore.SeriesInfo { return localstore.SeriesInfo{Metric: "m"} })
		s.PutLearned(uint64(i), 0.25*float64(i+1)) // 0.25 and 0.5 are of those that learn
	}
	got := s.SeriesSummary()
	require.Equal(t, map[string]int{"learning": 2, "normal": 1, "anomalous": 1, "adapting": 0}, got.States)
	require.InDelta(t, 0.375, got.Learned, 1e-9)
}

func TestNewPatterns(t *testing.T) {
	s := localstore.New(localstore.Options{})
	for i := range 4 {
		at := start.Add(time.Duration(i) * time.Minute)
		s.PutLog(at, line(fmt.Sprint(i), "x"))
	}
	got := s.NewPatterns(uint32(start.Add(time.Minute).Unix()))
	require.Equal(t, []string{"3", "2"}, []string{got[0].ID, got[1].ID})
	require.Len(t, got, 2)
	require.Equal(t, "template 3", got[0].Template)
	require.Equal(t, "template 3", s.Template("3"))
	require.Empty(t, s.Template("4"))
}
