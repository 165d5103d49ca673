package anomalyconnector

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.uber.org/zap"

	"github.com/tidewatch/tidewatch/anomaly"
	"github.com/tidewatch/tidewatch/internal/history"
	"github.com/tidewatch/tidewatch/internal/promseries"
	"github.com/tidewatch/tidewatch/signals"
)

const (
	// maxQuestions bounds the series that wait for their history.
	maxQuestions = 10000
	// A source that fails is asked again after firstWait, then twice as long each time
	// up to lastWait, maxFailures times in a row; then warm start is over.
	firstWait, lastWait = 5 * time.Second, 5 * time.Minute
	maxFailures         = 12
	// maxHistory bounds the points of one series that are taken.
	maxHistory = 200_000
)

// question asks for the history of a new series until its first point.
type question struct {
	id         seriesID
	metric     string
	attributes map[string]string // of the point
	resource   map[string]string // those that are labels in Prometheus
	until      time.Time
}

// warmStart learns from history in the background. Pipelines never wait for it.
type warmStart struct {
	watcher *watcher
	source  func(ctx context.Context, q *question) ([]history.Point, error)
	wait    func(ctx context.Context, d time.Duration) // given in tests
	stop    context.CancelFunc
	done    sync.WaitGroup

	mu        sync.Mutex // guards all below
	questions []question
	over      bool
	wake      chan struct{} // has room for one
}

var errAmbiguous = errors.New("more than one series")

