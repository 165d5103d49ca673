package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// echo takes every request as one record.
type echo struct {
	mu    sync.Mutex // guards taken
	taken []string
}

type echoed struct {
	e    *echo
	body string
}

func (e *echo) read(_ *http.Request, body []byte) (request, error) {
	if string(body) == "nonsense" {
		return nil, errBulk
	}
	return echoed{e, string(body)}, nil
}

func (echoed) records() int { return 1 }

func (r echoed) take(partly bool) answer {
	r.e.mu.Lock()
	defer r.e.mu.Unlock()
	r.e.taken = append(r.e.taken, r.body)
	if partly {
		return answer{status: http.StatusAccepted}
	}
	return answer{http.StatusOK, map[string]string{"X-It": "is"}, []byte("fine")}
}

func (e *echo) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.taken)
}

// openSite is a site in one trouble; change to another, or none, by the returned clock.
func openSite(t *testing.T, what trouble, capacity int) (*site, *echo, *clock) {
	t.Helper()
	e, c := &echo{}, &clock{}
	c.set(time.Second)
	s, err := newSite("test", e, weather{[]episode{{time.Second, time.Minute, what}}, c}, capacity)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	var kept sync.WaitGroup
	kept.Go(func() { s.keep(ctx) })
	t.Cleanup(func() {
		cancel()
		kept.Wait()
		s.close()
	})
	return s, e, c
}

func post(t *testing.T, s *site, body string) (*http.Response, error) {
	t.Helper()
	resp, err := http.Post(s.url(), "text/plain", bytes.NewReader([]byte(body)))
	if err == nil {
		t.Cleanup(func() { _ = resp.Body.Close() })
	}
	return resp, err
}

func TestTroubles(t *testing.T) {
	for _, c := range []struct {
		what   trouble
		status int // 0: no answer
		taken  int
	}{
		{fine, 200, 1}, {slow, 200, 1}, {busy, 429, 0}, {failing, 500, 0}, {forgetful, 503, 1}, {resetting, 0, 1}, {partly, 202, 1},
	} {
		s, e, _ := openSite(t, c.what, 0)
		resp, err := post(t, s, "one")
		if c.status == 0 {
			require.Error(t, err, c.what)
		} else {
			require.NoError(t, err, c.what)
			require.Equal(t, c.status, resp.StatusCode, c.what)
		}
		// A request that is cut off may be sent again by Go's own client.
		require.GreaterOrEqual(t, e.count(), c.taken, c.what)
		require.NoError(t, s.failure())
	}
}

func TestDownAndUpAgain(t *testing.T) {
	s, e, c := openSite(t, down, 0)
	require.Eventually(t, func() bool { _, err := post(t, s, "one"); return err != nil }, time.Minute, 20*time.Millisecond)
	c.end()
	require.Eventually(t, func() bool { _, err := post(t, s, "two"); return err == nil }, time.Minute, 20*time.Millisecond)
	require.Equal(t, 1, e.count())
}

func TestCapacityHoldsBack(t *testing.T) {
	s, _, c := openSite(t, fine, 100)
	begin := time.Now()
	for range 10 {
		_, err := post(t, s, "one")
		require.NoError(t, err)
	}
	require.GreaterOrEqual(t, time.Since(begin), 90*time.Millisecond, "ten records at a hundred a second")
	require.True(t, s.room(t.Context(), 1, fine))
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	require.False(t, s.room(gone, 1_000_000, fine), "the client has given up")
	c.end()
	require.True(t, s.room(gone, 1_000_000, fine), "no limit after the load")
}

func TestGzipAndNonsense(t *testing.T) {
	s, e, _ := openSite(t, fine, 0)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := io.WriteString(z, "packed")
	require.NoError(t, err)
	require.NoError(t, z.Close())
	req, err := http.NewRequest(http.MethodPost, s.url(), &packed)
	require.NoError(t, err)
	req.Header.Set("Content-Encoding", "gzip")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, []string{"packed"}, e.taken)
	resp, err = post(t, s, "nonsense")
	require.NoError(t, err)
	require.Equal(t, http.StatusBadRequest, resp.StatusCode)
	require.ErrorIs(t, s.failure(), errBulk)
}
