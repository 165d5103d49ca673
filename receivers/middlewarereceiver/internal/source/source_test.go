package source_test

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/source"
)

func TestEndpoints(t *testing.T) {
	host, err := os.Hostname()
	require.NoError(t, err)
	for endpoint, want := range map[string]source.Server{
		"127.0.0.1:6379":       {Network: "tcp", Address: "127.0.0.1:6379", Host: "127.0.0.1", Port: 6379, Instance: host + ":6379"},
		"localhost":            {Network: "tcp", Address: "localhost:1", Host: "localhost", Port: 1, Instance: host + ":1"},
		"[::1]:70":             {Network: "tcp", Address: "[::1]:70", Host: "::1", Port: 70, Instance: host + ":70"},
		"::1":                  {Network: "tcp", Address: "[::1]:1", Host: "::1", Port: 1, Instance: host + ":1"},
		"db.example:3306":      {Network: "tcp", Address: "db.example:3306", Host: "db.example", Port: 3306, Instance: "db.example:3306"},
		"/run/redis/r.sock":    {Network: "unix", Address: "/run/redis/r.sock", Host: "/run/redis/r.sock", Instance: host + ":/run/redis/r.sock"},
		"unix:///run/r.sock":   {Network: "unix", Address: "/run/r.sock", Host: "/run/r.sock", Instance: host + ":/run/r.sock"},
		"http://web/status":    {Network: "tcp", Address: "web:80", Host: "web", Port: 80, Instance: "web:80"},
		"https://web":          {Network: "tcp", Address: "web:443", Host: "web", Port: 443, Instance: "web:443"},
		"":                     {},
		"http://u:p@web":       {},
		"user:secret@host:443": {},
		"host:0":               {},
		"host:99999":           {},
	} {
		got, err := source.Parse("redis", "", endpoint, 1)
		if want.Network == "" {
			require.ErrorContains(t, err, "must be host:port", endpoint)
			continue
		}
		want.Kind, want.Service = "redis", "redis"
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestABatchDescribesItsServer(t *testing.T) {
	s, err := source.Parse("redis", "cache", "db:6379", 0)
	require.NoError(t, err)
	md := pmetric.NewMetrics()
	start, now := time.Unix(1, 0), time.Unix(2, 0)
	b := s.Batch(md, start, now)
	b.Gauge("g", "By", "G.").Int(1, "k", "v").Float(2.5)
	b.Counter("c", "{x}", "C.").Int(7)
	b.UpDown("u", "{x}", "U.").Int(8)
	require.Equal(t, map[string]any{"service.name": "cache", "service.instance.id": "db:6379", "server.address": "db", "server.port": int64(6379)},
		md.ResourceMetrics().At(0).Resource().Attributes().AsRaw())
	ms := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
	require.Equal(t, 3, ms.Len())
	require.Equal(t, 2, ms.At(0).Gauge().DataPoints().Len())
	require.Equal(t, map[string]any{"k": "v"}, ms.At(0).Gauge().DataPoints().At(0).Attributes().AsRaw())
	require.Zero(t, ms.At(0).Gauge().DataPoints().At(0).StartTimestamp())
	require.True(t, ms.At(1).Sum().IsMonotonic())
	require.Equal(t, start, ms.At(1).Sum().DataPoints().At(0).StartTimestamp().AsTime().Local())
	require.Equal(t, now, ms.At(1).Sum().DataPoints().At(0).Timestamp().AsTime().Local())
	require.False(t, ms.At(2).Sum().IsMonotonic())
}

func TestTheStartDoesNotWander(t *testing.T) {
	var s source.Since
	begin := time.Unix(1000, 0)
	require.Equal(t, begin, s.Uptime(begin.Add(10*time.Second), 10*time.Second))
	require.Equal(t, begin, s.Uptime(begin.Add(20900*time.Millisecond), 20*time.Second))
	require.Equal(t, begin.Add(29*time.Second), s.Uptime(begin.Add(30*time.Second), time.Second))
}

func TestACounterThatGoesBackBeginsAnew(t *testing.T) {
	var r source.Resets
	at := func(s int64) time.Time { return time.Unix(s, 0) }
	require.Equal(t, at(10), r.Counter(at(10), 5))
	require.Equal(t, at(10), r.Counter(at(20), 9))
	require.Equal(t, at(20), r.Counter(at(30), 3))
	require.Equal(t, at(20), r.Counter(at(40), 4))
}

func TestRefusedTellsWhatToDo(t *testing.T) {
	err := error(&source.RefusedError{Hint: "set redis::password", Err: errors.ErrUnsupported})
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.EqualError(t, err, "unsupported operation: set redis::password")
}
