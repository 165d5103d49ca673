package localstore_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/localstore"
)

var start = time.Unix(1_750_000_000, 0)

func TestTextIsCutAtCharactersAndCopied(t *testing.T) {
	s := localstore.New(localstore.Options{})
	body := []byte(strings.Repeat("é", 600)) // 1200 bytes, the bound is 1024
	s.PutLog(start, localstore.LogLine{Time: start, Pattern: "p", Template: "<*>", Body: string(body)})
	got := s.Logs(localstore.LogQuery{})[0].Body
	require.True(t, utf8.ValidString(got))
	require.Len(t, got, 1024)
	require.True(t, utf8.ValidString(s.Patterns(start)[0].Examples[0]))
}

func TestConcurrentUse(t *testing.T) {
	s := localstore.New(localstore.Options{MaxSeries: 8, PointsPerSeries: 16, MaxPatterns: 8, MaxFindings: 8, MaxLogs: 8, MaxTraces: 8, MaxSpans: 40})
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 500 {
				at := start.Add(time.Duration(i) * time.Second)
				fillOne(s, at, g*1000+i%20)
			}
		})
		wg.Go(func() {
			for range 50 {
				_, err := json.Marshal([]any{
					s.Series(), s.Patterns(start), s.Findings(), s.Logs(localstore.LogQuery{Text: "x"}), s.Tail(1, localstore.LogQuery{}), s.LogVolume(start), s.FindTraces(localstore.TraceQuery{Limit: 10}), s.Services(start), s.Edges(start), s.Totals(),
				})
				require.NoError(t, err)
				_, _, _ = s.Trace("t1")
				_, _ = s.Points(1, 0)
				_, _ = s.Around(s.Totals().Logs, 3)
				_, _ = s.FindSeries("m1", nil)
			}
		})
	}
	wg.Wait()
	totals := s.Totals()
	require.EqualValues(t, 2000, totals.Logs)
	require.Equal(t, 8, totals.Series)
	require.LessOrEqual(t, totals.Patterns, 8)
}

func fillOne(s *localstore.Store, at time.Time, n int) {
	name := fmt.Sprint(n)
	for f := localstore.Observed; f <= localstore.State; f++ {
		s.PutPoint(uint64(n), at, f, float64(n), func() localstore.SeriesInfo {
			return localstore.SeriesInfo{Metric: "m" + name, Attrs: []localstore.Attr{{Key: "device", Value: name}}}
		})
	}
	s.PutLog(at, localstore.LogLine{
		Time: at, Severity: n % 24, Service: "svc", Pattern: "p" + name, Template: "template " + name, TraceID: "t" + name,
		Body: name + " " + at.String() + strings.Repeat("x", 1500),
	})
	s.PutFinding(localstore.Finding{ID: name, State: "open", Severity: "warning", Start: at, Time: at, Summary: strings.Repeat("s", 100), Receipt: `{"observed":1}`})
	s.PutSpan(localstore.Span{TraceID: "t" + name, SpanID: name, Name: "GET /" + name, Service: "svc", Start: at.UnixNano(), Duration: 5, Attrs: []localstore.Attr{{Key: "http.route", Value: "/" + name}}})
}

// A store filled far over every bound stays within the memory that
// DefaultOptions promises.
func TestMemoryBudget(t *testing.T) {
	heap := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	s := localstore.New(localstore.DefaultOptions())
	for i := range 10_000 {
		fillOne(s, start.Add(time.Duration(i)*time.Second), i%3000)
	}
	later := start.Add(24 * time.Hour)
	for i := range 400 {
		at := later.Add(time.Duration(i) * 10 * time.Second)
		for n := range 600 {
			for f := localstore.Observed; f <= localstore.State; f++ {
				s.PutPoint(uint64(n+5000), at, f, float64(n), func() localstore.SeriesInfo {
					return localstore.SeriesInfo{Metric: "system.network.io", Attrs: []localstore.Attr{{Key: "device", Value: fmt.Sprint(n)}, {Key: "direction", Value: "receive"}}}
				})
			}
		}
	}
	used := heap() - before
	t.Logf("%.1f MB, %+v", float64(used)/1e6, s.Totals())
	require.Less(t, used, uint64(10e6))
	runtime.KeepAlive(s)
}

func TestNumbersAreJSON(t *testing.T) {
	b, err := json.Marshal(localstore.Column{1, 0.1, float32(math.NaN()), float32(math.Inf(1)), 123456789, 1e-12})
	require.NoError(t, err)
	require.JSONEq(t, `[1, 0.1, null, null, 1.23457e+08, 1e-12]`, string(b))
	b, err = json.Marshal(localstore.Column(nil))
	require.NoError(t, err)
	require.Equal(t, "[]", string(b))
}

func BenchmarkPutLog(b *testing.B) {
	s := localstore.New(localstore.DefaultOptions())
	lines := make([]localstore.LogLine, 512)
	for i := range lines {
		p := fmt.Sprint(rand.IntN(300))
		lines[i] = localstore.LogLine{Time: start, Severity: 9, Service: "api", Source: "/var/log/api.log", Pattern: p, Template: "request <num> took <duration> " + p, Body: strings.Repeat("x", 180) + fmt.Sprint(i)}
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		s.PutLog(start, lines[i%len(lines)])
		i++
	}
}

func BenchmarkPutPoint(b *testing.B) {
	s := localstore.New(localstore.DefaultOptions())
	describe := func() localstore.SeriesInfo { return localstore.SeriesInfo{Metric: "m"} }
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		s.PutPoint(uint64(i%300), start.Add(time.Duration(i/300)*time.Second), localstore.Observed, 1, describe)
	}
}
