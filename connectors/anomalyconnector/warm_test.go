package anomalyconnector

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"

	"github.com/tidewatch/tidewatch/anomaly"
	"github.com/tidewatch/tidewatch/internal/history"
)

// patience is how long the background may take on a busy machine.
const patience = time.Minute

func (r *rig) eventuallyNormal() {
	w := r.sides[0].(*metricsSide).watcher
	require.Eventually(r.t, func() bool { return w.states()[anomaly.Normal] == 1 }, patience, 5*time.Millisecond)
}

// fails checks that the series, which it saw for one second, alerts.
func (r *rig) fails() {
	times(20, func() { r.feed(r.gauge(9000)) })
	require.Equal(r.t, []string{"open"}, states(r.findings()))
	require.NotContains(r.t, r.findings()[0].Attributes().AsRaw()["finding.receipt"], `"history_seconds":1,`)
}

func TestWarmStartFromPrometheus(t *testing.T) {
	queries := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(queries) == 0 {
			queries <- r.FormValue("query")
		}
		from, _ := strconv.ParseFloat(r.FormValue("start"), 64)
		to, _ := strconv.ParseFloat(r.FormValue("end"), 64)
		var values []string
		for at := from; at <= to; at += 60 {
			values = append(values, fmt.Sprintf(`[%.3f,"%d"]`, at, 100+int(at)/60%5))
		}
		fmt.Fprintf(w, `{"status":"success","data":{"result":[{"metric":{"a":"b"},"values":[%s]}]}}`, strings.Join(values, ","))
	}))
	defer server.Close()
	cfg := createDefaultConfig().(*Config)
	cfg.WarmStart.Prometheus = &PrometheusHistory{Endpoint: server.URL}
	cfg.WarmStart.Window = 48 * time.Hour
	r := newRig(t, cfg, componenttest.NewNopHost())
	defer r.stop()
	r.feed(r.gauge(101))
	r.eventuallyNormal()
	require.Equal(t, `tidewatch_baseline_observed{metric="queue.depth",queue="orders",service_name="checkout"}`, <-queries)
	r.fails()
}

func TestWarmStartFromCSV(t *testing.T) {
	dir := t.TempDir()
	var b strings.Builder
	for at := begin.Add(-36 * time.Hour); at.Before(begin); at = at.Add(time.Minute) {
		fmt.Fprintf(&b, "%d,%d\n", at.Unix(), 100+at.Minute()%5)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "queue.depth{queue=orders}.csv"), []byte(b.String()), 0o600))
	cfg := createDefaultConfig().(*Config)
	cfg.WarmStart.CSV = dir
	r := newRig(t, cfg, componenttest.NewNopHost())
	defer r.stop()
	r.feed(r.gauge(101))
	r.eventuallyNormal()
	r.fails()
}

func TestWarmStartTriesAgainAndGivesUp(t *testing.T) {
	for failing, over := range map[int]bool{3: false, 1000: true} {
		r := newRig(t, shortConfig(), componenttest.NewNopHost())
		w := r.sides[0].(*metricsSide).watcher
		r.feed(r.gauge(1))
		var waits []time.Duration
		tries := 0
		ctx, cancel := context.WithCancel(t.Context())
		s := &warmStart{
			watcher: w, wake: make(chan struct{}, 1), stop: cancel,
			wait: func(_ context.Context, d time.Duration) { waits = append(waits, d) },
			source: func(context.Context, *question) ([]history.Point, error) {
				if tries++; tries <= failing {
					return nil, errors.New("refused")
				}
				cancel()
				return nil, nil
			},
		}
		for id := range w.series {
			s.questions = append(s.questions, question{id: id})
		}
		s.run(ctx)
		s.close()
		require.Equal(t, over, s.over)
		require.Equal(t, []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second}, waits[:3])
		require.LessOrEqual(t, waits[len(waits)-1], 5*time.Minute)
		require.LessOrEqual(t, tries, 12)
		r.stop()
	}
}

func TestWarmStartConfig(t *testing.T) {
	for want, c := range map[string]WarmStart{
		"window must be":            {},
		"must not both":             {Window: 1, CSV: "x", Prometheus: &PrometheusHistory{}},
		"prometheus::endpoint":      {Window: 1, Prometheus: &PrometheusHistory{Endpoint: "localhost"}},
		"prometheus::step must not": {Window: 1, Prometheus: &PrometheusHistory{Endpoint: "http://x", Step: -1}},
	} {
		cfg := createDefaultConfig().(*Config)
		cfg.WarmStart = c
		require.ErrorContains(t, cfg.Validate(), want)
	}
}

func TestFileName(t *testing.T) {
	require.Equal(t, "a.csv", fileName(&question{metric: "a"}))
	require.Equal(t, "a{b=_x,c=1}.csv", fileName(&question{metric: "a", attributes: map[string]string{"c": "1", "b": "/x"}}))
	require.Equal(t, ".._x.csv", fileName(&question{metric: "../x"}))
}
