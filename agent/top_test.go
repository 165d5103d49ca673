package agent

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/incident"
	"github.com/tidewatch/tidewatch/internal/delivery"
)

var topTime = time.Date(2027, 3, 1, 3, 0, 0, 0, time.UTC)

// topExample is an agent with something in each view.
func topExample() topState {
	number := func(f float64) *float64 { return &f }
	s := topState{at: topTime, found: 240}
	s.overview.Host.Name, s.overview.Version = "web-1", "v1.2.0"
	s.overview.Status.Level, s.overview.Status.Sentence = "critical", "One incident is open: the disk of web-1 is full."
	s.overview.Delivery.Sentence = "Loki does not answer; 12 MB wait."
	p := &s.pipeline
	p.Available = true
	p.Process.CPU, p.Process.RSS, p.Process.Heap, p.Process.Uptime = 0.004, 48e6, 14e6, 3*24*3600+3600
	p.Receivers = []topComponent{{ID: "tail", Signal: "logs", Items: 120000, Rate: number(812.5)}, {ID: "host_metrics", Signal: "metrics", Items: 88000}}
	p.Exporters = []topComponent{
		{ID: "console", Signal: "logs", Items: 120000, Rate: number(812.5)},
		{ID: "loki", Signal: "logs", Items: 90000, Rate: number(0), Failed: 12, Queue: number(50e6), Capacity: number(100e6)},
	}
	p.Edges = []topEdge{{"console", "healthy"}, {"loki", "down"}}
	p.Ledger.Exporters = []delivery.Exporter{{ID: "console", Accepted: 120000, Exported: 120000}, {ID: "loki", Accepted: 120000, Exported: 90000, Queued: 29988, Dropped: map[string]float64{"400": 12}}}
	minutes := func(before, last uint64) []uint64 {
		m := make([]uint64, 60)
		for i := range m {
			m[i] = before
		}
		m[59] = last
		return m
	}
	s.patterns = []topPattern{
		{ID: "a", Template: "GET <*> <int> in <num> ms", Count: 90000, LastHour: 6000, PerMinute: minutes(100, 400)},
		{ID: "b", Template: "no space left on device \x1b[2J", Count: 40, LastHour: 40, PerMinute: minutes(0, 40)},
		{ID: "c", Template: "接続に失敗しました <ip>", Count: 60, LastHour: 60, PerMinute: minutes(1, 1)},
	}
	s.findings = []topFinding{
		{Kind: "pattern_flood", State: "open", Severity: "warning", Start: topTime.Add(-90 * time.Second).Unix(), Summary: "GET lines come four times as often as usual."},
		{Kind: "metric_anomaly", State: "open", Severity: "critical", Start: topTime.Add(-5 * time.Hour).Unix(), Summary: "/ of web-1 is full."},
	}
	s.incidents = []incident.Incident{{Severity: "critical", State: incident.StateOpen, Title: "The disk of web-1 is full", Start: topTime.Add(-5 * time.Hour), Findings: make([]incident.Member, 2)}}
	return s
}

func golden(t *testing.T, name string, lines []string) {
	t.Helper()
	file := filepath.Join("testdata", "top", name+".txt")
	got := strings.Join(lines, "\n") + "\n"
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644)) //nolint:gosec // a golden file
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

func TestTopRender(t *testing.T) {
	lost := topExample()
	lost.lost, lost.lostSince = "connection refused", topTime
	later := topTime.Add(75 * time.Second)
	for name, c := range map[string]struct {
		state topState
		view  topView
	}{
		"pipeline":  {topExample(), topView{width: 100, height: 24}},
		"patterns":  {topExample(), topView{width: 100, height: 14, tab: 1}},
		"findings":  {topExample(), topView{width: 100, height: 12, tab: 2, paused: true}},
		"incidents": {topExample(), topView{width: 100, height: 10, tab: 3}},
		"filtered":  {topExample(), topView{width: 100, height: 10, tab: 1, filter: "SPACE"}},
		"nothing":   {topExample(), topView{width: 100, height: 10, tab: 2, filter: "zzz", editing: true}},
		"scrolled":  {topExample(), topView{width: 100, height: 10, offset: 1000}},
		"colours":   {topExample(), topView{width: 100, height: 12, tab: 2, color: true}},
		"narrow":    {topExample(), topView{width: 20, height: 12}},
		"tiny":      {topExample(), topView{width: 5, height: 2}},
		"lost":      {lost, topView{width: 100, height: 8, tab: 3, now: later}},
		"first":     {topState{lost: "connection refused", lostSince: topTime}, topView{width: 60, height: 5, now: later}},
	} {
		t.Run(name, func(t *testing.T) {
			if c.view.now.IsZero() {
				c.view.now = topTime
			}
			lines := c.state.render(&c.view)
			require.LessOrEqual(t, len(lines), c.view.height)
			for _, l := range lines {
				require.True(t, c.view.color || columns(l) <= c.view.width, l)
				require.True(t, c.view.color || !strings.Contains(l, "\x1b"), "what the agent tells does not steer the terminal")
			}
			golden(t, name, lines)
		})
	}
	empty := topState{at: topTime}
	golden(t, "empty", empty.once(&topView{width: 100, now: topTime}))
	full := topExample()
	golden(t, "once", full.once(&topView{width: 120, now: topTime}))
}

func TestTopOfNoSize(t *testing.T) {
	s := topExample()
	for h := range 8 {
		for w := range 30 {
			require.LessOrEqual(t, len(s.render(&topView{width: w, height: h, now: topTime})), h)
		}
	}
}

func TestTopKeys(t *testing.T) {
	v := topView{width: 80, height: 24}
	require.False(t, v.press([]byte("\t\x1b[C")))
	require.Equal(t, 2, v.tab)
	require.False(t, v.press([]byte("\x1b[D\x1b[Bj\x1b[Ap\x1b[6~")))
	require.Equal(t, []any{1, 1 + 18, true}, []any{v.tab, v.offset, v.paused})
	require.False(t, v.press([]byte("/erq\x7f")))
	require.Equal(t, []any{"er", true}, []any{v.filter, v.editing}, "q is a letter here")
	require.False(t, v.press([]byte("\r")))
	require.False(t, v.editing)
	require.False(t, v.press([]byte("/\x1b")))
	require.Empty(t, v.filter)
	require.True(t, v.press([]byte("q")))
	require.True(t, (&topView{editing: true}).press([]byte("\x03")))
}

// screen is a terminal that tests look at.
type screen struct {
	mu  sync.Mutex // guards buf
	buf bytes.Buffer
}

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(b)
}

func (s *screen) has(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Contains(s.buf.String(), text)
}

func TestTopRuns(t *testing.T) {
	var out screen
	keys := make(chan []byte)
	looks := make(chan error, 8)
	looks <- nil
	looks <- errors.New("connection refused")
	looks <- nil
	s := topScreen{out: &out, size: func() (int, int) { return 100, 20 }}
	done := make(chan error)
	go func() {
		done <- s.run(t.Context(), keys, func(ctx context.Context, to *topState) error {
			select {
			case err := <-looks:
				if err == nil {
					*to = topExample()
				}
				return err
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	patience := func(text string) {
		t.Helper()
		require.Eventually(t, func() bool { return out.has(text) }, time.Minute, 10*time.Millisecond, text)
	}
	patience("[Pipeline]")
	patience("NO ANSWER")
	keys <- []byte("\t")
	patience("[Patterns 240]")
	keys <- []byte("q")
	require.NoError(t, <-done)
}
