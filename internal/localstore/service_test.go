package localstore_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/localstore"
)

var noon = time.Unix(1_750_000_000, 0)

func put(s *localstore.Store, id uint64, at time.Time, field localstore.ServiceField, v float64, service, operation string) {
	s.PutService(id, at, field, v, func() (string, string, []localstore.Attr) { return service, operation, nil })
}

func TestServices(t *testing.T) {
	s := localstore.New(localstore.Options{})
	require.Empty(t, s.Services(noon))
	put(s, 2, noon, localstore.ServiceCalls, 3, "web", "GET /")
	put(s, 1, noon, localstore.ServiceCalls, 5, "web", "")
	put(s, 1, noon, localstore.ServiceErrors, 0.25, "web", "")
	put(s, 1, noon, localstore.ServiceP99, 0.5, "web", "")
	got := s.Services(noon)
	require.Len(t, got, 2)
	require.Equal(t, "web ", got[0].Service+" "+got[0].Operation)
	require.Equal(t, []localstore.Number{5, 0.25, 0.5}, []localstore.Number{got[0].Calls, got[0].Errors, got[0].LatencyP99})
	require.True(t, math.IsNaN(float64(got[0].LatencyMean)))

	// A value that did not come with the others is of before.
	put(s, 1, noon.Add(10*time.Second), localstore.ServiceCalls, 1, "web", "")
	got = s.Services(noon.Add(10 * time.Second))
	require.Equal(t, localstore.Number(1), got[0].Calls)
	require.True(t, math.IsNaN(float64(got[0].Errors)))
	require.Empty(t, s.Services(noon.Add(5*time.Minute)))

	for i := range 1500 {
		put(s, uint64(i+10), noon.Add(time.Duration(i)*time.Millisecond), localstore.ServiceCalls, 1, fmt.Sprint(i), "")
	}
	require.Equal(t, 1000, s.Totals().Services)
	require.EqualValues(t, 502, s.Totals().EvictedServices)
}

func TestEdges(t *testing.T) {
	s := localstore.New(localstore.Options{})
	e := localstore.Edge{Client: "web", Server: "cart"}
	for i := range 13 { // ten requests a second, of which one in four fails from the sixth point on
		at := noon.Add(time.Duration(i) * 10 * time.Second)
		s.PutEdge(e, at, localstore.EdgeRequests, float64(100*i))
		s.PutEdge(e, at, localstore.EdgeFailed, float64(25*max(0, i-6)))
		s.PutEdge(e, at, localstore.EdgeServerCount, float64(100*i))
		s.PutEdge(e, at, localstore.EdgeServerSeconds, float64(2*i))
	}
	now := noon.Add(2 * time.Minute)
	got := s.Edges(now)
	require.Len(t, got, 1)
	require.Equal(t, localstore.EdgeView{Edge: e, Calls: 10, Errors: 0.25, LatencyMean: 0.02, Requests: 1200, Failed: 150}, got[0])

	s.PutEdge(e, now.Add(10*time.Second), localstore.EdgeRequests, 7) // the agent was restarted
	got = s.Edges(now.Add(10 * time.Second))
	require.True(t, math.IsNaN(float64(got[0].Calls)))
	require.EqualValues(t, 7, got[0].Requests)
	s.PutEdge(e, now.Add(20*time.Second), localstore.EdgeRequests, 27)
	require.Equal(t, localstore.Number(2), s.Edges(now.Add(20 * time.Second))[0].Calls)
	require.Empty(t, s.Edges(now.Add(time.Hour)))

	for i := range 2000 {
		s.PutEdge(e, now.Add(time.Duration(i)*time.Millisecond), localstore.EdgeRequests, float64(1000+i))
		s.PutEdge(localstore.Edge{Client: fmt.Sprint(i)}, now.Add(time.Duration(i)*time.Millisecond), localstore.EdgeRequests, 1)
	}
	require.Equal(t, 1000, s.Totals().Edges)
}
