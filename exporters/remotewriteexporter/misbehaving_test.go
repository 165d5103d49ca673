package remotewriteexporter

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/breaker"
)

// What receivers do that they should not; docs/prometheus.md has the same table.
func TestMisbehavingReceiver(t *testing.T) {
	hang := make(chan struct{})
	cut := func(w http.ResponseWriter) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			conn.Close()
		}
	}
	for _, c := range []struct {
		name    string
		answer  func(http.ResponseWriter)
		says    string           // error of the first attempt; empty means none
		stored  int              // samples that the fake took by itself, in the end
		dropped map[string]int64 // in the end
		calls   int
	}{
		{name: "hangs", answer: func(http.ResponseWriter) { <-hang }, says: "exceeded", stored: 1, calls: 2},
		{name: "cuts the connection", answer: cut, says: "EOF", stored: 1, calls: 2},
		{name: "cuts its answer", answer: func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "100")
			confirm(w, 1, 0, 0)
			fmt.Fprint(w, "half")
		}, calls: 1},
		{name: "ten times as slow", answer: func(w http.ResponseWriter) {
			time.Sleep(20 * time.Millisecond)
			confirm(w, 1, 0, 0)
		}, calls: 1},
		{name: "confirms nothing", answer: func(w http.ResponseWriter) { w.WriteHeader(http.StatusNoContent) }, stored: 1, calls: 2},
		{name: "confirms less", answer: func(w http.ResponseWriter) { confirm(w, 0, 0, 0) }, dropped: map[string]int64{"unconfirmed": 1}, calls: 1},
		{name: "confirms more", answer: func(w http.ResponseWriter) { confirm(w, 1000, 1000, 1000) }, calls: 1},
		{name: "confirms nonsense", answer: func(w http.ResponseWriter) {
			w.Header().Set("X-Prometheus-Remote-Write-Samples-Written", "-3 or so")
		}, stored: 1, calls: 2},
		{name: "answers a page", answer: func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "text/html")
			confirm(w, 1, 0, 0)
			fmt.Fprint(w, "<html>error</html>")
		}, calls: 1},
		{name: "redirects", answer: func(w http.ResponseWriter) {
			w.Header().Set("Location", "http://elsewhere.example/")
			w.WriteHeader(http.StatusPermanentRedirect)
		}, says: "set endpoint to where it leads", stored: 1, calls: 2},
		{name: "redirects to a page", answer: func(w http.ResponseWriter) {
			w.Header().Set("Location", "/login")
			w.WriteHeader(http.StatusFound)
		}, says: "/login", stored: 1, calls: 2},
		{name: "huge error", answer: func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write(bytes.Repeat([]byte("x"), 10<<20)) // until the client has had enough
		}, says: strings.Repeat("x", 4000), stored: 1, calls: 2},
		{name: "no length, no end", answer: func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusInternalServerError)
			for range 1000 {
				if _, err := w.Write(bytes.Repeat([]byte("y"), 1<<14)); err != nil {
					return
				}
			}
		}, says: "500", stored: 1, calls: 2},
		{name: "asks to wait for days", answer: answer(503, "Retry-After", "999999"), says: "Throttle (1h0m0s)", stored: 1, calls: 2},
		{name: "asks to wait for nonsense", answer: answer(503, "Retry-After", "soon"), says: "503", stored: 1, calls: 2},
		{name: "switches protocols", answer: func(w http.ResponseWriter) { w.WriteHeader(http.StatusTeapot) }, dropped: map[string]int64{"refused_418": 1}, calls: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newReceiver(t, c.answer)
			cfg := configFor(r.URL)
			if c.name == "hangs" {
				cfg.Timeout = 50 * time.Millisecond
			}
			e, tel := started(t, cfg)
			b := converted(t, e, sums(false, one))
			err := e.push(t.Context(), b)
			if c.name == "hangs" {
				close(hang)
			}
			if c.says == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, c.says)
				require.Less(t, len(err.Error()), 5000)
				require.NoError(t, e.push(t.Context(), b))
			}
			require.Len(t, r.samples(), c.stored)
			require.Equal(t, c.calls, r.calls())
			if c.dropped == nil {
				c.dropped = map[string]int64{}
			}
			require.Equal(t, c.dropped, dropped(t, tel))
		})
	}
}

func TestCircuitOpens(t *testing.T) {
	r := newReceiver(t, repeat(answer(503), 3)...)
	cfg := configFor(r.URL)
	cfg.CircuitBreaker = breaker.Config{Failures: 3, MinWait: time.Hour, MaxWait: time.Hour}
	e, _ := started(t, cfg)
	b := converted(t, e, sums(false, one))
	for range 3 {
		require.ErrorContains(t, e.push(t.Context(), b), "503")
	}
	err := e.push(t.Context(), b)
	require.ErrorContains(t, err, "Throttle (")
	require.ErrorContains(t, err, "left alone")
	require.Equal(t, 3, r.calls())
}

func TestRateLimit(t *testing.T) {
	r := newReceiver(t)
	cfg := configFor(r.URL)
	cfg.RateLimit.RequestsPerSecond, cfg.RateLimit.BurstRequests = 0.001, 1
	e, _ := started(t, cfg)
	require.NoError(t, push(t, e, sums(false, one)))
	b := converted(t, e, sums(false, point{"a", 2, 2, false}))
	require.ErrorContains(t, e.push(t.Context(), b), "rate_limit")
	require.Len(t, r.samples(), 1)
}

// The URL may hold a password.
func TestErrorsShowNoSecrets(t *testing.T) {
	r := newReceiver(t, answer(503))
	cfg := configFor(strings.Replace(r.URL, "http://", "http://u:geheim@", 1))
	e, _ := started(t, cfg)
	b := converted(t, e, sums(false, one))
	err := e.push(t.Context(), b)
	require.ErrorContains(t, err, "503")
	require.NotContains(t, err.Error(), "geheim")
	r.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err = e.push(ctx, b)
	require.Error(t, err)
	require.NotContains(t, err.Error(), "geheim")
	require.NotEmpty(t, r.headers[0].Get("Authorization"))
}
