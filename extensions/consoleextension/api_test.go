package consoleextension

import (
	"bytes"
	"encoding/json"
	"flag"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/anomaly"
	"github.com/tidewatch/tidewatch/anomaly/forecast"
	"github.com/tidewatch/tidewatch/incident"
	"github.com/tidewatch/tidewatch/internal/delivery"
	"github.com/tidewatch/tidewatch/internal/localstore"
	"github.com/tidewatch/tidewatch/signals"
)

var update = flag.Bool("update", false, "write golden files")

var goldenTime = time.Unix(1_750_000_000, 0)

// goldenAPI is an API over a small store at a fixed time.
func goldenAPI() http.Handler {
	s := localstore.New(localstore.Options{})
	s.PutMetric("system.cpu.utilization", localstore.MetricInfo{Unit: "1", Description: "Share of CPU time."})
	describe := func() localstore.SeriesInfo {
		return localstore.SeriesInfo{
			Metric: "system.cpu.utilization",
			Attrs:  []localstore.Attr{{Key: "state", Value: "user"}},
			Entity: []localstore.Attr{{Key: "host.name", Value: "tide"}},
		}
	}
	for i := range 3 {
		at := goldenTime.Add(time.Duration(i-2) * 10 * time.Second)
		s.PutPoint(1, at, localstore.Observed, 0.25*float64(i), describe)
		if i > 0 {
			s.PutPoint(1, at, localstore.Lower, 0.125, describe)
			s.PutPoint(1, at, localstore.Upper, 0.375, describe)
			s.PutPoint(1, at, localstore.Score, 0.5, describe)
			s.PutPoint(1, at, localstore.State, float64(i), describe)
		}
	}
	line := localstore.LogLine{
		Time: goldenTime, Severity: 17, Service: "checkout", Source: "/var/log/checkout.log", Pattern: "5f1c9a20be77d104",
		Template: "Connection refused: <ip>", Body: "Connection refused: 10.0.0.7 </script>", TraceID: "ab",
	}
	s.PutLog(goldenTime.Add(-time.Minute), line)
	s.PutLog(goldenTime, line)
	s.PutLog(goldenTime, localstore.LogLine{Time: goldenTime, Severity: 9, Body: "no pattern"})
	f := localstore.Finding{
		ID: "1", Kind: signals.KindMetricAnomaly, State: signals.StateOpen, Severity: signals.SeverityWarning, Score: 0.75, Start: goldenTime.Add(-time.Minute), Time: goldenTime,
		Summary: "CPU is 50 %", Metric: "system.cpu.utilization", Receipt: `{"observed":0.5}`, Links: []string{"http://runbook"},
		Entity: []localstore.Attr{{Key: "host.name", Value: "tide"}}, Attrs: []localstore.Attr{{Key: "state", Value: "user"}},
	}
	s.PutFinding(f)
	f.ID, f.State, f.Metric, f.Receipt, f.Links = "2", signals.StateResolved, "", "", nil
	s.PutFinding(f)
	s.PutSpan(localstore.Span{TraceID: "ab", SpanID: "1", Name: "GET /", Kind: "Server", Service: "web", Start: goldenTime.UnixNano(), Duration: 1500, Error: true})
	putServices(s)
	mux := http.NewServeMux()
	a := &api{
		baselines: &baselines{x: oracle{}},
		store:     s, pipeline: newPipelineWatch(""), host: hostInfo{Name: "tide", OS: "linux", Arch: "amd64"}, version: "1.2.3", started: goldenTime.Add(-time.Hour),
		now: func() time.Time { return goldenTime },
	}
	a.register(mux)
	return mux
}

// oracle knows a week of one series.
type oracle struct{}

func (oracle) Outlook(id uint64, now time.Time) (anomaly.Outlook, bool) {
	if id != 1 {
		return anomaly.Outlook{}, false
	}
	return anomaly.Outlook{
		History: 36 * time.Hour, WeekBegin: now.Truncate(time.Hour).Add(-3 * time.Hour), Week: []float64{math.NaN(), 0.25, 0.5},
		ForecastStep: 5 * time.Minute, ForecastBegin: now.Truncate(5 * time.Minute), Forecast: []forecast.Point{{Value: 0.5, Lower: 0.25, Upper: 0.75}},
	}, true
}

func ask(h http.Handler, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, http.NoBody))
	return w
}

