package delivery_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/delivery"
	"github.com/tidewatch/tidewatch/internal/selfmetrics"
)

var start = time.Date(2026, 3, 9, 3, 0, 0, 0, time.UTC)

func diagnose(before, now []selfmetrics.Sample) []string {
	return delivery.Diagnose(delivery.Look{At: start, Samples: before}, delivery.Look{At: start.Add(10 * time.Second), Samples: now})
}

func flowing(sent, waiting, bytes float64) []selfmetrics.Sample {
	return []selfmetrics.Sample{
		sample("otelcol_exporter_enqueue_size_sum", sent+waiting, "exporter", "loki"),
		sample("otelcol_exporter_sent_log_records", sent, "exporter", "loki"),
		sample("tidewatch_queue_items", waiting, "exporter", "loki", "signal", "logs"),
		sample("otelcol_exporter_queue_size", bytes, "exporter", "loki"),
		sample("otelcol_exporter_queue_capacity", 1000, "exporter", "loki"),
	}
}

func TestAllIsWell(t *testing.T) {
	require.Empty(t, diagnose(flowing(10, 0, 0), flowing(30, 0, 0)))
	require.Empty(t, diagnose(flowing(10, 5, 50), flowing(30, 5, 50)))
}

func TestABackendThatTakesNothing(t *testing.T) {
	retried := func(n float64) selfmetrics.Sample {
		return sample("tidewatch_exporter_retried_items", n, "exporter", "loki", "reason", "503")
	}
	require.Equal(t, []string{
		"Exporter loki delivers nothing: 40 records wait (503). Its own log has the server's words.",
		"The queue of loki is 40 % full and grows: at this rate it is full in 20s, and then readers wait.",
	}, diagnose(append(flowing(10, 10, 100), retried(1)), append(flowing(10, 40, 400), retried(3))))
}

func TestWhatIsGoneIsSaid(t *testing.T) {
	now := append(flowing(30, 0, 0),
		sample("tidewatch_exporter_dropped_items", 3, "exporter", "loki", "reason", "too_old"),
		sample("tidewatch_tail_dropped_records", 2, "reason", "rate_limit"),
		sample("tidewatch_tail_refused_files", 4, "reason", "permission"),
		sample("tidewatch_segment_storage_failing", 1, "storage", "exporter_loki_logs"),
		sample("tidewatch_segment_storage_damaged_records", 6, "storage", "exporter_loki_logs"))
	require.Equal(t, []string{
		"Exporter loki has given up 3 records (too_old).",
		"Source tail has dropped 2 records (rate_limit).",
		"Some files cannot be read (permission): give the agent the right to read them, or exclude them.",
		"The disk takes nothing for exporter_loki_logs: make room in the state directory.",
		"6 damaged records of exporter_loki_logs were left out; copies are in its folder quarantine.",
	}, diagnose(flowing(10, 0, 0), now))
}

func TestALastingDifferenceIsADefect(t *testing.T) {
	before, now := flowing(10, 10, 0), flowing(20, 10, 0)
	before[0].Value += 7
	require.Empty(t, diagnose(before, now), "what is being handed over is no defect")
	now[0].Value += 7
	require.Empty(t, diagnose(before, now), "as many may be handed over at both looks")
	now = flowing(20, 0, 0)
	now[0].Value += 7
	before = now
	require.Equal(t, []string{"7 records of exporter loki are not accounted for: this is a defect, please report it with this output."}, diagnose(before, now))
}

func TestACircuitThatIsOpen(t *testing.T) {
	circuit := func(state float64, labels ...string) []selfmetrics.Sample {
		labels = append([]string{"exporter", "loki", "endpoint", "http://loki:3100"}, labels...)
		return append(flowing(10, 0, 0), sample("tidewatch_exporter_circuit_since_seconds", float64(start.Unix()), labels[:4]...),
			sample("tidewatch_exporter_circuit_state", state, labels...))
	}
	require.Empty(t, diagnose(flowing(10, 0, 0), circuit(0)), "it closed again")
	for _, state := range []float64{1, 2} {
		require.Equal(t, []string{"Exporter loki leaves http://loki:3100 alone since 03:00:00 UTC (timeout): until it answers, one request at a time tries it."},
			diagnose(flowing(10, 0, 0), circuit(state, "reason", "timeout")))
	}
	require.Equal(t, []delivery.Circuit{{Endpoint: "http://loki:3100", State: "open", Since: start, Reason: "timeout"}},
		delivery.Draw(circuit(2, "reason", "timeout")).Exporters[0].Circuits)
}
