package lokiexporter_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// service0 is the stream of oneStream's records.
const service0 = `{host_name="web-1", service_name="service-0"}`

// telemetry is that of one test.
func telemetry(t *testing.T) *componenttest.Telemetry {
	t.Helper()
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, tel.Shutdown(context.Background())) })
	return tel
}

// counted sums a counter by reason.
func counted(t *testing.T, tel *componenttest.Telemetry, name string) map[string]int64 {
	t.Helper()
	m, err := tel.GetMetric(name)
	if err != nil {
		return nil
	}
	out := map[string]int64{}
	for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
		v, ok := p.Attributes.Value("reason")
		require.True(t, ok)
		out[v.AsString()] += p.Value
	}
	return out
}

func TestBadRequestIsNeverTriedAgain(t *testing.T) {
	for answer, want := range map[string]map[string]int64{
		"entry for stream '{a=\"b\"}' has timestamp too old: 2020-01-01T00:00:00Z, oldest acceptable timestamp is: 2026-11-14T12:00:00Z":                                              {"too_old": 1},
		"2 errors like: entry for stream '{}' has timestamp too new: x; 3 errors like: max entry size '1' bytes exceeded for stream '{}' while adding an entry with length '2' bytes": {"too_new": 2, "line_too_long": 3},
		"entry with timestamp x ignored, reason: 'entry too far behind, entry timestamp is: x',\nuser 'fake', total ignored: 4 out of 10 for stream: {}":                              {"too_far_behind": 4},
		"7 errors like: stream '{}' has structured metadata too large: '70000' bytes":                                                                                                 {"structured_metadata": 7},
		"900 errors like: entry for stream '{}' has timestamp too old: x":                                                                                                             {"too_old": 50},
		"stream '" + service0 + "' has label value too long: 'x'":                                                                                                                     {"labels": 50},
		"2 errors like: entry for stream '{}' has timestamp too old: x; 1 errors like: stream '" + service0 + "' has duplicate label name: 'x'":                                       {"too_old": 2, "labels": 48},
		"something new": {"refused": 50},
		"":              {"refused": 50},
		// The storage stands instead of the check before it: 12 of 50 came no further than that.
		"entry with timestamp x ignored, reason: 'entry too far behind',\nuser 'fake', total ignored: 3 out of 38 for stream: " + service0: {"too_far_behind": 3, "refused": 12},
		// A shard tells of itself alone.
		"user 'fake', total ignored: 3 out of 38 for stream: {__stream_shard__=\"1\", service_name=\"service-0\"}": {"refused": 3},
	} {
		f := newFake(t)
		f.push = func(_ int, w http.ResponseWriter, _ *http.Request, _ []stored) bool {
			http.Error(w, answer, http.StatusBadRequest)
			return true
		}
		tel := telemetry(t)
		require.NoError(t, start(t, retrying(f.URL), tel).ConsumeLogs(t.Context(), oneStream(50, noon)))
		require.Equal(t, 1, f.pushes)
		require.Equal(t, want, dropped(t, tel), answer)
	}
}

func TestWhatLabelsHoldIsNotTakenForAnAnswer(t *testing.T) {
	f := newFake(t)
	f.push = func(_ int, w http.ResponseWriter, _ *http.Request, lines []stored) bool {
		http.Error(w, fmt.Sprintf("2 errors like: entry for stream '%s' has timestamp too new: x; 1 errors like: entry for stream '%[1]s' has timestamp too old: y", lines[0].labels), http.StatusBadRequest)
		return true
	}
	ld := oneStream(50, noon)
	ld.ResourceLogs().At(0).Resource().Attributes().PutStr("service.name", "x; 40 errors like: max entry size '5000' bytes exceeded, total ignored: 7 out of 9 for stream: y")
	tel := telemetry(t)
	require.NoError(t, start(t, direct(f.URL), tel).ConsumeLogs(t.Context(), ld))
	require.Equal(t, map[string]int64{"too_new": 2, "too_old": 1}, dropped(t, tel))
}

// strict refuses what is over its limits in Loki's words and stores the rest.
type strict struct{ line, metadata, pairs, labels int }

