package consoleextension

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

//go:embed ui
var uiFiles embed.FS

// static serves the embedded files, and no list of them.
type static map[string]*asset

type asset struct {
	body []byte
	kind string
	etag string
	// packed is the body by gzip, made when it is first asked for.
	packed func() []byte
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
		s[strings.TrimPrefix(p, "ui")] = &asset{
			body: body, kind: kind, etag: hex.EncodeToString(sum[:8]),
			packed: sync.OnceValue(func() []byte { return pack(body) }),
		}
		return nil
	})
	return s
}

func pack(body []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(body) // memory takes all
	_ = w.Close()
	return b.Bytes()
}

func (s static) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Path
	if name == "/" {
		name = "/index.html"
	}
	s.serve(w, r, name)
}

func (s static) serve(w http.ResponseWriter, r *http.Request, name string) {
	a, ok := s[name]
	if !ok {
		writeError(w, http.StatusNotFound, "there is no such page; the API begins with "+apiPath)
		return
	}
	body, etag := a.body, `"`+a.etag+`"`
	h := w.Header()
	h.Set("Vary", "Accept-Encoding")
	if takesGzip(r.Header.Get("Accept-Encoding")) {
		if packed := a.packed(); len(packed) < len(body) {
			body, etag = packed, `"`+a.etag+`-gzip"`
			h.Set("Content-Encoding", "gzip")
		}
	}
	h.Set("ETag", etag)
	h.Set("Cache-Control", "no-cache") // ask again, but send only what changed
	if r.Header.Get("If-None-Match") == etag {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", a.kind)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // a reader that left needs no answer
}

// takesGzip reports whether an Accept-Encoding has gzip and does not refuse it.
func takesGzip(accept string) bool {
	for part := range strings.SplitSeq(accept, ",") {
		name, quality, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			q := strings.TrimPrefix(strings.ReplaceAll(quality, " ", ""), "q=")
			return strings.Trim(q, "0.") != "" || q == ""
		}
	}
	return false
}
