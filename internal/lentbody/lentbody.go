// Package lentbody tells whether HTTP still reads a request's body.
package lentbody

import (
	"context"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
)

// Guard watches the bodies of requests: a transport may go on reading after it
// returned an answer or an error, and a buffer that is used again then would be
// sent in place of what was meant. The zero value is ready; it is safe for
// concurrent use.
type Guard struct{ reading atomic.Int32 }

// Free reports whether the buffers behind the bodies may be used again.
func (g *Guard) Free() bool { return g.reading.Load() == 0 }

type key struct{}

// With returns a context whose requests g watches, where they go through a Transport.
func With(ctx context.Context, g *Guard) context.Context {
	return context.WithValue(ctx, key{}, g)
}

// Transport keeps the guard of a request's context up to date.
type Transport struct{ Next http.RoundTripper }

// RoundTrip sends a copy of req whose body reports when it is done with.
func (t Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if g, ok := req.Context().Value(key{}).(*Guard); ok && req.Body != nil {
		g.reading.Add(1)
		guarded := *req
		guarded.Body = &body{ReadCloser: req.Body, guard: g}
		req = &guarded
	}
	return t.Next.RoundTrip(req) //nolint:wrapcheck // a RoundTripper passes errors on as they are
}

// CloseIdleConnections passes on what http.Client asks for.
func (t Transport) CloseIdleConnections() {
	if c, ok := t.Next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

type body struct {
	io.ReadCloser
	guard *Guard
	once  sync.Once
}

// Close lets go of the buffer.
func (b *body) Close() error {
	err := b.ReadCloser.Close()
	b.once.Do(func() { b.guard.reading.Add(-1) })
	return err //nolint:wrapcheck // the body's own
}