func TestAnswers(t *testing.T) {
	h := goldenAPI()
	for name, path := range map[string]string{
		"overview":        "overview",
		"changes":         "changes?window_seconds=7200",
		"series":          "series?q=CPU&state=anomalous&limit=10",
		"series_none":     "series?q=nothing",
		"series_metrics":  "series?metrics=system.cpu.time,system.cpu.load_average.1m",
		"outlook":         "series/0000000000000001/outlook",
		"one_series":      "series/0000000000000001",
		"points":          "series/points?ids=0000000000000001,0000000000000002&since=1749999980",
		"patterns":        "patterns",
		"findings":        "findings",
		"findings_open":   "findings?state=open",
		"logs":            "logs?min_severity=17&limit=1",
		"logs_by_pattern": "logs?pattern=5f1c9a20be77d104&q=REFUSED",
		"traces":          "traces",
		"trace":           "traces/AB",
		"pipeline":        "pipeline",
		"traces_none":     "traces?service=web&min_duration_ms=1",
		"services":        "services",
		"services_all":    "services?operations=1&service=web",
		"services_graph":  "services/graph",
	} {
		t.Run(name, func(t *testing.T) {
			w := ask(h, "/api/v1/"+path)
			require.Equal(t, http.StatusOK, w.Code, w.Body)
			require.Equal(t, "application/json", w.Header().Get("Content-Type"))
			require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
			require.NotContains(t, w.Body.String(), "</script>")
			golden(t, name, w.Body.Bytes())
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	var pretty bytes.Buffer
	require.NoError(t, json.Indent(&pretty, got, "", "  "))
	pretty.WriteByte('\n')
	// 60 counts are easier to compare in one line.
	text := collapse(pretty.String())
	file := filepath.Join("testdata", "api", name+".json")
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), text)
}

// collapse puts lists of numbers into one line.
func collapse(s string) string {
	out := strings.Builder{}
	for {
		i := strings.Index(s, `"per_minute": [`)
		if i < 0 {
			out.WriteString(s)
			return out.String()
		}
		end := i + strings.Index(s[i:], "]")
		out.WriteString(s[:i])
		out.WriteString(strings.Join(strings.Fields(s[i:end]), " "))
		s = s[end:]
	}
}

func TestWrongQuestions(t *testing.T) {
	h := goldenAPI()
	for path, want := range map[string]struct {
		status  int
		message string
	}{
		"series?limit=0":                     {400, "limit must be a whole number from 1 to 10000"},
		"findings?limit=1001":                {400, "limit must be a whole number from 1 to 1000"},
		"logs?min_severity=many":             {400, "min_severity must be a whole number from 0 to 24"},
		"logs?q=" + strings.Repeat("x", 201): {400, "q must not be longer than 200 bytes"},
		"series/1":                           {400, "a series id has 16 hexadecimal digits"},
		"series/0000000000000009":            {404, "there is no such series; it may have been evicted"},
		"series/points?ids=":                 {400, "ids must be series ids of 16 hexadecimal digits with commas between them"},
		"series/points?ids=" + strings.Repeat("0000000000000001,", 64) + "0000000000000001": {400, "ids must not name more than 64 series"},
		"series/points?ids=0000000000000001&since=-1":                                       {400, "since must be a whole number from 0 to 4294967295"},
		"traces/none": {404, "there is no such trace; it may have been evicted"},
		"nothing":     {404, "there is no such resource in /api/v1/"},
	} {
		w := ask(h, "/api/v1/"+path)
		require.Equal(t, want.status, w.Code, path)
		body, err := json.Marshal(map[string]string{"error": want.message})
		require.NoError(t, err)
		require.JSONEq(t, string(body), w.Body.String(), path)
	}
}

func TestStatus(t *testing.T) {
	learning, normal := map[string]int{"learning": 3}, map[string]int{"normal": 3, "learning": 1}
	found := func(severity string) *localstore.FindingView {
		return &localstore.FindingView{ID: "f", Severity: severity, Summary: "CPU is 47 %", Start: 77}
	}
	broken := func(severity string) *incident.Incident {
		return &incident.Incident{ID: "i", Severity: severity, Title: "orders: errors", Start: time.Unix(66, 0)}
	}
	for _, c := range []struct {
		worst   *localstore.FindingView
		broken  *incident.Incident
		states  map[string]int
		learned float64
		points  uint64
		want    status
	}{
		{nil, nil, nil, 0, 0, status{Level: "starting", Sentence: "Collecting. The first charts come within a minute or two."}},
		{nil, nil, learning, 0.387, 9, status{Level: "learning", Sentence: "Nothing found. 3 series are still being learned (38 % of the history they need); a young series never raises a finding."}},
		{nil, nil, normal, math.NaN(), 9, status{Level: "ok", Sentence: "All is normal. 4 series are watched; of these, 1 still being learned."}},
		{nil, nil, map[string]int{"normal": 1}, math.NaN(), 9, status{Level: "ok", Sentence: "All is normal. 1 series is watched, and what is usual of each is learned."}},
		{nil, nil, nil, 0, 9, status{Level: "ok", Sentence: "Nothing found in the logs. No series is watched yet."}},
		{found("info"), nil, normal, 0, 9, status{Level: "info", Sentence: "CPU is 47 %", Since: 77, Finding: "f"}},
		{found("warning"), broken("info"), normal, 0, 9, status{Level: "warning", Sentence: "CPU is 47 %", Since: 77, Finding: "f"}},
		{found("warning"), broken("warning"), normal, 0, 9, status{Level: "warning", Sentence: "orders: errors", Since: 66, Incident: "i"}},
		{found("critical"), broken("warning"), nil, 0, 0, status{Level: "critical", Sentence: "CPU is 47 %", Since: 77, Finding: "f"}},
	} {
		o := overview{SeriesStates: c.states, Learned: localstore.Number(c.learned), Totals: localstore.Totals{Points: c.points}}
		require.Equal(t, c.want, o.judge(c.worst, c.broken))
	}
}

func TestDelivered(t *testing.T) {
	exporter := func(id string, queued float64, dropped map[string]float64) delivery.Exporter {
		return delivery.Exporter{ID: id, Queued: queued, Dropped: dropped, Durable: true, QueueCapacity: 100}
	}
	page := delivery.Exporter{ID: "console", Exported: 12}
	for want, c := range map[status]struct {
		exporters []delivery.Exporter
		edges     []delivery.Edge
	}{
		{Level: "local", Sentence: "No backend is set: what is seen stays on this machine."}:                                               {[]delivery.Exporter{page}, nil},
		{Level: "ok", Sentence: "Everything that was read is delivered to loki; 1 record on the way."}:                                     {[]delivery.Exporter{page, exporter("loki", 1, nil)}, nil},
		{Level: "warning", Sentence: "loki takes nothing: 40 records wait on disk, nothing is lost.", Since: 77}:                           {[]delivery.Exporter{exporter("loki", 40, nil)}, []delivery.Edge{{Exporter: "loki", Pressure: delivery.Waiting, Since: time.Unix(77, 0)}}},
		{Level: "critical", Sentence: "The queue to loki is full: 40 records wait on disk, nothing is lost, and readers wait.", Since: 77}: {[]delivery.Exporter{exporter("loki", 40, nil)}, []delivery.Edge{{Exporter: "es", Pressure: delivery.Waiting}, {Exporter: "loki", Pressure: delivery.Saturated, Since: time.Unix(77, 0)}}},
		{Level: "warning", Sentence: "3 records to es were given up since the start, most for: mapping."}:                                  {[]delivery.Exporter{exporter("es", 0, map[string]float64{"mapping": 2, "size": 1})}, nil},
	} {
		got := delivered(pipelineView{Available: true, Ledger: delivery.Ledger{Exporters: c.exporters}, Edges: c.edges})
		require.Equal(t, want, got)
	}
	require.Equal(t, status{Level: "warning", Sentence: "The agent is short."}, delivered(pipelineView{Available: true, strain: []string{"The agent is short."}}))
	require.Equal(t, "unknown", delivered(pipelineView{}).Level)
}

func FuzzQuery(f *testing.F) {
	f.Add("series", "limit=1&q=a")
	f.Add("series/points", "ids=,,&since=9999999999999")
	f.Add("logs", "min_severity=%zz&q=\x00")
	h := goldenAPI()
	f.Fuzz(func(t *testing.T, path, raw string) {
		r := httptest.NewRequest(http.MethodGet, "/api/v1/x", http.NoBody)
		r.URL.Path, r.URL.RawQuery = "/api/v1/"+path, raw
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusOK && w.Code != http.StatusBadRequest && w.Code != http.StatusNotFound && w.Code/100 != 3 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	})
}
