package consoleextension

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net"
	"net/http"
	"path"
	"strings"
)

//go:embed ui
var uiFiles embed.FS

// contentPolicy lets the page load its own files and talk to its own API,
// nothing else: even a log line that were taken for markup could do nothing.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// guard refuses what does not come from a person at this page.
type guard struct {
	next      http.Handler
	telemetry *telemetry
	// names are the hosts by which the page may be asked for, lower case.
	names map[string]bool
	// anyAddress admits IP literals. A rebound DNS name is never a literal.
	anyAddress bool
}

func newHandler(cfg *Config, hostname string, t *telemetry, a *api) http.Handler {
	mux := http.NewServeMux()
	a.register(mux)
	mux.Handle("/", newStatic())
	g := &guard{next: mux, telemetry: t, names: map[string]bool{"localhost": true}, anyAddress: cfg.AllowRemote}
	if host, _, err := net.SplitHostPort(cfg.Endpoint); err == nil && host != "" {
		g.names[strings.ToLower(host)] = true
	}
	if cfg.AllowRemote && hostname != "" {
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
	switch {
	case !g.knows(r.Host):
		g.telemetry.refused.Add(context.Background(), 1)
		writeError(w, http.StatusMisdirectedRequest, "the Host header names another machine: open the page by its address, or add the name to allowed_hosts of the console extension")
	case r.Method != http.MethodGet && r.Method != http.MethodHead && !mayAct(r):
		g.telemetry.refused.Add(context.Background(), 1)
		h.Set("Allow", "GET, HEAD")
		writeError(w, http.StatusMethodNotAllowed, "only GET and HEAD are served")
	default:
		g.next.ServeHTTP(w, r)
	}
}

// knows guards against DNS rebinding: a hostile site whose name points to this
// machine sends its own name as Host.
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

// static serves the embedded files.
type static map[string]asset

type asset struct {
	body []byte
	kind string
	etag string
}

func newStatic() static {
	s := static{}
	// The files are part of the binary: reading them can't fail.
	_ = fs.WalkDir(uiFiles, "ui", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := uiFiles.ReadFile(p)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(body)
		kind := mime.TypeByExtension(path.Ext(p))
		if kind == "" {
			kind = "text/plain; charset=utf-8"
		}
		s[strings.TrimPrefix(p, "ui")] = asset{body: body, kind: kind, etag: `"` + hex.EncodeToString(sum[:8]) + `"`}
		return nil
	})
	return s
}

func (s static) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Path
	if name == "/" {
		name = "/index.html"
	}
	a, ok := s[name]
	if !ok {
		writeError(w, http.StatusNotFound, "there is no such page; the API begins with /api/v1/")
		return
	}
	h := w.Header()
	h.Set("ETag", a.etag)
	h.Set("Cache-Control", "no-cache") // ask again, but send only what changed
	if r.Header.Get("If-None-Match") == a.etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", a.kind)
	_, _ = w.Write(a.body) // a reader that left needs no answer
}
