package delivery_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/delivery"
	"github.com/tidewatch/tidewatch/internal/selfmetrics"
)

func sample(name string, value float64, labels ...string) selfmetrics.Sample {
	s := selfmetrics.Sample{Name: name, Value: value, Labels: map[string]string{}}
	for i := 0; i < len(labels); i += 2 {
		s.Labels[labels[i]] = labels[i+1]
	}
	return s
}

func durable() []selfmetrics.Sample {
	return []selfmetrics.Sample{
		sample("otelcol_exporter_enqueue_size_sum", 1000, "exporter", "loki"),
		sample("otelcol_exporter_enqueue_failed_log_records", 100, "exporter", "loki"),
		sample("otelcol_exporter_sent_log_records", 700, "exporter", "loki"),
		sample("tidewatch_exporter_dropped_items", 20, "exporter", "loki", "reason", "too_old"),
		sample("otelcol_exporter_send_failed_log_records", 30, "exporter", "loki"),
		sample("tidewatch_queue_dropped_items", 5, "exporter", "loki", "reason", "damaged"),
		sample("tidewatch_queue_carried_items", 50, "exporter", "loki", "signal", "logs"),
		sample("tidewatch_queue_items", 215, "exporter", "loki", "signal", "logs"),
		sample("otelcol_exporter_queue_size", 4096, "exporter", "loki"),
		sample("otelcol_exporter_queue_capacity", 8192, "exporter", "loki"),
	}
}

func TestADurableQueueBalances(t *testing.T) {
	e := delivery.Draw(durable()).Exporters[0]
	require.Equal(t, delivery.Exporter{
		ID: "loki", Accepted: 900, Carried: 50, Exported: 680, Queued: 215, Refused: 100, Durable: true, QueueSize: 4096, QueueCapacity: 8192,
		Dropped: map[string]float64{"too_old": 20, "rejected": 30, "damaged": 5},
	}, e)
	require.InDelta(t, e.Accepted+e.Carried, e.Exported+e.Queued+e.DroppedTotal(), 0)
}

func TestWhatDisappearsIsNamed(t *testing.T) {
	samples := durable()
	samples[7].Value -= 40 // the storage holds less than it should
	require.InDelta(t, 40, delivery.Draw(samples).Exporters[0].Unaccounted, 0)
}

func TestAQueueThatHasOnlyWhatWasThere(t *testing.T) {
	e := delivery.Draw(durable()[6:]).Exporters[0]
	require.InDelta(t, 215, e.Queued, 0)
	require.InDelta(t, 50-215, e.Unaccounted, 0)
}

func TestAnExporterWithoutAQueue(t *testing.T) {
	l := delivery.Draw([]selfmetrics.Sample{
		sample("otelcol_exporter_sent_metric_points", 40, "exporter", "prometheus"),
		sample("otelcol_exporter_send_failed_metric_points", 2, "exporter", "prometheus"),
	})
	require.Equal(t, []delivery.Exporter{{ID: "prometheus", Accepted: 42, Exported: 40, Dropped: map[string]float64{"rejected": 2}}}, l.Exporters)
}

func TestSources(t *testing.T) {
	l := delivery.Draw([]selfmetrics.Sample{
		sample("otelcol_receiver_accepted_log_records", 40, "receiver", "tail"),
		sample("otelcol_receiver_accepted_metric_points", 7, "receiver", "otlp", "transport", "grpc"),
		sample("otelcol_receiver_accepted_spans", 3, "receiver", "otlp", "transport", "http"),
		sample("otelcol_receiver_refused_log_records", 5, "receiver", "tail"),
		sample("tidewatch_tail_dropped_records", 2, "reason", "rejected"),
		sample("otelcol_receiver_accepted_spans", 0, "receiver", "idle"),
		sample("tidewatch_anomaly_points", 12),
	})
	require.Equal(t, []delivery.Source{
		{ID: "otlp", Read: 10, Dropped: map[string]float64{}},
		{ID: "tail", Read: 40, Refused: 5, Dropped: map[string]float64{"rejected": 2}},
	}, l.Sources)
}
