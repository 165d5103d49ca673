package lokiexporter_test

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/tidewatch/tidewatch/internal/breaker"
)

// status answers with a status and a text.
func status(code int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { http.Error(w, text, code) }
}

// endless writes until nobody reads.
func endless(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		for text := strings.Repeat("x", 1<<20); ; {
			if _, err := io.WriteString(w, text); err != nil {
				return
			}
		}
	}
}

// Whatever a server does, the lines arrive once it works, and none is counted as lost.
// docs/loki.md has this as a table.
func TestBrokenAnswersAreTriedAgain(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"rate limit":          status(http.StatusTooManyRequests, "ingestion rate limit exceeded for user fake (limit: 1 bytes/sec)"),
		"500":                 status(http.StatusInternalServerError, "empty ring"),
		"502 of a proxy":      status(http.StatusBadGateway, "<html>bad gateway</html>"),
		"503":                 status(http.StatusServiceUnavailable, "starting"),
		"401":                 status(http.StatusUnauthorized, "no org id"),
		"403":                 status(http.StatusForbidden, "forbidden"),
		"404":                 status(http.StatusNotFound, "404 page not found"),
		"redirect to a login": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login", http.StatusFound) },
		"permanent redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/push", http.StatusPermanentRedirect)
		},
		"welcome page":            func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>welcome</html>") },
		"200 of another type":     html(http.StatusOK, "welcome"),
		"400 of a proxy":          html(http.StatusBadRequest, "<html>bad</html>"),
		"plain to TLS":            status(http.StatusBadRequest, "Client sent an HTTP request to an HTTPS server."),
		"cut connection":          func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"half an answer":          func(w http.ResponseWriter, _ *http.Request) { half(w, http.StatusOK) },
		"half a refusal":          func(w http.ResponseWriter, _ *http.Request) { half(w, http.StatusBadRequest) },
		"a huge error":            status(http.StatusInternalServerError, strings.Repeat("x", 20<<20)),
		"an error without end":    endless(http.StatusInternalServerError),
		"no answer in time":       func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"an answer byte for byte": dripping,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			f.push = func(n int, w http.ResponseWriter, r *http.Request, _ []stored) bool {
				if n > 2 {
					return false
				}
				answer(w, r)
				return true
			}
			tel := telemetry(t)
			cfg := retrying(f.URL)
			if strings.Contains(name, "no answer") || strings.Contains(name, "byte for byte") {
				cfg.ClientConfig.Timeout = 100 * time.Millisecond
			}
			require.NoError(t, start(t, cfg, tel).ConsumeLogs(t.Context(), records(50, noon)))
			requireExactly(t, f, 50)
			require.Empty(t, dropped(t, tel))
			require.NotEmpty(t, counted(t, tel, "tidewatch_exporter_retried_items"))
		})
	}
}

func html(code int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, text)
	}
}

// half promises more than it sends.
func half(w http.ResponseWriter, code int) {
	w.Header().Set("Content-Length", "1000")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, "2 errors like: entry for stream")
}

// dripping sends a byte in a while, for longer than anybody waits.
func dripping(w http.ResponseWriter, r *http.Request) {
	w.WriteHeader(http.StatusInternalServerError)
	for r.Context().Err() == nil {
		if _, err := w.Write([]byte("x")); err != nil {
			return
		}
		_ = http.NewResponseController(w).Flush()
		time.Sleep(10 * time.Millisecond)
	}
}

func TestASlowServerGetsEverythingOnce(t *testing.T) {
	f := newFake(t)
	f.push = func(_ int, _ http.ResponseWriter, _ *http.Request, _ []stored) bool {
		time.Sleep(20 * time.Millisecond)
		return false
	}
	cfg := retrying(f.URL)
	cfg.MaxRequestSize = 4096
	require.NoError(t, start(t, cfg, nil).ConsumeLogs(t.Context(), records(500, noon)))
	require.Len(t, f.lines, 500)
}

// circuit returns the state of the one circuit and why.
func circuit(t *testing.T, tel *componenttest.Telemetry) (state int64, reason string) {
	t.Helper()
	m, err := tel.GetMetric(breaker.MetricState)
	require.NoError(t, err)
	p := m.Data.(metricdata.Gauge[int64]).DataPoints
	require.Len(t, p, 1)
	v, _ := p[0].Attributes.Value("reason")
	return p[0].Value, v.AsString()
}

func TestAServerThatFailsIsLeftAloneAndFoundAgain(t *testing.T) {
	f := newFake(t)
	var mu sync.Mutex // guards broken
	broken := true
	f.push = func(_ int, w http.ResponseWriter, _ *http.Request, _ []stored) bool {
		mu.Lock()
		defer mu.Unlock()
		if broken {
			http.Error(w, "starting", http.StatusServiceUnavailable)
		}
		return broken
	}
	tel := telemetry(t)
	cfg := direct(f.URL)
	cfg.Circuit = breaker.Config{Failures: 3, MinWait: time.Hour, MaxWait: time.Hour}
	e := start(t, cfg, tel)
	for range 10 {
		require.Error(t, e.ConsumeLogs(t.Context(), records(2, noon)))
	}
	require.Equal(t, 3, f.pushes)
	err := e.ConsumeLogs(t.Context(), records(2, noon))
	require.ErrorContains(t, err, "Throttle (")
	require.ErrorContains(t, err, "server answers 503")
	state, reason := circuit(t, tel)
	require.EqualValues(t, breaker.Open, state)
	require.Equal(t, "http_503", reason)

	quick := retrying(f.URL)
	quick.Circuit = breaker.Config{Failures: 1, MinWait: time.Millisecond, MaxWait: time.Millisecond}
	back := telemetry(t)
	e = start(t, quick, back)
	done := make(chan error, 1)
	go func() { done <- e.ConsumeLogs(t.Context(), records(50, noon)) }()
	require.Eventually(t, func() bool { return len(counted(t, back, "tidewatch_exporter_retried_items")) > 0 }, time.Minute, time.Millisecond)
	mu.Lock()
	broken = false
	mu.Unlock()
	require.NoError(t, <-done)
	requireExactly(t, f, 50)
	state, _ = circuit(t, back)
	require.EqualValues(t, breaker.Closed, state)
}

func TestRateLimitHoldsPushesBack(t *testing.T) {
	f := newFake(t)
	cfg := direct(f.URL)
	cfg.RateLimit = breaker.LimitConfig{BytesPerSecond: 1}
	e := start(t, cfg, nil)
	require.NoError(t, e.ConsumeLogs(t.Context(), oneStream(50, noon)))
	err := e.ConsumeLogs(t.Context(), oneStream(50, noon))
	require.ErrorContains(t, err, "rate_limit: hold")
	require.ErrorContains(t, err, "Throttle (")
	require.Equal(t, 1, f.pushes)
}
