package elasticsearchexporter_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"

	"github.com/tidewatch/tidewatch/internal/breaker"
)

// TestMisbehavingServers is the table of docs/elasticsearch.md: whatever a server
// does to the first requests, each record is stored once and none is dropped.
func TestMisbehavingServers(t *testing.T) {
	stored := func(f *fake, docs []doc) { f.answer(httptest.NewRecorder(), docs) }
	for name, misbehave := range map[string]func(f *fake, w http.ResponseWriter, r *http.Request, docs []doc){
		"hangs before it answers": func(_ *fake, _ http.ResponseWriter, r *http.Request, _ []doc) { <-r.Context().Done() },
		"hangs in its answer": func(f *fake, w http.ResponseWriter, r *http.Request, docs []doc) {
			stored(f, docs)
			_, _ = io.WriteString(w, `{"errors":false,"items":[`)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		},
		"dribbles its answer": func(f *fake, w http.ResponseWriter, r *http.Request, docs []doc) {
			stored(f, docs)
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, " ")
				w.(http.Flusher).Flush()
				time.Sleep(10 * time.Millisecond)
			}
		},
		"stores and cuts the connection": func(f *fake, _ http.ResponseWriter, _ *http.Request, docs []doc) {
			stored(f, docs)
			panic(http.ErrAbortHandler)
		},
		"stores half and cuts the answer": func(f *fake, w http.ResponseWriter, _ *http.Request, docs []doc) {
			stored(f, docs[:len(docs)/2])
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, `{"errors":false`)
			panic(http.ErrAbortHandler)
		},
		"lies that there are no errors": func(f *fake, w http.ResponseWriter, _ *http.Request, docs []doc) {
			stored(f, docs[1:])
			_, _ = io.WriteString(w, `{"took":1,"errors":false,"items":[{"create":{"status":503,"error":{"type":"unavailable_shards_exception","reason":"no"}}}`+strings.Repeat(`,{"create":{"status":201}}`, len(docs)-1)+`]}`)
		},
		"answers for fewer documents": func(f *fake, w http.ResponseWriter, _ *http.Request, docs []doc) {
			stored(f, docs[:1])
			_, _ = io.WriteString(w, `{"took":1,"errors":false,"items":[{"create":{"status":201}}]}`)
		},
		"answers for more documents": func(f *fake, w http.ResponseWriter, _ *http.Request, docs []doc) {
			stored(f, docs)
			_, _ = io.WriteString(w, `{"took":1,"errors":false,"items":[{"create":{"status":201}}`+strings.Repeat(`,{"create":{"status":201}}`, len(docs))+`]}`)
		},
		"says 200 to a person": func(_ *fake, w http.ResponseWriter, _ *http.Request, _ []doc) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<html>please log in</html>")
		},
		"says nothing": func(_ *fake, w http.ResponseWriter, _ *http.Request, _ []doc) { w.WriteHeader(http.StatusNoContent) },
		"redirects": func(_ *fake, w http.ResponseWriter, r *http.Request, _ []doc) {
			http.Redirect(w, r, "/login", http.StatusFound)
		},
		"complains without end": func(_ *fake, w http.ResponseWriter, r *http.Request, _ []doc) {
			w.WriteHeader(http.StatusBadGateway)
			for r.Context().Err() == nil {
				if _, err := io.WriteString(w, strings.Repeat("x", 1<<20)); err != nil {
					return
				}
			}
		},
		"has lost its master":  status(http.StatusServiceUnavailable, `{"error":{"type":"master_not_discovered_exception","reason":"no master"},"status":503}`),
		"is busy":              status(http.StatusTooManyRequests, `{"error":{"type":"circuit_breaking_exception","reason":"too much data"},"status":429}`),
		"forgets who we are":   status(http.StatusUnauthorized, `{"error":{"type":"security_exception","reason":"missing credentials"},"status":401}`),
		"forbids writing":      status(http.StatusForbidden, `{"error":{"type":"security_exception","reason":"unauthorized"},"status":403}`),
		"is elsewhere":         status(http.StatusNotFound, "404 page not found"),
		"is a proxy that errs": status(http.StatusBadRequest, "<html>400 Bad Request</html>"),
		"closes the gateway":   status(http.StatusGatewayTimeout, "upstream timed out"),
		"fails by itself":      status(http.StatusInternalServerError, strings.Repeat("stack ", 1<<16)),
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.request = func(n int, w http.ResponseWriter, r *http.Request, docs []doc) bool {
				if n > 2 {
					return false
				}
				misbehave(f, w, r, docs)
				return true
			}
			tel := componenttest.NewTelemetry()
			defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
			cfg := retrying(f.URL)
			cfg.ClientConfig.Timeout = 300 * time.Millisecond
			if strings.Contains(name, "without end") {
				cfg.ClientConfig.Timeout = time.Minute // it is not the time that ends it
			}
			cfg.DocumentID = "always"
			e := startLogs(t, cfg, tel)
			// A slow machine may need more than one try also where the server behaves.
			require.NoError(t, e.ConsumeLogs(t.Context(), records(50)))
			requireExactly(t, f, 50)
			require.Empty(t, dropped(t, tel))
		})
	}
}

