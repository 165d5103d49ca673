package selfmetrics_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/selfmetrics"
)

func TestScrape(t *testing.T) {
	page := `# TYPE otelcol_exporter_sent_log_records counter
otelcol_exporter_sent_log_records{exporter="loki"} 12
# TYPE otelcol_exporter_queue_size gauge
otelcol_exporter_queue_size{exporter="loki"} 3
# TYPE h histogram
h_bucket{le="+Inf"} 1
h_sum 1
h_count 1
`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/metrics":
			_, _ = w.Write([]byte(page))
		case "/garbage":
			_, _ = w.Write([]byte("<html>"))
		default:
			w.WriteHeader(http.StatusTeapot)
		}
	}))
	defer server.Close()

	got, err := selfmetrics.Scrape(t.Context(), server.Client(), server.URL+"/metrics")
	require.NoError(t, err)
	loki := map[string]string{"exporter": "loki"}
	require.ElementsMatch(t, []selfmetrics.Sample{
		{Name: "otelcol_exporter_sent_log_records", Labels: loki, Value: 12},
		{Name: "otelcol_exporter_queue_size", Labels: loki, Value: 3},
		{Name: "h_sum", Labels: map[string]string{}, Value: 1},
	}, got)

	_, err = selfmetrics.Scrape(t.Context(), server.Client(), server.URL+"/garbage")
	require.ErrorContains(t, err, "parse own metrics")
	_, err = selfmetrics.Scrape(t.Context(), server.Client(), server.URL+"/other")
	require.ErrorContains(t, err, "418")
	_, err = selfmetrics.Scrape(t.Context(), server.Client(), "http://127.0.0.1:1/metrics")
	require.ErrorContains(t, err, "connection refused")
}
