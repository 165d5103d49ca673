package history

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	// targetPoints is about how many points one request asks for: 25 MB of text.
	targetPoints = 1 << 20
	// mostSteps is Prometheus' own bound of steps in one request.
	mostSteps = 11000
	// firstSteps is asked for while the number of series is not known.
	firstSteps = 60
	// maxBody bounds an answer; one that is larger is asked for in smaller pieces.
	maxBody = 256 << 20
)

// Prometheus answers queries at URL, for example http://localhost:9090.
type Prometheus struct {
	URL string
	// User and Password are for basic authentication, Token for a bearer token; empty
	// is none.
	User, Password, Token string
	// Client makes the requests; nil is http.DefaultClient.
	Client *http.Client
	// Progress, when set, is called after each request with the time reached.
	Progress func(reached time.Time)
}

// Point is one value. Its time is in Unix nanoseconds.
type Point struct {
	Time  int64
	Value float64
}

// Visit takes the points of a series in the order of time. Labels and points are
// valid during the call only. An error ends the reading and is returned as it is.
type Visit func(labels Labels, points []Point) error

// Range evaluates a query at each step from start to end (both included) and gives
// the points of all series to visit, piece by piece: no matter how long the history
// is, about a million points are held at once. Each piece has every series once.
func (p *Prometheus) Range(ctx context.Context, query string, start, end time.Time, step time.Duration, visit Visit) error {
	if step < time.Millisecond || end.Before(start) {
		return errors.New("step must be a millisecond or more, and end not before start")
	}
	steps, limit := firstSteps, mostSteps
	for at := start; !at.After(end); {
		last := at.Add(time.Duration(steps-1) * step)
		if last.After(end) {
			last = end
		}
		points, err := p.piece(ctx, query, at, last, step, visit)
		if tooMuch(err) && steps > 1 {
			steps = max(1, steps/8)
			limit = steps // what was too much once would be so again
			continue
		}
		if err != nil {
			return err
		}
		taken := int(last.Sub(at)/step) + 1
		at = at.Add(time.Duration(taken) * step)
		if p.Progress != nil {
			p.Progress(last)
		}
		steps = min(8*steps, limit, max(1, int(targetPoints*float64(taken)/float64(max(points, 1)))))
	}
	return nil
}

var errLarge = fmt.Errorf("answer is larger than %d MiB", maxBody>>20)

// Refusal is what a server says instead of an answer.
type Refusal struct {
	// Kind is its errorType, such as bad_data, execution or timeout.
	Kind    string
	Message string
}

// Error is the server's message.
func (r *Refusal) Error() string { return r.Message }

// tooMuch says whether a shorter piece may have an answer where a longer one had none.
func tooMuch(err error) bool {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r.Kind == "timeout" || strings.Contains(r.Message, "too many samples") || strings.Contains(r.Message, "exceeded maximum resolution") ||
			strings.Contains(r.Message, "timed out")
	}
	return errors.Is(err, errLarge)
}

// piece makes one request.
func (p *Prometheus) piece(ctx context.Context, query string, start, end time.Time, step time.Duration, visit Visit) (int, error) {
	form := url.Values{
		"query": {query}, "start": {stamp(start)}, "end": {stamp(end)},
		"step": {strconv.FormatFloat(step.Seconds(), 'f', -1, 64)},
	}
	target := strings.TrimSuffix(p.URL, "/") + "/api/v1/query_range"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, fmt.Errorf("query Prometheus: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	switch {
	case p.Token != "":
		req.Header.Set("Authorization", "Bearer "+p.Token)
	case p.User != "":
		req.SetBasicAuth(p.User, p.Password)
	}
	client := p.Client
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, fmt.Errorf("query Prometheus: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return 0, fmt.Errorf("read answer of %s: %w", req.URL.Host, err)
	}
	if len(body) > maxBody {
		return 0, fmt.Errorf("read answer of %s: %w", req.URL.Host, errLarge)
	}
	var visitErr error
	n, err := matrix(body, func(l Labels, points []Point) error {
		visitErr = visit(l, points)
		return visitErr
	})
	switch {
	case err == nil || visitErr != nil:
		return n, err
	case errors.Is(err, errAnswer) && resp.StatusCode/100 != 2:
		return n, fmt.Errorf("query Prometheus at %s: %s", req.URL.Host, resp.Status)
	}
	return n, fmt.Errorf("query Prometheus at %s: %w", req.URL.Host, err)
}

func stamp(t time.Time) string { return strconv.FormatFloat(float64(t.UnixMilli())/1e3, 'f', 3, 64) }
