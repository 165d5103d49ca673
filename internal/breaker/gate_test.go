package breaker_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/tidewatch/tidewatch/internal/breaker"
)

// server answers as its handler says and has a gate before it.
type server struct {
	*httptest.Server
	gate   *breaker.Gate
	client *http.Client
	tel    *componenttest.Telemetry
	calls  atomic.Int32
}

func serve(t *testing.T, cfg breaker.Config, limit breaker.LimitConfig, handler http.HandlerFunc) *server {
	t.Helper()
	s := &server{tel: componenttest.NewTelemetry()}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.calls.Add(1)
		handler(w, r)
	}))
	var err error
	s.gate, err = breaker.NewGate(s.tel.NewTelemetrySettings(), component.MustNewIDWithName("loki", "one"), cfg, limit)
	require.NoError(t, err)
	s.client = &http.Client{Transport: s.gate.Transport(&http.Transport{})}
	t.Cleanup(func() {
		s.client.CloseIdleConnections()
		s.Close()
		require.NoError(t, s.gate.Close())
		require.NoError(t, s.gate.Close(), "twice does no harm")
		require.NoError(t, s.tel.Shutdown(context.Background()))
	})
	return s
}

// get reads one answer to its end.
func (s *server) get(ctx context.Context, base string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/path", strings.NewReader("body"))
	if err != nil {
		return err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.ReadAll(resp.Body)
	return err
}

// point returns the value and labels of a gauge or counter of one point.
func (s *server) point(t *testing.T, name string) (float64, string) {
	t.Helper()
	m, err := s.tel.GetMetric(name)
	require.NoError(t, err)
	label := func(set attribute.Set) string { return set.Encoded(attribute.DefaultEncoder()) }
	switch d := m.Data.(type) {
	case metricdata.Gauge[int64]:
		require.Len(t, d.DataPoints, 1)
		return float64(d.DataPoints[0].Value), label(d.DataPoints[0].Attributes)
	case metricdata.Gauge[float64]:
		require.Len(t, d.DataPoints, 1)
		return d.DataPoints[0].Value, label(d.DataPoints[0].Attributes)
	case metricdata.Sum[int64]:
		require.Len(t, d.DataPoints, 1)
		return float64(d.DataPoints[0].Value), label(d.DataPoints[0].Attributes)
	case metricdata.Sum[float64]:
		require.Len(t, d.DataPoints, 1)
		return d.DataPoints[0].Value, label(d.DataPoints[0].Attributes)
	}
	require.Fail(t, "unknown kind of metric")
	return 0, ""
}

var quick = breaker.Config{Failures: 2, MinWait: time.Millisecond, MaxWait: 2 * time.Millisecond}

func TestGateClosesAndOpens(t *testing.T) {
	var down atomic.Bool
	down.Store(true)
	slow := quick
	slow.MinWait, slow.MaxWait = time.Hour, time.Hour
	s := serve(t, slow, breaker.LimitConfig{}, func(w http.ResponseWriter, _ *http.Request) {
		if down.Load() {
			http.Error(w, "starting", http.StatusServiceUnavailable)
		}
	})
	for range 2 {
		require.NoError(t, s.get(t.Context(), s.URL))
	}
	err := s.get(t.Context(), s.URL)
	open, ok := errors.AsType[*breaker.OpenError](err)
	require.True(t, ok)
	require.Equal(t, s.URL, open.Endpoint)
	require.Greater(t, open.Wait, 29*time.Minute)
	require.ErrorContains(t, err, "the last: server answers 503")
	require.ErrorContains(t, breaker.Retryable(fmt.Errorf("push: %w", err)), "Throttle (")
	require.EqualValues(t, 2, s.calls.Load(), "it was not asked")

	v, labels := s.point(t, breaker.MetricState)
	require.InDelta(t, 2, v, 0)
	require.Equal(t, "endpoint="+s.URL+",exporter=loki/one,reason=http_503", labels)
	v, _ = s.point(t, breaker.MetricSince)
	require.InDelta(t, time.Now().Unix(), v, 60)
	v, _ = s.point(t, breaker.MetricOpened)
	require.InDelta(t, 1, v, 0)
}

func TestGateComesBack(t *testing.T) {
	var down atomic.Bool
	down.Store(true)
	s := serve(t, quick, breaker.LimitConfig{}, func(w http.ResponseWriter, _ *http.Request) {
		if down.Load() {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(http.StatusTooManyRequests)
	})
	for s.gate.Status()[s.URL].State != breaker.Open {
		require.Error(t, s.get(t.Context(), s.URL))
	}
	require.Equal(t, "connection_cut", s.gate.Status()[s.URL].Reason)
	down.Store(false)
	require.Eventually(t, func() bool { return s.get(t.Context(), s.URL) == nil }, time.Minute, time.Millisecond)
	require.Equal(t, breaker.Closed, s.gate.Status()[s.URL].State, "an answer, whatever it says, comes from an endpoint that works")
	_, labels := s.point(t, breaker.MetricState)
	require.Equal(t, "endpoint="+s.URL+",exporter=loki/one", labels)
}

func TestKindsOfFailures(t *testing.T) {
	s := serve(t, breaker.Config{MinWait: 1, MaxWait: 1}, breaker.LimitConfig{}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000") // and then not
		_, _ = io.WriteString(w, "half")
	})
	require.Error(t, s.get(t.Context(), s.URL))
	require.Equal(t, "connection_cut", s.gate.Status()[s.URL].Reason, "half an answer")
	free := httptest.NewServer(nil)
	free.Close()
	require.Error(t, s.get(t.Context(), free.URL))
	require.Equal(t, "connection_refused", s.gate.Status()[free.URL].Reason)
	https := strings.Replace(s.URL, "http:", "https:", 1)
	require.Error(t, s.get(t.Context(), https))
	require.Equal(t, "tls", s.gate.Status()[https].Reason)
	require.Error(t, s.get(t.Context(), "http://nowhere.invalid"))
	require.NotEmpty(t, s.gate.Status()["http://nowhere.invalid"].Reason) // dns, where a resolver answers
}

func TestTimeoutsAreFailuresAndCancelsAreNot(t *testing.T) {
	release := make(chan struct{})
	s := serve(t, breaker.Config{Failures: 9, MinWait: 1, MaxWait: 1}, breaker.LimitConfig{}, func(http.ResponseWriter, *http.Request) { <-release })
	defer close(release)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	require.Error(t, s.get(ctx, s.URL))
	require.Equal(t, "timeout", s.gate.Status()[s.URL].Reason)
	require.Equal(t, 1, s.gate.Status()[s.URL].Failures)
	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	require.Error(t, s.get(ctx, s.URL))
	require.Equal(t, 1, s.gate.Status()[s.URL].Failures)
}

func TestEndpointsAreBounded(t *testing.T) {
	s := serve(t, breaker.DefaultConfig(), breaker.LimitConfig{}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for i := range 100 {
		require.Error(t, s.get(ctx, fmt.Sprintf("http://127.0.0.1:%d", 10000+i)))
	}
	all := s.gate.Status()
	require.Len(t, all, 64)
	require.Contains(t, all, breaker.Other)
}

func TestWaitKeepsTheRate(t *testing.T) {
	s := serve(t, quick, breaker.LimitConfig{BytesPerSecond: 1000, BurstBytes: 1}, nil)
	held := func() bool { // a machine that is slower than the rate is not held back
		require.NoError(t, s.gate.Wait(t.Context(), 50))
		_, err := s.tel.GetMetric(breaker.MetricWaited)
		return err == nil
	}
	require.Eventually(t, held, time.Minute, time.Millisecond)
	waited, labels := s.point(t, breaker.MetricWaited)
	require.Positive(t, waited)
	require.LessOrEqual(t, waited, 0.05)
	require.Equal(t, "exporter=loki/one", labels)
	require.NoError(t, s.gate.Wait(t.Context(), 100_000), "once there is a byte")
	require.ErrorContains(t, s.gate.Wait(t.Context(), 1), "Throttle (1m", "longer than a stop may take: the retries wait")

	unlimited := serve(t, quick, breaker.LimitConfig{}, nil)
	require.NoError(t, unlimited.gate.Wait(t.Context(), 1<<30))
}

func TestWaitEndsWithItsContext(t *testing.T) {
	s := serve(t, quick, breaker.LimitConfig{RequestsPerSecond: 0.5}, nil)
	require.NoError(t, s.gate.Wait(t.Context(), 1))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, s.gate.Wait(ctx, 1), context.Canceled)
}

func TestOtherErrorsStayAsTheyAre(t *testing.T) {
	require.Equal(t, errDown, breaker.Retryable(errDown))
	require.NoError(t, breaker.Retryable(nil))
}