func (s strict) push(f *fake) func(int, http.ResponseWriter, *http.Request, []stored) bool {
	return func(_ int, w http.ResponseWriter, _ *http.Request, lines []stored) bool {
		errs := map[string]int{}
		seen := map[string]bool{}
		var good []stored
		for _, l := range lines {
			size := 0
			for k, v := range l.meta {
				size += len(k) + len(v)
			}
			labels := strings.Count(l.labels, "=") - 1
			switch {
			case labels > s.labels:
				if !seen[l.labels] { // once per stream
					errs[fmt.Sprintf("entry for stream '%s' has %d label names; limit %d", l.labels, labels, s.labels)]++
				}
				seen[l.labels] = true
			case l.time.Before(noon):
				errs[fmt.Sprintf("entry for stream '%s' has timestamp too old: x, oldest acceptable timestamp is: %s", l.labels, noon.Format(time.RFC3339))]++
			case len(l.line) > s.line:
				errs[fmt.Sprintf("max entry size '%d' bytes exceeded for stream '%s' while adding an entry with length '%d' bytes", s.line, l.labels, len(l.line))]++
			case s.pairs == 0 && l.pairs > 0:
				errs[fmt.Sprintf("stream '%s' includes structured metadata, but this feature is disallowed. Please see `limits_config.allow_structured_metadata` or contact your Loki administrator to enable it", l.labels)]++
			case size > s.metadata:
				errs[fmt.Sprintf("stream '%s' has structured metadata too large: '%d' bytes, limit: '%d' bytes. Please see x", l.labels, size, s.metadata)]++
			case l.pairs > s.pairs:
				errs[fmt.Sprintf("stream '%s' has too many structured metadata labels: '%d', limit: '%d'. Please see x", l.labels, l.pairs, s.pairs)]++
			default:
				good = append(good, l)
			}
		}
		f.store(good)
		if len(errs) == 0 {
			return false
		}
		var text []string
		for e, n := range errs {
			if len(errs) > 1 || n > 1 {
				e = fmt.Sprintf("%d errors like: %s", n, e)
			}
			text = append(text, e)
		}
		http.Error(w, strings.Join(text, "; "), http.StatusBadRequest)
		return true
	}
}

func TestLimitsThatTheServerNamesAreKept(t *testing.T) {
	f := newFake(t)
	f.push = strict{line: 2000, metadata: 500, pairs: 10, labels: 1}.push(f)
	ld := records(100, noon)
	first := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
	first.At(0).Body().SetStr(strings.Repeat("x", 5000)) // too long, and too much metadata behind it
	first.At(0).Attributes().PutStr("large", strings.Repeat("y", 5000))
	first.At(1).Attributes().PutStr("large", strings.Repeat("y", 5000))
	for i := range 30 {
		first.At(2).Attributes().PutInt(fmt.Sprintf("a%d", i), 1)
	}
	long := first.At(3) // too long, but too old first of all
	long.Body().SetStr(strings.Repeat("x", 5000))
	long.SetTimestamp(1)
	first.At(4).SetTimestamp(1)
	for _, rl := range ld.ResourceLogs().All() {
		rl.Resource().Attributes().PutStr("k8s.namespace.name", "shop")
	}

	tel := telemetry(t)
	e := start(t, direct(f.URL), tel)
	require.NoError(t, e.ConsumeLogs(t.Context(), ld))
	require.Len(t, f.all(), 98)
	require.Equal(t, map[string]int64{"too_old": 2}, dropped(t, tel), "each line once")
	for _, l := range f.all() {
		require.Equal(t, 1, strings.Count(l.labels, "=")-1)
		if l.meta["n"] != "2" {
			require.Equal(t, "shop", l.meta["k8s_namespace_name"], "what is no label is metadata")
		}
		switch {
		case l.meta["n"] == "0":
			require.Len(t, l.line, 2000)
			require.Equal(t, "3000", l.meta["tidewatch_line_cut_bytes"])
			require.Equal(t, "1", l.meta["tidewatch_metadata_left_out"])
		case l.meta["n"] == "1":
			require.Equal(t, "1", l.meta["tidewatch_metadata_left_out"])
		case l.meta["n"] == "2":
			require.Equal(t, 10, l.pairs)
			require.Equal(t, "25", l.meta["tidewatch_metadata_left_out"])
		default:
			require.Empty(t, l.meta["tidewatch_metadata_left_out"])
		}
	}
	pushes := f.pushes
	require.NoError(t, e.ConsumeLogs(t.Context(), ld))
	require.LessOrEqual(t, f.pushes-pushes, 2, "from now on it is known")
	require.Equal(t, map[string]int64{"too_old": 4}, dropped(t, tel))
	require.NotEmpty(t, counted(t, tel, "tidewatch_loki_marked_lines")["line_cut"])
	require.NotEmpty(t, counted(t, tel, "tidewatch_loki_marked_lines")["metadata_left_out"])
}

