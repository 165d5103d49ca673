package remotewriteexporter

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// whatSends is what a batch amounts to on the wire.
func whatSends(t *testing.T, e *metricsExporter, r *receiver, b *batch) []string {
	t.Helper()
	before := len(r.samples())
	require.NoError(t, e.push(t.Context(), b))
	return r.samples()[before:]
}

func TestMergeAndSplit(t *testing.T) {
	r := newReceiver(t)
	e, _ := started(t, configFor(r.URL))
	var all []point
	for i := range 100 {
		all = append(all, point{fmt.Sprint(i % 7), i, float64(i), false})
	}
	b := converted(t, e, sums(false, all[:40]...))
	d := converted(t, e, distributions(pcommon.NewTimestampFromTime(t0), false))
	merged, err := b.MergeSplit(t.Context(), 0, exporterhelper.RequestSizerTypeBytes, d)
	require.NoError(t, err)
	require.Len(t, merged, 1)
	parts, err := merged[0].MergeSplit(t.Context(), 1000, exporterhelper.RequestSizerTypeBytes, converted(t, e, sums(false, all[40:]...)))
	require.NoError(t, err)
	require.Greater(t, len(parts), 3)
	points, exemplars, samples := 0, 0, 0
	next := map[*series]int64{}
	for _, p := range parts {
		b := p.(*batch)
		points, exemplars, samples = points+b.points, exemplars+len(b.exemplars), samples+b.count()+len(b.natives)
		for _, s := range b.samples[0] {
			require.GreaterOrEqual(t, s.time, next[s.series], "order")
			next[s.series] = s.time
		}
		require.NoError(t, e.push(t.Context(), b))
	}
	require.Equal(t, 103, points)
	require.Equal(t, 109, samples)
	require.Equal(t, 1, exemplars)
	require.Len(t, r.samples(), 108)
	require.Empty(t, r.invalid)

	tiny, err := converted(t, e, sums(false, all[:2]...)).MergeSplit(t.Context(), 1, exporterhelper.RequestSizerTypeItems, nil)
	require.NoError(t, err)
	require.Len(t, tiny, 2)
}

// What the queue on disk gives back is what it was given, in the same process and
// in the next one.
func TestEncodingOfTheQueue(t *testing.T) {
	r := newReceiver(t)
	e, _ := started(t, configFor(r.URL))
	both := func() pmetric.Metrics {
		md := distributions(pcommon.NewTimestampFromTime(t0), false)
		withStart().ResourceMetrics().MoveAndAppendTo(md.ResourceMetrics())
		return md
	}
	item, err := encoding{e}.Marshal(t.Context(), converted(t, e, both()))
	require.NoError(t, err)
	next, _ := started(t, configFor(r.URL))
	require.NoError(t, next.push(t.Context(), func() *batch {
		_, b, err := encoding{next}.Unmarshal(item)
		require.NoError(t, err)
		require.Equal(t, 8, b.ItemsCount())
		return b.(*batch)
	}()))
	fresh, _ := started(t, configFor(r.URL))
	require.NoError(t, push(t, fresh, both()))
	require.Equal(t, r.requests[1], r.requests[0])
	require.Equal(t, r.second[1], r.second[0])

	_, old, err := encoding{e}.Unmarshal(otlp(t, sums(false, one)))
	require.NoError(t, err)
	require.Equal(t, []string{"__name__=n_total k=a 1@1"}, whatSends(t, e, r, old.(*batch)), "of a queue that held OTLP")
}

func otlp(t testing.TB, md pmetric.Metrics) []byte {
	t.Helper()
	b, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(md)
	require.NoError(t, err)
	return b
}

func FuzzUnmarshal(f *testing.F) {
	e, _ := started(f, configFor("http://127.0.0.1:1"))
	item, err := encoding{e}.Marshal(f.Context(), converted(f, e, distributions(pcommon.NewTimestampFromTime(t0), false)))
	require.NoError(f, err)
	f.Add(item)
	f.Add(otlp(f, sums(false, one)))
	f.Fuzz(func(_ *testing.T, item []byte) {
		if _, b, err := (encoding{e}).Unmarshal(item); err == nil {
			e.plan(b.(*batch))
		}
	})
}

// A table forgets what is not used, and what only that used.
func TestTableIsSwept(t *testing.T) {
	r := newReceiver(t)
	cfg := configFor(r.URL)
	e, _ := started(t, cfg)
	now := t0
	e.now = func() time.Time { return now }
	require.NoError(t, push(t, e, distributions(pcommon.NewTimestampFromTime(t0), false)))
	require.NotEmpty(t, e.table.series)
	now = now.Add(3 * cfg.SeriesExpiration)
	require.NoError(t, push(t, e, pmetric.NewMetrics()))
	now = now.Add(3 * cfg.SeriesExpiration)
	require.NoError(t, push(t, e, pmetric.NewMetrics()))
	require.Empty(t, e.table.series)
	require.Empty(t, e.table.symbols)
	require.Empty(t, e.table.families)
}

// Beyond max_series all passes, and nothing is kept.
func TestTableIsBounded(t *testing.T) {
	r := newReceiver(t)
	cfg := configFor(r.URL)
	cfg.MaxSeries = 2
	e, _ := started(t, cfg)
	var points []point
	for i := range 50 {
		points = append(points, point{fmt.Sprint(i), 1, 1, false})
	}
	require.NoError(t, push(t, e, sums(false, points...)))
	require.Len(t, r.samples(), 50)
	require.Len(t, e.table.series, 4)
	require.Empty(t, r.invalid)
}

// What a queue on disk costs on top, but for the disk.
func BenchmarkEncodingOfTheQueue(b *testing.B) {
	e, _ := started(b, configFor("http://127.0.0.1:1"))
	var points []point
	for i := range 2000 {
		points = append(points, point{fmt.Sprint(i), 1, 1, false})
	}
	md := sums(false, points...)
	b.ReportAllocs()
	size := 0
	for b.Loop() {
		item, err := encoding{e}.Marshal(b.Context(), converted(b, e, md))
		require.NoError(b, err)
		_, back, err := encoding{e}.Unmarshal(item)
		require.NoError(b, err)
		e.plan(back.(*batch))
		size = len(item)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/2000, "ns/sample")
	b.ReportMetric(float64(size)/2000, "B/sample")
}
