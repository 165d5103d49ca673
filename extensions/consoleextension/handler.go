package consoleextension

import (
	"context"
	"errors"
	"mime"
	"net"
	"net/http"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/tidewatch/tidewatch/internal/listen"
)

// contentPolicy lets the page load its own files and talk to its own API,
// nothing else: even a log line that were taken for markup could do nothing.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// apiPath is where the API begins.
const apiPath = "/api/v1/"

// maxBody bounds the body of any request, in bytes.
const maxBody = maxAction + 1

// ownPage refuses what another site lets a browser send. Programs that are no browsers
// may send.
var ownPage = http.NewCrossOriginProtection()

// guard refuses what does not come from a person at this page.
type guard struct {
	next      http.Handler
	login     http.Handler
	auth      *authenticator
	telemetry *telemetry
	// names are the hosts by which the page may be asked for, lower case.
	names map[string]bool
	// anyAddress admits IP literals. A rebound DNS name is never a literal.
	anyAddress bool
}

func newHandler(cfg *Config, hostname string, t *telemetry, auth *authenticator, a *api) http.Handler {
	mux := http.NewServeMux()
	a.register(mux)
	mux.HandleFunc("GET "+openapiPath, serveOpenAPI)
	files := newStatic()
	mux.Handle("/", files)
	host, _, _ := net.SplitHostPort(cfg.Endpoint) // Validate has seen to it
	g := &guard{next: mux, auth: auth, telemetry: t, names: map[string]bool{"localhost": true}, anyAddress: !listen.Loopback(host)}
	g.login = &login{auth: auth, files: files, secure: cfg.BehindProxy}
	if host != "" {
		g.names[strings.ToLower(host)] = true
	}
	if g.anyAddress && hostname != "" {
		g.names[strings.ToLower(hostname)] = true
	}
	for _, h := range cfg.AllowedHosts {
		g.names[strings.ToLower(h)] = true
	}
	return g
}

func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	switch {
	case r.TLS == nil && !g.knows(r.Host):
		g.refuse("host")
		writeError(w, http.StatusMisdirectedRequest, "the Host header names another machine: open the page by its address, or add the name to allowed_hosts of the console extension")
		return
	case r.Method != http.MethodGet && r.Method != http.MethodHead && !mayAct(r):
		g.refuse("method")
		h.Set("Allow", "GET, HEAD")
		writeError(w, http.StatusMethodNotAllowed, "only GET and HEAD are served")
		return
	case loginPaths[r.URL.Path]:
		g.login.ServeHTTP(w, r)
		return
	}
	if _, err := g.auth.admit(r); err != nil {
		g.turnAway(w, r, err)
		return
	}
	g.next.ServeHTTP(w, r)
}

func (g *guard) refuse(reason string) {
	g.telemetry.refused.Add(context.Background(), 1, metric.WithAttributes(attribute.String("reason", reason)))
}

// turnAway says how to log in, in the way of who asks: people are led to the form, or
// asked by their browser.
func (g *guard) turnAway(w http.ResponseWriter, r *http.Request, err error) {
	h := w.Header()
	switch {
	case errors.Is(err, errTooMany):
		g.refuse("too_many_failures")
		h.Set("Retry-After", "60")
		writeError(w, http.StatusTooManyRequests, err.Error())
		return
	case errors.Is(err, errBroken):
		writeError(w, http.StatusServiceUnavailable, err.Error())
		return
	case errors.Is(err, errWrong):
		g.refuse("wrong_credentials")
	}
	if g.auth.token == nil {
		h.Set("WWW-Authenticate", `Basic realm="Tidewatch", charset="UTF-8"`)
	} else {
		h.Set("WWW-Authenticate", `Bearer realm="Tidewatch"`)
		if errors.Is(err, errNoCredentials) && !strings.HasPrefix(r.URL.Path, "/api/") && strings.Contains(r.Header.Get("Accept"), "text/html") {
			h.Set("Cache-Control", "no-store")
			http.Redirect(w, r, "/login", http.StatusSeeOther) // a browser keeps what stands behind the #
			return
		}
	}
	writeError(w, http.StatusUnauthorized, err.Error())
}

// knows guards against DNS rebinding: a hostile site whose name points to this
// machine sends its own name as Host. With TLS the certificate does the same.
func (g *guard) knows(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if g.names[host] {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && (ip.IsLoopback() || g.anyAddress)
}

// mayAct says whether a request that is no GET is a person's at this page: only a script
// of this page can send JSON here, and only its own form what forms send.
func mayAct(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.Method != http.MethodPost || ownPage.Check(r) != nil {
		return false
	}
	switch r.URL.Path {
	case loginPath:
		return err == nil && kind == "application/x-www-form-urlencoded"
	case logoutPath:
		return true
	}
	return strings.HasPrefix(r.URL.Path, incidentPath) && err == nil && kind == "application/json"
}