func TestAServerWithoutStructuredMetadata(t *testing.T) {
	f := newFake(t)
	f.push = strict{line: 2000, labels: 15}.push(f)
	tel := telemetry(t)
	require.NoError(t, start(t, direct(f.URL), tel).ConsumeLogs(t.Context(), records(100, noon)))
	require.Len(t, f.all(), 100)
	require.Empty(t, dropped(t, tel))
	require.Zero(t, f.all()[0].pairs)
}

func TestAServerThatAlwaysNamesAnotherLimit(t *testing.T) {
	f := newFake(t)
	f.push = func(n int, w http.ResponseWriter, _ *http.Request, _ []stored) bool {
		http.Error(w, fmt.Sprintf("max entry size '%d' bytes exceeded for stream '{}' while adding an entry with length '1' bytes", 90_000-n*100), http.StatusBadRequest)
		return true
	}
	ld := oneStream(1, noon)
	ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Body().SetStr(strings.Repeat("x", 100_000))
	tel := telemetry(t)
	require.NoError(t, start(t, retrying(f.URL), tel).ConsumeLogs(t.Context(), ld))
	require.Equal(t, map[string]int64{"refused": 1}, dropped(t, tel))
	require.Less(t, f.pushes, 20)
}

const tooManyStreams = "maximum active stream limit exceeded when trying to create stream %s, reduce the number of active streams (reduce labels or reduce label values), or contact your Loki administrator to see if the limit can be increased, user: 'fake'"

// limitedTo refuses new streams, as Loki does: of a push with several streams it tells of
// the last one only.
func limitedTo(f *fake, allowed ...string) func(int, http.ResponseWriter, *http.Request, []stored) bool {
	return func(_ int, w http.ResponseWriter, _ *http.Request, lines []stored) bool {
		last := ""
		for _, l := range lines {
			last = fmt.Sprintf(tooManyStreams, l.labels)
			for _, a := range allowed {
				if strings.Contains(l.labels, a) {
					f.store([]stored{l})
					last = ""
				}
			}
		}
		if last != "" {
			http.Error(w, last, http.StatusTooManyRequests)
		}
		return last != ""
	}
}

func TestAStreamTooManyDoesNotHoldTheOthersBack(t *testing.T) {
	f := newFake(t)
	f.push = limitedTo(f, "service-1")
	cfg := direct(f.URL)
	cfg.StreamLimitWait = time.Hour
	tel := telemetry(t)
	e := start(t, cfg, tel)
	err := e.ConsumeLogs(t.Context(), records(100, noon))
	require.ErrorContains(t, err, "maximum active stream limit")
	require.Len(t, f.all(), 50, "the other stream")
	require.Equal(t, map[string]int64{"stream_limit": 50}, counted(t, tel, "tidewatch_exporter_retried_items"))
	require.Empty(t, dropped(t, tel))

	f.push = nil
	require.NoError(t, e.ConsumeLogs(t.Context(), records(100, noon)))
	requireExactly(t, f, 100)
}

func TestLinesOfAStreamTooManyWaitOnlySoLong(t *testing.T) {
	f := newFake(t)
	f.push = limitedTo(f, "service-1")
	cfg := retrying(f.URL)
	cfg.StreamLimitWait = 50 * time.Millisecond
	tel := telemetry(t)
	e := start(t, cfg, tel)
	for i := range 3 {
		require.NoError(t, e.ConsumeLogs(t.Context(), records(100, noon.Add(time.Duration(i)*time.Second))))
	}
	require.Len(t, f.all(), 150)
	require.Equal(t, map[string]int64{"stream_limit": 150}, dropped(t, tel))
}

func TestARefusalInAPushOfManyStreamsIsNotLost(t *testing.T) {
	f := newFake(t)
	tel := telemetry(t)
	e := start(t, direct(f.URL), tel)
	require.NoError(t, e.ConsumeLogs(t.Context(), records(10, noon)))
	require.Equal(t, 2, f.pushes, "streams that are new go alone")
	require.NoError(t, e.ConsumeLogs(t.Context(), records(10, noon.Add(time.Second))))
	require.Equal(t, 3, f.pushes, "those that are known together")
	ld := records(10, noon.Add(2*time.Second))
	for _, r := range ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
		r.SetTimestamp(r.Timestamp() - 7200e9)
	}
	require.NoError(t, e.ConsumeLogs(t.Context(), ld))
	require.Equal(t, 5, f.pushes, "one with lines from long before goes alone")
}

