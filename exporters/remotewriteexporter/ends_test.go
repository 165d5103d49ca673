package remotewriteexporter

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// A source that no longer sends gets markers, after its own rhythm is long over.
func TestEndsAreMarked(t *testing.T) {
	r := newReceiver(t)
	e, _ := started(t, configFor(r.URL))
	now := t0
	e.now = func() time.Time { return now }
	at := func(after time.Duration, md pmetric.Metrics) {
		now = t0.Add(after)
		require.NoError(t, push(t, e, md))
	}
	slow := func(i int) pmetric.Metrics { return sums(false, point{"slow", i, 1, false}) }
	due := func(after time.Duration) bool {
		now = t0.Add(after)
		return e.ended()
	}
	at(0, slow(0))
	at(10*time.Second, sums(false, point{"fast", 1, 1, false}))
	at(20*time.Second, sums(false, point{"fast", 2, 1, false}))
	at(60*time.Second, slow(1))
	require.False(t, due(140*time.Second))
	require.True(t, due(141*time.Second), "two minutes after the last")
	require.NoError(t, push(t, e, pmetric.NewMetrics()))
	require.Equal(t, "__name__=n_total k=fast stale@3", r.samples()[4], "a millisecond after the last point")
	require.False(t, due(240*time.Second), "once, and a minute is the rhythm of the other")
	require.True(t, due(241*time.Second))
	at(241*time.Second, sums(false, point{"fast", 9, 9, false}))
	require.Equal(t, "__name__=n_total k=fast 9@9", r.samples()[5], "it is back")
	require.NoError(t, push(t, e, pmetric.NewMetrics()))
	require.Equal(t, "__name__=n_total k=slow stale@2", r.samples()[6])
	require.Len(t, r.samples(), 7)
	require.True(t, due(time.Hour), "it has ended again")
}

// Of a series that came once the rhythm is not known.
func TestEndOfASeriesThatCameOnce(t *testing.T) {
	r := newReceiver(t)
	e, _ := started(t, configFor(r.URL))
	now := t0
	e.now = func() time.Time { return now }
	require.NoError(t, push(t, e, sums(false, one)))
	now = t0.Add(5 * time.Minute)
	require.False(t, e.ended())
	now = now.Add(time.Second)
	require.True(t, e.ended())
}

func TestEndsOfDistributions(t *testing.T) {
	r := newReceiver(t)
	e, _ := started(t, configFor(r.URL))
	now := t0
	e.now = func() time.Time { return now }
	require.NoError(t, push(t, e, distributions(pcommon.NewTimestampFromTime(t0), false)))
	now = t0.Add(6 * time.Minute)
	require.NoError(t, push(t, e, pmetric.NewMetrics()))
	require.Len(t, r.samples(), 16)
	for _, s := range r.samples()[8:] {
		require.Contains(t, s, "stale@1")
	}
	require.Len(t, r.requests[1].Timeseries, 9, "and the native histogram")
}

func TestEndsWithoutStaleAfter(t *testing.T) {
	r := newReceiver(t)
	cfg := configFor(r.URL)
	cfg.StaleAfter = 0
	e, _ := started(t, cfg)
	require.NoError(t, push(t, e, sums(false, one)))
	e.now = func() time.Time { return t0.Add(time.Hour) }
	require.NoError(t, push(t, e, pmetric.NewMetrics()))
	require.Len(t, r.samples(), 1)
}

// Through the helper, by the exporter's own clock.
func TestEndsAreSentByThemselves(t *testing.T) {
	r := newReceiver(t)
	cfg := configFor(r.URL)
	cfg.StaleAfter = time.Second
	cfg.Queue.Get().Batch.Get().FlushTimeout = 10 * time.Millisecond
	e, err := NewFactory().CreateMetrics(t.Context(), exportertest.NewNopSettings(componentType), cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	for i := range 3 { // so that there is a rhythm
		require.NoError(t, e.ConsumeMetrics(t.Context(), sums(false, point{"a", i, 1, false})))
		time.Sleep(5 * time.Millisecond)
	}
	require.Eventually(t, func() bool { return len(r.samples()) == 4 }, 2*time.Minute, 10*time.Millisecond)
	require.NoError(t, e.Shutdown(t.Context()))
	require.Equal(t, "__name__=n_total k=a stale@3", r.samples()[3])
}
