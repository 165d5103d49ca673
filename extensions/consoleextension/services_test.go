package consoleextension

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/localstore"
	"github.com/tidewatch/tidewatch/signals"
)

func putServices(s *localstore.Store) {
	for id, operation := range []string{"", "GET /"} {
		for field, v := range []float64{12.5, 0.125, 0.25, 1.5} {
			s.PutService(uint64(id), goldenTime, localstore.ServiceField(field), v, func() (string, string, []localstore.Attr) {
				return "web", operation, []localstore.Attr{{Key: "host.name", Value: "tide"}}
			})
		}
	}
	s.PutService(7, goldenTime, localstore.ServiceCalls, 0.5, func() (string, string, []localstore.Attr) { return "cart", "", nil })
	for i := range 2 {
		at := goldenTime.Add(time.Duration(i-1) * 10 * time.Second)
		s.PutEdge(localstore.Edge{Client: "web", Server: "cart"}, at, localstore.EdgeRequests, float64(50*i))
		s.PutEdge(localstore.Edge{Client: "cart", Server: "carts", Connection: "database"}, at, localstore.EdgeRequests, float64(10*i))
		s.PutEdge(localstore.Edge{Client: "cart", Server: "carts", Connection: "database"}, at, localstore.EdgeFailed, float64(5*i))
	}
}

func TestWhatIsUsualOfAService(t *testing.T) {
	s, _, h := smallAPI()
	putServices(s)
	for f, v := range map[localstore.Field]float64{localstore.Observed: 1.5, localstore.Lower: 0.25, localstore.Upper: 0.5, localstore.State: signals.AnomalyStateAnomalous} {
		s.PutPoint(1, goldenTime, f, v, func() localstore.SeriesInfo {
			return localstore.SeriesInfo{
				Metric: signals.MetricServiceLatencyP99, Attrs: []localstore.Attr{{Key: "span.name", Value: "GET /"}}, Entity: []localstore.Attr{{Key: signals.AttrServiceName, Value: "web"}},
			}
		})
	}
	body := ask(h, "/api/v1/services?operations=1&service=web").Body.String()
	require.Contains(t, body, `"operation":"GET /"`)
	require.Contains(t, body, `"usual":{"latency_p99":{"lower":0.25,"upper":0.5,"state":"anomalous","series":"0000000000000001"}}`)
	require.NotContains(t, ask(h, "/api/v1/services?service=web").Body.String(), "usual")
}

func TestServiceQueries(t *testing.T) {
	h := goldenAPI()
	require.NotContains(t, ask(h, "/api/v1/services/graph?service=web").Body.String(), "carts")
	require.NotContains(t, ask(h, "/api/v1/services").Body.String(), "GET /")
	for _, bad := range []string{"services?operations=2", "traces?min_duration_ms=-1", "traces?errors=yes"} {
		require.Equal(t, http.StatusBadRequest, ask(h, "/api/v1/"+bad).Code, bad)
	}
}
