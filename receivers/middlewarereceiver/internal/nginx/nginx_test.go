package nginx_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/goleak"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/nginx"
	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/source"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve is an nginx with a page at a path.
func serve(t *testing.T, server, path string, page func() string) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Server", server)
		if r.URL.Path != path {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = w.Write([]byte(page()))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func recorded(t *testing.T, file string) string {
	b, err := os.ReadFile("testdata/" + file)
	require.NoError(t, err)
	return string(b)
}

func open(t *testing.T, endpoint string) source.Source {
	s, err := nginx.New(nginx.DefaultConfig(), endpoint)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func sum(md pmetric.Metrics, name, state string) (pmetric.NumberDataPoint, bool) {
	for _, rm := range md.ResourceMetrics().All() {
		for _, m := range rm.ScopeMetrics().At(0).Metrics().All() {
			for _, p := range m.Sum().DataPoints().All() {
				if v, _ := p.Attributes().Get("state"); m.Name() == name && v.Str() == state {
					return p, true
				}
			}
		}
	}
	return pmetric.NumberDataPoint{}, false
}

func TestRecordedPages(t *testing.T) {
	for file, want := range map[string]map[string]int64{
		"nginx-1.22.txt":  {"nginx.requests": 5, "nginx.connections_accepted": 4, "nginx.connections_handled": 3, "active": 2, "reading": 0, "writing": 1, "waiting": 1},
		"tengine-2.3.txt": {"nginx.requests": 32140, "nginx.connections_accepted": 1140, "nginx.connections_handled": 1140, "active": 11, "reading": 0, "writing": 4, "waiting": 7},
	} {
		endpoint := serve(t, "nginx/1.22.1", "/stub_status", func() string { return recorded(t, file) })
		md := pmetric.NewMetrics()
		require.NoError(t, open(t, strings.TrimPrefix(endpoint, "http://")).Scrape(t.Context(), time.Unix(9, 0), md))
		for name, value := range want {
			state := ""
			if !strings.HasPrefix(name, "nginx.") {
				name, state = "nginx.connections_current", name
			}
			p, ok := sum(md, name, state)
			require.True(t, ok, name)
			require.Equal(t, value, p.IntValue(), name+state)
		}
		version, _ := md.ResourceMetrics().At(0).Resource().Attributes().Get("nginx.version")
		require.Equal(t, "1.22.1", version.Str())
	}
}

func TestCountersBeginAnewWithTheServer(t *testing.T) {
	var requests atomic.Value
	endpoint := serve(t, "nginx", "/nginx_status", func() string {
		return "Active connections: 1 \nserver accepts handled requests\n 1 1 " + requests.Load().(string) + " \nReading: 0 Writing: 1 Waiting: 0 \n"
	})
	s := open(t, endpoint)
	for _, step := range []struct {
		at, start int64
		requests  string
	}{{10, 10, "900"}, {20, 10, "950"}, {30, 20, "3"}} {
		requests.Store(step.requests)
		md := pmetric.NewMetrics()
		require.NoError(t, s.Scrape(t.Context(), time.Unix(step.at, 0), md))
		p, _ := sum(md, "nginx.requests", "")
		require.Equal(t, time.Unix(step.start, 0), p.StartTimestamp().AsTime().Local())
	}
}

func TestNginxWithoutAPageSaysWhatToAdd(t *testing.T) {
	err := open(t, serve(t, "nginx/1.22.1", "/none", nil)).Scrape(t.Context(), time.Unix(1, 0), pmetric.NewMetrics())
	var refused *source.RefusedError
	require.ErrorAs(t, err, &refused)
	require.Contains(t, refused.Hint, "location = /nginx_status { stub_status; allow 127.0.0.1; deny all; }")
}

func TestOtherServersAreAskedOnce(t *testing.T) {
	var asked atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		_, _ = w.Write([]byte("hello"))
	}))
	t.Cleanup(s.Close)
	require.ErrorIs(t, open(t, s.URL).Scrape(t.Context(), time.Unix(1, 0), pmetric.NewMetrics()), source.ErrOther)
	require.EqualValues(t, 1, asked.Load())
}

func TestAnEndpointMayHaveThePath(t *testing.T) {
	endpoint := serve(t, "nginx", "/my/status", func() string { return recorded(t, "nginx-1.22.txt") })
	require.NoError(t, open(t, endpoint+"/my/status").Scrape(t.Context(), time.Unix(1, 0), pmetric.NewMetrics()))
	var refused *source.RefusedError
	require.ErrorAs(t, open(t, endpoint+"/other").Scrape(t.Context(), time.Unix(1, 0), pmetric.NewMetrics()), &refused)
}

func TestThePageMayGoAndComeBack(t *testing.T) {
	var page atomic.Value
	page.Store(recorded(t, "nginx-1.22.txt"))
	s := open(t, serve(t, "nginx", "/status", func() string { return page.Load().(string) }))
	require.NoError(t, s.Scrape(t.Context(), time.Unix(1, 0), pmetric.NewMetrics()))
	page.Store("moved")
	require.ErrorIs(t, s.Scrape(t.Context(), time.Unix(2, 0), pmetric.NewMetrics()), source.ErrOther)
	page.Store(recorded(t, "nginx-1.22.txt"))
	require.NoError(t, s.Scrape(t.Context(), time.Unix(3, 0), pmetric.NewMetrics()))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, s.Scrape(ctx, time.Unix(4, 0), pmetric.NewMetrics()), context.Canceled)
}

func TestConfig(t *testing.T) {
	require.ErrorContains(t, (&nginx.Config{}).Validate(), "paths must not be empty")
	require.ErrorContains(t, (&nginx.Config{Paths: []string{"x"}}).Validate(), "must begin with /")
	cfg := nginx.DefaultConfig()
	require.NoError(t, cfg.Validate())
	_, err := nginx.New(cfg, "http://user:sesame@host/")
	require.ErrorContains(t, err, "without user and password")
	require.NotContains(t, err.Error(), "sesame")
}

// FuzzPage feeds what a server may answer.
func FuzzPage(f *testing.F) {
	for _, file := range []string{"nginx-1.22.txt", "tengine-2.3.txt"} {
		b, err := os.ReadFile("testdata/" + file)
		require.NoError(f, err)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, page []byte) {
		if requests, err := nginx.Requests(page); err == nil {
			require.GreaterOrEqual(t, requests, int64(0))
		}
	})
}
