package consoleextension

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tidewatch/tidewatch/internal/localstore"
	"github.com/tidewatch/tidewatch/signals"
)

// Bounds of what one request may ask for.
const (
	maxLimit    = 1000
	maxIDs      = 64
	maxSeries   = 10000
	maxTextSize = 200
)

// api answers under /api/v1/. Answers are JSON and never cached; errors are
// {"error": "a sentence"}.
type api struct {
	store     *localstore.Store
	pipeline  *pipelineWatch
	causes    *causes
	baselines *baselines
	incidents *incidents
	miners    *miners
	running   *running
	ledger    ledger
	// tails is how many wait for lines.
	tails   atomic.Int32
	host    hostInfo
	version string
	started time.Time
	now     func() time.Time
}

func (a *api) register(mux router) {
	for route, answer := range map[string]func(*query) (any, error){
		"overview":            a.overview,
		"changes":             a.changes,
		"series":              a.series,
		"series/points":       a.points,
		"series/{id}":         a.oneSeries,
		"series/{id}/outlook": a.outlook,
		"patterns":            a.patterns,
		"findings":            a.findings,
		"logs":                a.logs,
		"traces":              a.traces,
		"traces/{id}":         a.trace,
		"pipeline":            a.pipelineView,

		"patterns/{id}":   a.onePattern,
		"logs/{seq}":      a.logContext,
		"logs/tail":       a.tail,
		"logs/volume":     a.logVolume,
		"pipeline/config": a.runningConfig,
		"rules":           a.rules,
		"rules/{id}":      a.oneRule,

		"explain":        a.explain,
		"services":       a.services,
		"services/graph": a.serviceGraph,
	} {
		mux.HandleFunc("GET /api/v1/"+route, func(w http.ResponseWriter, r *http.Request) { serve(w, r, answer) })
	}
	a.registerIncidents(mux)
	mux.HandleFunc("/api/", func(w http.ResponseWriter, _ *http.Request) {
		writeError(w, http.StatusNotFound, "there is no such resource in /api/v1/")
	})
}

// apiError is an error with its HTTP status.
type apiError struct {
	status  int
	message string
}

func (e *apiError) Error() string { return e.message }

