package agent

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDoctor(t *testing.T) {
	sent, ready := 10, `{"ready":true,"reasons":[]}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/readyz":
			fmt.Fprint(w, ready)
		case "/backend":
			w.Header().Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
		default:
			fmt.Fprintf(w, "otelcol_receiver_accepted_log_records{receiver=\"tail\"} 40\notelcol_exporter_sent_log_records{exporter=\"loki\"} %d\n", sent)
			fmt.Fprint(w, "# TYPE otelcol_exporter_enqueue_size histogram\notelcol_exporter_enqueue_size_bucket{exporter=\"loki\",le=\"+Inf\"} 1\n",
				"otelcol_exporter_enqueue_size_sum{exporter=\"loki\"} 40\notelcol_exporter_enqueue_size_count{exporter=\"loki\"} 1\n")
			fmt.Fprintf(w, "tidewatch_queue_items{exporter=\"loki\",signal=\"logs\"} %d\n", 40-sent)
		}
	}))
	defer server.Close()
	args := []string{"doctor", "--wait", "1ms", "--telemetry-url", server.URL + "/metrics", "--health-url", server.URL + "/readyz"}

	out, err := execute(t, args...)
	require.ErrorIs(t, err, errUnwell)
	require.Contains(t, out, "Exporter loki delivers nothing: 30 records wait.")
	require.Regexp(t, `(?m)^ +40 +0 +10 +30 +0 +0 +loki$`, out)

	sent = 40
	out, err = execute(t, args...)
	require.NoError(t, err)
	require.Contains(t, out, "All is well.")

	ready = `{"ready":false,"reasons":["pipelines are starting"]}`
	t.Setenv("TIDEWATCH_LOKI_URL", server.URL+"/backend")
	out, err = execute(t, append(args, "--json")...)
	require.ErrorIs(t, err, errUnwell)
	require.Contains(t, out, "Not ready: pipelines are starting.")
	require.Contains(t, out, "The clock of TIDEWATCH_LOKI_URL and that of this host differ by 1h0m")

	server.Close()
	_, err = execute(t, args...)
	require.ErrorContains(t, err, "no agent answers")
}
