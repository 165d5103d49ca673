package breaker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/collector/exporter/exporterhelper"
)

// OpenError is the error of a request that was not sent, for that the circuit is open.
type OpenError struct {
	// Endpoint is scheme and host.
	Endpoint string
	// Wait is how long to wait before asking again.
	Wait time.Duration
	// Last is the failure that opened the circuit, or the one after.
	Last error
}

// Error says what it waits for.
func (e *OpenError) Error() string {
	return fmt.Sprintf("%s is left alone for %s after failures, the last: %v", e.Endpoint, e.Wait.Round(time.Millisecond), e.Last)
}

// Unwrap returns the last failure.
func (e *OpenError) Unwrap() error { return e.Last }

// Retryable makes of the error of a closed gate one that has exporterhelper wait as
// long as the circuit needs, and returns all others as they are.
func Retryable(err error) error {
	if open, ok := errors.AsType[*OpenError](err); ok {
		return exporterhelper.NewThrottleRetry(err, open.Wait)
	}
	return err
}

// transport asks the circuit of each request's endpoint.
type transport struct {
	gate *Gate
	next http.RoundTripper
}

// RoundTrip sends req, or returns an OpenError. Whether the endpoint works is known
// when the answer's body is closed: half an answer is a failure too.
func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	c := t.gate.circuit(req.URL.Scheme + "://" + req.URL.Host)
	permit, wait := c.Enter(time.Now())
	if wait > 0 {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, &OpenError{Endpoint: c.endpoint, Wait: wait, Last: c.Status().Error}
	}
	resp, err := t.next.RoundTrip(req)
	if err != nil {
		t.gate.failed(c, permit, err)
		return nil, err //nolint:wrapcheck // a RoundTripper passes errors on as they are
	}
	verdict := func(err error) {
		switch {
		case err != nil:
			t.gate.failed(c, permit, err)
		case resp.StatusCode >= 500:
			t.gate.failure(c, permit, reasonOfStatus(resp.StatusCode), fmt.Errorf("server answers %s", resp.Status))
		default:
			t.gate.success(c, permit)
		}
	}
	resp.Body = &watched{ReadCloser: resp.Body, verdict: verdict}
	return resp, nil
}

// CloseIdleConnections passes on what http.Client asks for.
func (t transport) CloseIdleConnections() {
	if c, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// failed tells what the caller gave up from what the endpoint did.
func (g *Gate) failed(c *circuit, p Permit, err error) {
	if errors.Is(err, context.Canceled) {
		p.Cancel()
		return
	}
	g.failure(c, p, reasonOf(err), err)
}

// watched gives its verdict when it is closed.
type watched struct {
	io.ReadCloser
	verdict func(error)
	err     error
	once    sync.Once
}

// Read remembers the error that is not the end.
func (w *watched) Read(p []byte) (int, error) {
	n, err := w.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		w.err = err
	}
	return n, err //nolint:wrapcheck // the body's own
}

// Close gives the verdict once.
func (w *watched) Close() error {
	err := w.ReadCloser.Close()
	w.once.Do(func() { w.verdict(w.err) })
	return err //nolint:wrapcheck // the body's own
}
