package agent

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// history writes two days of one value per five minutes, with a spike in the second.
func writeHistory(t *testing.T, labelled bool) string {
	t.Helper()
	var b strings.Builder
	for i := range 576 {
		v, label := 10+i%3, 0
		if i >= 500 && i < 512 {
			v, label = 90, 1
		}
		fmt.Fprintf(&b, "%d,%d", 1700000000+300*i, v)
		if labelled {
			fmt.Fprintf(&b, ",%d", label)
		}
		b.WriteByte('\n')
	}
	name := filepath.Join(t.TempDir(), "load.csv")
	require.NoError(t, os.WriteFile(name, []byte(b.String()), 0o600))
	return name
}

func TestBacktestFiles(t *testing.T) {
	page := filepath.Join(t.TempDir(), "report.html")
	out := run(t, "", "backtest", "--above", "50", "--html", page, writeHistory(t, true))
	require.Contains(t, out, "1 series, 576 points")
	require.Contains(t, out, "1 incidents")
	require.Regexp(t, `fixed +1 +.* 1 +0\.00`, out)
	html, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Contains(t, string(html), "<svg")
	require.Contains(t, string(html), "<figcaption>load</figcaption>")

	incidents := filepath.Join(t.TempDir(), "incidents.csv")
	require.NoError(t, os.WriteFile(incidents, []byte("start,end\n1700150000,1700153600,the disk\n"), 0o600))
	var report struct {
		Incidents int
		Rules     []struct {
			Name  string
			Found int
		}
	}
	out = run(t, "", "backtest", "--json", "--incidents", incidents, writeHistory(t, false))
	require.NoError(t, json.Unmarshal([]byte(out), &report))
	require.Equal(t, 1, report.Incidents)
	require.Equal(t, "mean ± sigma", report.Rules[0].Name)
	require.Equal(t, 1, report.Rules[0].Found)
}

func TestBacktestPrometheus(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from, _ := strconv.ParseFloat(r.FormValue("start"), 64)
		to, _ := strconv.ParseFloat(r.FormValue("end"), 64)
		var values []string
		for at := from; at <= to; at += 60 {
			values = append(values, fmt.Sprintf(`[%.3f,"%d"]`, at, int(at)/60%5))
		}
		fmt.Fprintf(w, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"up"},"values":[%s]}]}}`, strings.Join(values, ","))
	}))
	defer server.Close()
	out := run(t, "", "backtest", "--prometheus", server.URL, "--query", "up", "--start", "2d", "--end", "1700000000")
	require.Contains(t, out, "1 series, 2881 points")
	require.Contains(t, out, "tidewatch agrees")

	_, err := execute(t, "backtest", "--prometheus", server.URL)
	require.ErrorContains(t, err, "--query must say which series")
}

func TestBacktestErrors(t *testing.T) {
	file := writeHistory(t, false)
	for want, args := range map[string][]string{
		"name either CSV files or --prometheus": {},
		"--learn must be between":               {"--learn", "1", file},
		"Sigma must be positive":                {"--sigma", "0", file},
		"open history":                          {file + ".gone"},
		"read incidents":                        {"--incidents", "gone", file},
		"--start":                               {"--prometheus", "http://x", "--query", "up", "--start", "soon"},
	} {
		_, err := execute(t, append([]string{"backtest"}, args...)...)
		require.ErrorContains(t, err, want)
	}
}
