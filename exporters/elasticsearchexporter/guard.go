package elasticsearchexporter

import (
	"context"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
)

// guard tells whether HTTP still reads a request's body: a transport may go on
// reading after it returned an answer or an error, and a buffer that is used
// again then would be sent in place of what was meant.
type guard struct{ reading atomic.Int32 }

// free reports whether the buffer behind the body may be used again.
func (g *guard) free() bool { return g.reading.Load() == 0 }

type guardKey struct{}

func withGuard(ctx context.Context, g *guard) context.Context {
	return context.WithValue(ctx, guardKey{}, g)
}

// guardedTransport keeps the guard of a request's context up to date.
type guardedTransport struct{ next http.RoundTripper }

// RoundTrip sends a copy of req whose body reports when it is done with.
func (t guardedTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if g, ok := req.Context().Value(guardKey{}).(*guard); ok && req.Body != nil {
		g.reading.Add(1)
		guarded := *req
		guarded.Body = &guardedBody{ReadCloser: req.Body, guard: g}
		req = &guarded
	}
	return t.next.RoundTrip(req) //nolint:wrapcheck // a RoundTripper passes errors on as they are
}

type guardedBody struct {
	io.ReadCloser
	guard *guard
	once  sync.Once
}

// Close lets go of the buffer.
func (b *guardedBody) Close() error {
	err := b.ReadCloser.Close()
	b.once.Do(func() { b.guard.reading.Add(-1) })
	return err //nolint:wrapcheck // the body's own
}
