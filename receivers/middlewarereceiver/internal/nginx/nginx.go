// Package nginx reads the page of nginx's module stub_status.
package nginx

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/source"
)

// Kind is the key of the configuration.
const Kind = "nginx"

const defaultPort = 80

// maxPage bounds the page, which has about 110 bytes. Other pages may be longer.
const maxPage = 256 << 10

type reader struct {
	server source.Server
	pages  *source.Pages
	paths  []string
	path   string // where the page was found
	resets source.Resets
}

// New returns the source of one server. It does not connect.
func New(cfg Config, endpoint string) (source.Source, error) {
	server, err := source.Parse(Kind, cfg.ServiceName, endpoint, defaultPort)
	if err != nil {
		return nil, err
	}
	r := &reader{server: server, paths: cfg.Paths, pages: source.NewPages(server, cfg.Servers, endpoint)}
	if u, err := url.Parse(endpoint); err == nil && strings.HasPrefix(u.Scheme, "http") && u.Path != "" {
		r.paths = []string{u.RequestURI()}
	}
	return r, nil
}

// Close releases the connection.
func (r *reader) Close() error {
	r.pages.Close()
	return nil
}

// Scrape reads the page where it was found, or looks for it.
func (r *reader) Scrape(ctx context.Context, now time.Time, md pmetric.Metrics) error {
	if r.path != "" {
		_, err := r.read(ctx, r.path, now, md)
		if errors.Is(err, source.ErrOther) {
			r.path = ""
		}
		return err
	}
	for _, path := range r.paths {
		nginx, err := r.read(ctx, path, now, md)
		switch {
		case err == nil:
			r.path = path
			return nil
		case !errors.Is(err, source.ErrOther):
			return err
		case !nginx:
			return err // the other paths are its own business
		}
	}
	return &source.RefusedError{
		Hint: "let nginx answer at " + r.paths[0] + ", in a server that listens here: location = " + r.paths[0] + " { stub_status; allow 127.0.0.1; deny all; }",
		Err:  errors.New("nginx has no page of stub_status"),
	}
}

// read reads one page, and tells whether nginx gave it.
func (r *reader) read(ctx context.Context, path string, now time.Time, md pmetric.Metrics) (nginx bool, err error) {
	page, err := r.pages.Get(ctx, path, "", "", maxPage)
	if err != nil {
		return false, err
	}
	name, version, _ := strings.Cut(page.Header.Get("Server"), "/")
	nginx = name == "nginx" || name == "openresty"
	if page.Status != http.StatusOK {
		return nginx, fmt.Errorf("%w: %s answers %d", source.ErrOther, path, page.Status)
	}
	s, err := parse(page.Body)
	if err != nil {
		return nginx, fmt.Errorf("%w: read %s: %w", source.ErrOther, path, err)
	}
	b := r.server.Batch(md, r.resets.Counter(now, s.requests), now)
	if version != "" {
		b.Attributes.PutStr("nginx.version", version)
	}
	b.Counter("nginx.requests", "{request}", "Requests that clients made.").Int(s.requests)
	b.Counter("nginx.connections_accepted", "{connection}", "Connections that were accepted.").Int(s.accepted)
	b.Counter("nginx.connections_handled", "{connection}", "Connections that were handled: all but those dropped because of a limit.").Int(s.handled)
	b.UpDown("nginx.connections_current", "{connection}", "Connections by what they do.").
		Int(s.active, "state", "active").Int(s.reading, "state", "reading").Int(s.writing, "state", "writing").Int(s.waiting, "state", "waiting")
	return nginx, nil
}
