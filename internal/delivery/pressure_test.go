package delivery_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/delivery"
	"github.com/tidewatch/tidewatch/internal/selfmetrics"
)

func TestEdges(t *testing.T) {
	var edges delivery.Edges
	at := start
	look := func(sent, waiting, bytes float64) delivery.Edge {
		l := delivery.Draw(flowing(sent, waiting, bytes))
		at = at.Add(10 * time.Second)
		return edges.Follow(&l, at)[0]
	}
	require.Equal(t, delivery.Edge{Exporter: "loki", Pressure: delivery.Healthy, Since: at.Add(10 * time.Second)}, look(10, 5, 100))
	began := at
	require.Equal(t, began, look(20, 5, 100).Since, "a state keeps its beginning")
	e := look(20, 50, 500)
	require.Equal(t, delivery.Waiting, e.Pressure)
	require.Equal(t, at, e.Since)
	require.Equal(t, delivery.Saturated, look(20, 90, 960).Pressure)
	require.Equal(t, delivery.Healthy, look(110, 0, 0).Pressure)
}

// An exporter has a queue for each signal; a full one stops its readers, however empty
// the others are.
func TestAFullQueueIsSeenBesideAnEmptyOne(t *testing.T) {
	look := func(logs float64) delivery.Ledger {
		return delivery.Draw([]selfmetrics.Sample{
			sample("otelcol_exporter_enqueue_size_sum", 100, "exporter", "elasticsearch"),
			sample("tidewatch_queue_items", 100, "exporter", "elasticsearch", "signal", "logs"),
			sample("otelcol_exporter_queue_size", logs, "exporter", "elasticsearch", "data_type", "logs"),
			sample("otelcol_exporter_queue_size", 10, "exporter", "elasticsearch", "data_type", "traces"),
			sample("otelcol_exporter_queue_capacity", 1000, "exporter", "elasticsearch", "data_type", "logs"),
			sample("otelcol_exporter_queue_capacity", 1000, "exporter", "elasticsearch", "data_type", "traces"),
		})
	}
	var edges delivery.Edges
	was, is := look(5), look(990)
	require.Equal(t, 10.0, was.Exporters[0].QueueSize, "the fullest counts")
	require.Equal(t, 990.0, is.Exporters[0].QueueSize)
	require.Equal(t, 1000.0, is.Exporters[0].QueueCapacity)
	edges.Follow(&was, start)
	require.Equal(t, delivery.Saturated, edges.Follow(&is, start)[0].Pressure)
}