func badRequest(format string, args ...any) error {
	return &apiError{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

func notFound(message string) error { return &apiError{http.StatusNotFound, message} }

func serve(w http.ResponseWriter, r *http.Request, answer func(*query) (any, error)) {
	q := &query{r: r}
	v, err := answer(q)
	if q.err != nil {
		err = q.err
	}
	if err != nil {
		status := http.StatusInternalServerError
		if e, ok := err.(*apiError); ok { //nolint:errorlint // never wrapped
			status = e.status
		}
		writeError(w, status, err.Error())
		return
	}
	writeJSON(w, http.StatusOK, v)
}

func writeError(w http.ResponseWriter, status int, message string) {
	writeJSON(w, status, map[string]string{"error": message})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"error":"the answer can't be written as JSON"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a reader that left needs no answer
}

// query reads parameters and remembers the first that is wrong.
type query struct {
	r   *http.Request
	err error
}

func (q *query) text(key string) string {
	v := q.r.FormValue(key)
	if len(v) > maxTextSize {
		q.fail("%s must not be longer than %d bytes", key, maxTextSize)
	}
	return v
}

func (q *query) number(key string, fallback, low, high int) int {
	s := q.r.FormValue(key)
	if s == "" {
		return fallback
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < low || n > high {
		q.fail("%s must be a whole number from %d to %d", key, low, high)
	}
	return n
}

// names is the set of a list with commas, nil without one.
func (q *query) names(key string) map[string]bool {
	s := q.r.FormValue(key)
	if s == "" {
		return nil
	}
	list := strings.Split(s, ",")
	if len(list) > maxIDs {
		q.fail("%s must not name more than %d", key, maxIDs)
	}
	set := map[string]bool{}
	for _, name := range list {
		set[name] = true
	}
	return set
}

func (q *query) limit(fallback int) int { return q.number("limit", fallback, 1, maxLimit) }

func (q *query) since() uint32 {
	return uint32(q.number("since", 0, 0, 1<<32-1)) //nolint:gosec // within the bounds
}

func (q *query) fail(format string, args ...any) {
	if q.err == nil {
		q.err = badRequest(format, args...)
	}
}

// series lists watched series with their last points; q must occur in name or
// attributes, state restricts, and metrics is a list of names with commas: what is out
// of its band comes along with these.
func (a *api) series(q *query) (any, error) {
	text, state, limit := strings.ToLower(q.text("q")), q.text("state"), q.number("limit", maxSeries, 1, maxSeries)
	metrics := q.names("metrics")
	all := a.store.Series()
	out := make([]seriesAnswer, 0, len(all))
	for _, v := range all {
		v.Description = "" // only with one series
		if metrics != nil && !metrics[v.Metric] && v.State != "anomalous" {
			continue
		}
		if len(out) < limit && (state == "" || v.State == state) && matches(v, text) {
			out = append(out, a.named(v))
		}
	}
	return map[string]any{"time": a.now().Unix(), "total": len(all), "series": out}, nil
}

// seriesAnswer is a series; one of the lines of a pattern has the pattern's template.
type seriesAnswer struct {
	localstore.SeriesView
	Template string `json:"template,omitempty"`
}

func (a *api) named(v localstore.SeriesView) seriesAnswer {
	answer := seriesAnswer{SeriesView: v}
	if v.Metric == signals.MetricPatternLines {
		for _, at := range v.Attrs {
			if at.Key == signals.AttrPatternID {
				answer.Template = a.store.Template(at.Value)
			}
		}
	}
	return answer
}

func matches(v localstore.SeriesView, text string) bool {
	if text == "" || strings.Contains(strings.ToLower(v.Metric), text) {
		return true
	}
	for _, at := range v.Attrs {
		if strings.Contains(strings.ToLower(at.Key+"="+at.Value), text) {
			return true
		}
	}
	return false
}

// points returns the histories of several series at once: ids is a list with
// commas, since leaves out what is known already.
func (a *api) points(q *query) (any, error) {
	ids := strings.Split(q.r.FormValue("ids"), ",")
	if len(ids) > maxIDs {
		return nil, badRequest("ids must not name more than %d series", maxIDs)
	}
	since := q.since()
	out := map[string]localstore.Points{}
	for _, s := range ids {
		id, ok := localstore.ParseSeriesID(s)
		if !ok {
			return nil, badRequest("ids must be series ids of 16 hexadecimal digits with commas between them")
		}
		if p, ok := a.store.Points(id, since); ok {
			out[s] = p
		}
	}
	return map[string]any{"points": out}, nil
}

func (a *api) oneSeries(q *query) (any, error) {
	id, ok := localstore.ParseSeriesID(q.r.PathValue("id"))
	if !ok {
		return nil, badRequest("a series id has 16 hexadecimal digits")
	}
	v, ok := a.store.OneSeries(id)
	p, _ := a.store.Points(id, q.since())
	if !ok {
		return nil, notFound("there is no such series; it may have been evicted")
	}
	return map[string]any{"series": a.named(v), "points": p}, nil
}

// findingAnswer is a finding with the series that it is about. Unit and Rate are
// those of the receipt's values, unknown for findings about patterns.
type findingAnswer struct {
	localstore.FindingView
	SeriesID string `json:"series_id,omitempty"`
	Unit     string `json:"unit,omitempty"`
	Rate     bool   `json:"rate,omitempty"`
}

// findings lists the open findings first; state=open leaves the others out.
func (a *api) findings(q *query) (any, error) {
	state, limit := q.text("state"), q.limit(100)
	out := []findingAnswer{}
	open := 0
	for _, f := range a.store.Findings() {
		if f.Open() {
			open++
		}
		if len(out) == limit || state == signals.StateOpen && !f.Open() || state == signals.StateResolved && f.Open() {
			continue
		}
		out = append(out, a.withSeries(f))
	}
	return map[string]any{"time": a.now().Unix(), "open": open, "findings": out}, nil
}

func (a *api) withSeries(f localstore.FindingView) findingAnswer {
	answer := findingAnswer{FindingView: f}
	attrs := append(append([]localstore.Attr{}, f.Entity...), f.Attrs...)
	if f.Metric == "" {
		if slices.ContainsFunc(f.Attrs, func(at localstore.Attr) bool { return at.Key == signals.AttrPatternID }) {
			answer.SeriesID, _ = a.store.FindSeries(signals.MetricPatternLines, attrs)
		}
		return answer
	}
	if s, ok := a.store.FindSeries(f.Metric, attrs); ok {
		id, _ := localstore.ParseSeriesID(s)
		v, _ := a.store.OneSeries(id)
		answer.SeriesID, answer.Unit, answer.Rate = s, v.Unit, v.Rate
	}
	return answer
}

// trace returns one trace with its spans and the recent lines that carry its id.
func (a *api) trace(q *query) (any, error) {
	id := strings.ToLower(q.r.PathValue("id"))
	t, spans, ok := a.store.Trace(id)
	if !ok {
		t, spans, ok = a.heldTrace(id)
	}
	if !ok {
		return nil, notFound("there is no such trace; it may have been evicted")
	}
	answer := map[string]any{"trace": t, "spans": spans, "logs": a.store.Logs(localstore.LogQuery{TraceID: id})}
	if x, err := a.causes.explainer(); err == nil {
		if story, ok := x.Trace(id); ok {
			answer["story"] = story
		}
	}
	return answer, nil
}