func TestBlockedIngestionIsNotTakenForDelivered(t *testing.T) {
	f := newFake(t)
	tel := telemetry(t)
	e := start(t, direct(f.URL), tel)
	require.NoError(t, e.ConsumeLogs(t.Context(), records(100, noon)))
	f.push = func(_ int, w http.ResponseWriter, _ *http.Request, lines []stored) bool {
		blocked := false
		for _, l := range lines {
			if strings.Contains(l.labels, "service-0") {
				blocked = true
			} else {
				f.store([]stored{l})
			}
		}
		if blocked {
			w.WriteHeader(260)
			fmt.Fprintln(w, "ingestion blocked for user 'fake' (policy: 'x') until '2026-12-01' with status code '260'")
		}
		return blocked
	}
	require.NoError(t, e.ConsumeLogs(t.Context(), records(100, noon.Add(time.Second))))
	require.Len(t, f.all(), 150)
	require.Equal(t, map[string]int64{"blocked": 50}, dropped(t, tel))
}

func TestPushesShrinkWhileTheRateIsLimited(t *testing.T) {
	f := newFake(t)
	f.push = func(_ int, w http.ResponseWriter, _ *http.Request, lines []stored) bool {
		size := 0
		for _, l := range lines {
			size += len(l.line)
		}
		if size > 50_000 { // more than the limit ever allows at once
			http.Error(w, "Per stream rate limit exceeded (limit: 3MB/sec) while attempting to ingest for stream '{}' totaling 1MB, consider splitting a stream via additional labels", http.StatusTooManyRequests)
			return true
		}
		return false
	}
	ld := oneStream(100, noon)
	for _, r := range ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
		r.Body().SetStr(strings.Repeat("x", 5000))
	}
	require.NoError(t, start(t, retrying(f.URL), nil).ConsumeLogs(t.Context(), ld))
	require.Len(t, f.all(), 100)
}

// behind refuses lines that are more than an hour behind the newest of their stream.
func behind(f *fake) func(int, http.ResponseWriter, *http.Request, []stored) bool {
	newest := map[string]time.Time{}
	return func(_ int, w http.ResponseWriter, _ *http.Request, lines []stored) bool {
		late, labels := 0, lines[0].labels
		for _, l := range lines {
			if l.time.Before(newest[l.labels].Add(-time.Hour)) {
				late++
				continue
			}
			f.store([]stored{l})
			if l.time.After(newest[l.labels]) {
				newest[l.labels] = l.time
			}
		}
		if late > 0 {
			http.Error(w, fmt.Sprintf("entry with timestamp x ignored, reason: 'entry too far behind, entry timestamp is: x, oldest acceptable timestamp is: 2026-11-21T11:00:00Z',\nuser 'fake', total ignored: %d out of %d for stream: %s", late, len(lines), labels), http.StatusBadRequest)
		}
		return late > 0
	}
}

func TestLinesTooFarBehindGetStreamsOfTheirOwn(t *testing.T) {
	f := newFake(t)
	f.push = behind(f)
	cfg := direct(f.URL)
	cfg.LateStreams = 2
	tel := telemetry(t)
	e := start(t, cfg, tel)
	require.NoError(t, e.ConsumeLogs(t.Context(), oneStream(10, noon)))
	ld := oneStream(40, noon)
	for i, r := range ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
		r.Body().SetStr(fmt.Sprintf("late %d", i))
		r.SetTimestamp(r.Timestamp() - pcommon.Timestamp(time.Duration(i)*10*time.Minute))
	}
	for range 2 { // as after a crash
		require.NoError(t, e.ConsumeLogs(t.Context(), ld))
	}
	streams := map[string]int{}
	for _, l := range f.all() {
		streams[l.labels]++
	}
	require.Equal(t, map[string]int{
		service0: 10 + 6, // the last hour is not late
		`{host_name="web-1", service_name="service-0", tidewatch_late="2026-11-21T05"}`: 3,
		`{host_name="web-1", service_name="service-0", tidewatch_late="2026-11-21T06"}`: 6,
	}, streams)
	require.Equal(t, map[string]int64{"too_far_behind": 2 * (40 - 6 - 9)}, dropped(t, tel))
}
