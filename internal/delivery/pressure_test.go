package delivery_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/delivery"
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
