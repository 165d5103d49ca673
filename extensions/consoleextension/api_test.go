package consoleextension

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

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
		store: s, pipeline: newPipelineWatch(""), host: hostInfo{Name: "tide", OS: "linux", Arch: "amd64"}, version: "1.2.3", started: goldenTime.Add(-time.Hour),
		now: func() time.Time { return goldenTime },
	}
	a.register(mux)
	return mux
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
		"series":          "series?q=CPU&state=anomalous&limit=10",
		"series_none":     "series?q=nothing",
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
		"series?limit=0":                     {400, "limit must be a whole number from 1 to 1000"},
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
	none := map[string]int{}
	for _, c := range []struct {
		open, states map[string]int
		points       uint64
		level        string
	}{
		{none, none, 0, "starting"},
		{none, map[string]int{"learning": 3}, 9, "learning"},
		{none, map[string]int{"normal": 3, "learning": 1}, 9, "ok"},
		{none, none, 9, "ok"},
		{map[string]int{"info": 1}, map[string]int{"normal": 3}, 9, "info"},
		{map[string]int{"info": 1, "warning": 1}, map[string]int{"normal": 3}, 9, "warning"},
		{map[string]int{"critical": 1, "warning": 1}, none, 0, "critical"},
	} {
		require.Equal(t, c.level, judge(c.open, c.states, localstore.Totals{Points: c.points}, "x").Level, c)
	}
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
