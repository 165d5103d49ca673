package history_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/history"
)

var start = time.Unix(1700000000, 0)

// server answers with n series whose value is the time; no request may ask for too much.
func server(t *testing.T, n int) (*httptest.Server, *int) {
	t.Helper()
	requests := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		if user, password, _ := r.BasicAuth(); user != "u" || password != "p" {
			http.Error(w, "who are you", http.StatusUnauthorized)
			return
		}
		if r.FormValue("query") != "up" {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"status":"error","errorType":"bad_data","error":"parse \"error\""}`)
			return
		}
		from, err := strconv.ParseFloat(r.FormValue("start"), 64)
		require.NoError(t, err)
		to, err := strconv.ParseFloat(r.FormValue("end"), 64)
		require.NoError(t, err)
		step, err := strconv.ParseFloat(r.FormValue("step"), 64)
		require.NoError(t, err)
		require.LessOrEqual(t, (to-from)/step, 11000.0)
		fmt.Fprint(w, `{"status":"success","data":{"resultType":"matrix","result":[`)
		for i := range n {
			if i > 0 {
				fmt.Fprint(w, ",")
			}
			fmt.Fprintf(w, `{"metric":{"__name__":"up","i":"%d","odd":"a\"}]b"},"histograms":[[1,{"count":"[1"}]],"values":[`, i)
			for at := from; at <= to; at += step {
				if at > from {
					fmt.Fprint(w, ",")
				}
				fmt.Fprintf(w, `[%.3f,"%g"]`, at, at)
			}
			fmt.Fprint(w, "]}")
		}
		fmt.Fprint(w, "]}}\n")
	}))
	t.Cleanup(s.Close)
	return s, &requests
}

func TestRange(t *testing.T) {
	s, requests := server(t, 3)
	var reached time.Time
	p := history.Prometheus{URL: s.URL + "/", User: "u", Password: "p", Progress: func(at time.Time) { reached = at }}
	next := map[string]int64{}
	end := start.Add(30 * 24 * time.Hour)
	err := p.Range(context.Background(), "up", start, end, time.Minute, func(l history.Labels, points []history.Point) error {
		for _, pt := range points {
			if want, ok := next[l.String()]; ok {
				require.Equal(t, want, pt.Time)
			}
			require.InDelta(t, float64(pt.Time)/1e9, pt.Value, 0.001)
			next[l.String()] = pt.Time + int64(time.Minute)
		}
		return nil
	})
	require.NoError(t, err)
	require.Len(t, next, 3)
	for _, n := range next {
		require.Equal(t, end.Add(time.Minute).UnixNano(), n, "every step once")
	}
	require.Contains(t, next, `up{i="0",odd="a\"}]b"}`)
	require.Equal(t, end, reached)
	require.Less(t, *requests, 12)
}

func TestRangeErrors(t *testing.T) {
	s, _ := server(t, 1)
	p := history.Prometheus{URL: s.URL, User: "u", Password: "p"}
	none := func(history.Labels, []history.Point) error { return nil }
	ctx := context.Background()
	require.ErrorContains(t, p.Range(ctx, "down{", start, start, time.Minute, none), `parse "error"`)
	require.ErrorContains(t, p.Range(ctx, "up", start, start.Add(-1), time.Minute, none), "end not before start")
	mine := errors.New("mine")
	require.ErrorIs(t, p.Range(ctx, "up", start, start, time.Minute, func(history.Labels, []history.Point) error { return mine }), mine)
	p.Password = "wrong"
	require.ErrorContains(t, p.Range(ctx, "up", start, start, time.Minute, none), "401 Unauthorized")
	p.URL = "http://127.0.0.1:1"
	require.ErrorContains(t, p.Range(ctx, "up", start, start, time.Minute, none), "query Prometheus")
}

func FuzzAnswer(f *testing.F) {
	f.Add(`{"status":"success","data":{"result":[{"metric":{"a":"b"},"values":[[1.5,"NaN"],[2,"+Inf"]]}]}}`)
	f.Add(`{"status":"error","error":"x"}`)
	f.Add(`{"data":{"x":[{},{"a":[1,2]}]},"status":"success"}`)
	f.Fuzz(func(_ *testing.T, body string) {
		client := &http.Client{Transport: answer(body)}
		p := history.Prometheus{URL: "http://x", Client: client}
		_ = p.Range(context.Background(), "up", start, start, time.Minute, func(l history.Labels, _ []history.Point) error {
			_ = l.String()
			return nil
		})
	})
}

type answer string

func (a answer) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Status: "200 OK", Body: io.NopCloser(strings.NewReader(string(a)))}, nil
}

// A server that loads at most so many samples is asked for less at a time.
func TestRangeAsksForLess(t *testing.T) {
	requests, refused := 0, 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		from, _ := strconv.ParseFloat(r.FormValue("start"), 64)
		to, _ := strconv.ParseFloat(r.FormValue("end"), 64)
		if to-from > 600 {
			refused++
			w.WriteHeader(http.StatusUnprocessableEntity)
			fmt.Fprint(w, `{"status":"error","errorType":"execution","error":"query processing would load too many samples into memory in query execution"}`)
			return
		}
		fmt.Fprintf(w, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[%.3f,"1"]]}]}}`, from)
	}))
	t.Cleanup(s.Close)
	p := history.Prometheus{URL: s.URL}
	visit := func(history.Labels, []history.Point) error { return nil }
	require.NoError(t, p.Range(context.Background(), "up", start, start.Add(3*time.Hour), time.Minute, visit))
	require.Equal(t, 1, refused)
	require.Less(t, requests, 40)

	err := p.Range(context.Background(), "up", start, start.Add(3*time.Hour), time.Minute, func(history.Labels, []history.Point) error { return errors.New("mine") })
	require.EqualError(t, err, "mine")
	var refusal *history.Refusal
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, `{"status":"error","errorType":"timeout","error":"query timed out in expression evaluation"}`)
	}))
	t.Cleanup(slow.Close)
	p.URL = slow.URL
	require.ErrorAs(t, p.Range(context.Background(), "up", start, start.Add(3*time.Hour), time.Minute, visit), &refusal)
	require.Equal(t, "timeout", refusal.Kind)
}