// startWarm begins to answer questions; nil when no history is configured.
func (w *watcher) startWarm() *warmStart {
	c := &w.cfg.WarmStart
	s := &warmStart{watcher: w, wake: make(chan struct{}, 1), wait: sleep}
	switch {
	case c.Prometheus != nil:
		s.source = s.prometheus
	case c.CSV != "":
		s.source = s.csv
	default:
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	s.done.Go(func() { s.run(ctx) })
	return s
}

func (s *warmStart) close() {
	if s == nil {
		return
	}
	s.stop()
	s.done.Wait()
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// ask notes that a series is new. It never blocks; false is for a question too many.
func (s *warmStart) ask(id seriesID, subject *subject, resource pcommon.Resource, until time.Time) bool {
	q := question{id: id, metric: subject.name(), attributes: texts(subject.attributes), resource: map[string]string{}, until: until}
	for _, k := range promseries.DefaultPromoted {
		if v, ok := resource.Attributes().Get(k); ok {
			q.resource[k] = v.AsString()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over || len(s.questions) >= maxQuestions {
		return false
	}
	s.questions = append(s.questions, q)
	select {
	case s.wake <- struct{}{}:
	default:
	}
	return true
}

func texts(m pcommon.Map) map[string]string {
	out := make(map[string]string, m.Len())
	for k, v := range m.All() {
		out[k] = v.AsString()
	}
	return out
}

func (s *warmStart) next() (question, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.questions) == 0 {
		s.questions = nil
		return question{}, false
	}
	q := s.questions[0]
	s.questions = s.questions[1:]
	return q, true
}

func (s *warmStart) run(ctx context.Context) {
	failures, wait := 0, firstWait
	for {
		q, ok := s.next()
		if !ok {
			select {
			case <-ctx.Done():
				return
			case <-s.wake:
			}
			continue
		}
		points, err := s.source(ctx, &q)
		for err != nil && !errors.Is(err, errAmbiguous) {
			if ctx.Err() != nil {
				return
			}
			if failures++; failures >= maxFailures {
				s.giveUp(err)
				return
			}
			if failures == 1 {
				s.watcher.logger.Warn("History can't be read; new series learn from now on, and history is tried again.", zap.Error(err))
			}
			s.wait(ctx, wait)
			wait = min(2*wait, lastWait)
			points, err = s.source(ctx, &q)
		}
		if failures > 0 {
			s.watcher.logger.Info("History can be read again.")
		}
		failures, wait = 0, firstWait
		s.watcher.telemetry.warmed(ctx, s.fill(&q, points, err))
	}
}

func (s *warmStart) giveUp(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over, s.questions = true, nil
	s.watcher.logger.Warn("History could not be read for too long; warm start is over until the next start.", zap.Error(err))
}

// fill teaches a detector what was and puts it in the place of one that is learning.
func (s *warmStart) fill(q *question, points []history.Point, err error) (outcome string) {
	switch {
	case err != nil:
		return "ambiguous"
	case len(points) == 0:
		return "nothing"
	}
	w := s.watcher
	w.mu.Lock()
	live, ok := w.series[q.id]
	var r *rule
	forecasts := false
	if ok {
		r, forecasts = live.rule, live.outlook != nil
	}
	w.mu.Unlock()
	if !ok || r == nil {
		return "nothing"
	}
	// Without the lock: pipelines go on while weeks are learned.
	d, o, negative := anomaly.New(&r.settings), newOutlook(r), false
	for _, p := range points {
		at := time.Unix(0, p.Time)
		d.Score(at, p.Value)
		if forecasts {
			o.observe(at, p.Value, r)
		}
		negative = negative || p.Value < 0
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	live, ok = w.series[q.id]
	if !ok || live.rule != r || live.detector.State() != anomaly.Learning || live.detector.History() > d.History() {
		return "nothing"
	}
	live.detector, live.negative = d, live.negative || negative
	if live.outlook != nil && forecasts {
		live.outlook = o
	}
	return "filled"
}

// prometheus reads what was observed from the baselines exported before, or what the
// query of the metric says.
func (s *warmStart) prometheus(ctx context.Context, q *question) ([]history.Point, error) {
	c := s.watcher.cfg.WarmStart.Prometheus
	query, ok := c.Queries[q.metric]
	if ok {
		query = strings.ReplaceAll(query, "$labels", matchers(q.attributes))
	} else {
		all := map[string]string{signals.AttrMetric: q.metric}
		maps.Copy(all, q.attributes)
		maps.Copy(all, q.resource)
		query = label(signals.MetricBaselineObserved) + "{" + matchers(all) + "}"
	}
	p := history.Prometheus{URL: c.Endpoint, User: c.User, Password: string(c.Password), Token: string(c.Token)}
	var points []history.Point
	first := ""
	step := c.Step
	if step == 0 {
		step = time.Minute
	}
	window := s.watcher.cfg.WarmStart.Window
	err := p.Range(ctx, query, q.until.Add(-window), q.until.Add(-time.Second), step, func(l history.Labels, more []history.Point) error {
		name := l.String()
		if first == "" {
			first = name
		}
		if name != first {
			return errAmbiguous
		}
		if len(points)+len(more) > maxHistory {
			return nil
		}
		points = append(points, more...)
		return nil
	})
	return points, err
}

// matchers select by labels, in Prometheus' spelling and sorted.
func matchers(attributes map[string]string) string {
	list := make([]string, 0, len(attributes))
	for _, k := range slices.Sorted(maps.Keys(attributes)) {
		list = append(list, label(k)+"="+strconv.Quote(attributes[k]))
	}
	return strings.Join(list, ",")
}

// label spells a name as Prometheus does.
func label(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, name)
}

// csv reads the file named after the series; there is none for most.
func (s *warmStart) csv(_ context.Context, q *question) ([]history.Point, error) {
	file, err := os.Open(filepath.Join(s.watcher.cfg.WarmStart.CSV, fileName(q)))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open history: %w", err)
	}
	defer file.Close()
	from := q.until.Add(-s.watcher.cfg.WarmStart.Window)
	var points []history.Point
	err = history.CSV(file, func(r history.Row) error {
		if !r.Time.Before(from) && r.Time.Before(q.until) && len(points) < maxHistory {
			points = append(points, history.Point{Time: r.Time.UnixNano(), Value: r.Value})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file.Name(), err)
	}
	return points, nil
}

// fileName is metric.csv or metric{key=value,other=value}.csv, with _ for what can't be
// part of a name.
func fileName(q *question) string {
	name := q.metric
	if len(q.attributes) > 0 {
		list := make([]string, 0, len(q.attributes))
		for _, k := range slices.Sorted(maps.Keys(q.attributes)) {
			list = append(list, k+"="+q.attributes[k])
		}
		name += "{" + strings.Join(list, ",") + "}"
	}
	return strings.Map(func(r rune) rune {
		if r == '/' || r == '\\' || r < ' ' {
			return '_'
		}
		return r
	}, name) + ".csv"
}