func status(code int, body string) func(*fake, http.ResponseWriter, *http.Request, []doc) {
	return func(_ *fake, w http.ResponseWriter, _ *http.Request, _ []doc) { http.Error(w, body, code) }
}

// A correct answer counts, whatever type it claims to have.
func TestWrongContentTypeOfARightAnswer(t *testing.T) {
	f := newFake(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.ServeHTTP(mistyped{w}, r)
	}))
	defer server.Close()
	require.NoError(t, startLogs(t, direct(server.URL), nil).ConsumeLogs(t.Context(), records(10)))
	requireExactly(t, f, 10)
}

type mistyped struct{ http.ResponseWriter }

func (m mistyped) Write(b []byte) (int, error) {
	m.Header().Set("Content-Type", "text/plain")
	return m.ResponseWriter.Write(b)
}

// A server that needs a time for each document never ends a large request in
// time; it gets smaller ones until it does.
func TestSlowServerGetsSmallerRequests(t *testing.T) {
	f := newFake(t)
	f.request = func(_ int, _ http.ResponseWriter, r *http.Request, docs []doc) bool {
		if len(docs) > 60 {
			<-r.Context().Done()
			return true
		}
		return false
	}
	cfg := retrying(f.URL)
	cfg.ClientConfig.Timeout = 500 * time.Millisecond
	cfg.CircuitBreaker.Failures = 0
	cfg.MaxRequestSize = 100_000
	cfg.DocumentID = "always"
	require.NoError(t, startLogs(t, cfg, nil).ConsumeLogs(t.Context(), records(300)))
	requireExactly(t, f, 300)
}

// A node that fails is left alone: the other gets the documents, and the first is
// asked again only now and then.
func TestFailingNodeIsLeftAlone(t *testing.T) {
	var asked atomic.Int32
	down := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		http.Error(w, "no", http.StatusServiceUnavailable)
	}))
	defer down.Close()
	up := newFake(t)
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	cfg := direct("")
	cfg.Endpoints = []string{down.URL, up.URL}
	cfg.CircuitBreaker = breaker.Config{Failures: 2, MinWait: time.Hour, MaxWait: time.Hour}
	e := startLogs(t, cfg, tel)
	for range 50 {
		require.NoError(t, e.ConsumeLogs(t.Context(), records(2)))
	}
	require.Len(t, up.docs(), 100)
	require.LessOrEqual(t, asked.Load(), int32(4))
}

// When no node is left, nothing is sent, and the error says how long to wait.
func TestOpenCircuitSendsNothing(t *testing.T) {
	f := newFake(t)
	f.request = func(_ int, w http.ResponseWriter, _ *http.Request, _ []doc) bool {
		http.Error(w, "no", http.StatusServiceUnavailable)
		return true
	}
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	cfg := direct(f.URL)
	cfg.CircuitBreaker = breaker.Config{Failures: 3, MinWait: time.Hour, MaxWait: time.Hour}
	e := startLogs(t, cfg, tel)
	for range 10 {
		require.Error(t, e.ConsumeLogs(t.Context(), records(2)))
	}
	require.Equal(t, 3, f.count())
	require.ErrorContains(t, e.ConsumeLogs(t.Context(), records(2)), "Throttle (")
	require.Equal(t, int64(16), sum(t, tel, "tidewatch_exporter_retried_items", "reason")["circuit_open"])
	_, err := tel.GetMetric(breaker.MetricState)
	require.NoError(t, err)
}

func TestRateLimitHoldsBack(t *testing.T) {
	f := newFake(t)
	cfg := direct(f.URL)
	cfg.RateLimit = breaker.LimitConfig{RequestsPerSecond: 0.01}
	e := startLogs(t, cfg, nil)
	require.NoError(t, e.ConsumeLogs(t.Context(), records(2)))
	require.ErrorContains(t, e.ConsumeLogs(t.Context(), records(2)), "rate_limit")
	require.Equal(t, 1, f.count())
}
