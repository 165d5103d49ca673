package elasticsearchexporter_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
)

// doc is one document as the fake server got it.
type doc struct {
	Index, ID string
	Source    string
}

func (d doc) fields(t *testing.T) map[string]any {
	t.Helper()
	var m map[string]any
	require.NoError(t, json.Unmarshal([]byte(d.Source), &m), d.Source)
	return m
}

// fake answers as Elasticsearch does. Its hooks change what it answers.
type fake struct {
	*httptest.Server
	// request, where it returns true, has answered the n-th bulk request itself.
	request func(n int, w http.ResponseWriter, r *http.Request, docs []doc) bool
	// info answers GET /; without it the server refuses that.
	info string
	// item returns status and error type of one document.
	item func(d doc) (int, string)

	mu        sync.Mutex
	requests  int
	stored    []doc
	ids       map[string]bool
	templates map[string]string
	headers   http.Header
	template  func(w http.ResponseWriter, r *http.Request) bool
}

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{ids: map[string]bool{}, templates: map[string]string{}}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if name, ok := strings.CutPrefix(r.URL.Path, "/_index_template/"); ok {
		f.serveTemplate(w, r, name)
		return
	}
	if r.URL.Path == "/" && f.info != "" {
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
		_, _ = io.WriteString(w, f.info)
		return
	}
	if r.URL.Path != "/_bulk" || r.Method != http.MethodPost {
		http.Error(w, `{"error":"no handler"}`, http.StatusMethodNotAllowed)
		return
	}
	docs, err := readBulk(r)
	if err != nil {
		http.Error(w, fmt.Sprintf(`{"error":{"type":"illegal_argument_exception","reason":%q},"status":400}`, err), http.StatusBadRequest)
		return
	}
	f.mu.Lock()
	f.requests++
	n := f.requests
	f.headers = r.Header.Clone()
	f.mu.Unlock()
	if f.request != nil && f.request(n, w, r, docs) {
		return
	}
	f.answer(w, docs)
}

func (f *fake) answer(w http.ResponseWriter, docs []doc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	failed := false
	var items []string
	for _, d := range docs {
		status, kind := http.StatusCreated, ""
		if f.item != nil {
			if s, k := f.item(d); s != 0 {
				status, kind = s, k
			}
		}
		if status == http.StatusCreated && d.ID != "" && f.ids[d.Index+d.ID] {
			status, kind = http.StatusConflict, "version_conflict_engine_exception"
		}
		if status == http.StatusCreated {
			f.stored = append(f.stored, d)
			f.ids[d.Index+d.ID] = true
			items = append(items, `{"create":{"status":201}}`)
			continue
		}
		failed = true
		items = append(items, fmt.Sprintf(`{"create":{"status":%d,"error":{"type":%q,"reason":"because","caused_by":{"reason":"deeper"}}}}`, status, kind))
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"errors":%t,"items":[%s]}`, failed, strings.Join(items, ","))
}

func (f *fake) serveTemplate(w http.ResponseWriter, r *http.Request, name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.template != nil && f.template(w, r) {
		return
	}
	if r.Method == http.MethodPut {
		b, _ := io.ReadAll(r.Body)
		f.templates[name] = string(b)
		_, _ = io.WriteString(w, `{"acknowledged":true}`)
		return
	}
	text, ok := f.templates[name]
	if !ok {
		http.Error(w, "{}", http.StatusNotFound)
		return
	}
	_, _ = fmt.Fprintf(w, `{"index_templates":[{"index_template":%s}]}`, text)
}

func (f *fake) docs() []doc {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]doc(nil), f.stored...)
}

func (f *fake) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.requests
}

// readBulk reads a body as strictly as Elasticsearch.
func readBulk(r *http.Request) ([]doc, error) {
	in := io.Reader(r.Body)
	switch r.Header.Get("Content-Encoding") {
	case "gzip":
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, err
		}
		in = z
	case "zstd":
		z, err := zstd.NewReader(r.Body)
		if err != nil {
			return nil, err
		}
		defer z.Close()
		in = z
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 64<<20)
	var docs []doc
	for lines.Scan() {
		var action struct {
			Create struct {
				Index string `json:"_index"`
				ID    string `json:"_id"`
			} `json:"create"`
		}
		if err := json.Unmarshal(lines.Bytes(), &action); err != nil || action.Create.Index == "" {
			return nil, fmt.Errorf("malformed action: %s", lines.Text())
		}
		if !lines.Scan() || !json.Valid(lines.Bytes()) {
			return nil, fmt.Errorf("malformed document: %s", lines.Text())
		}
		docs = append(docs, doc{Index: action.Create.Index, ID: action.Create.ID, Source: lines.Text()})
	}
	return docs, lines.Err()
}

// refuseTemplatesWith is a server that lacks a field type.
func refuseTemplatesWith(lacks string) func(w http.ResponseWriter, r *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPut {
			return false
		}
		b, _ := io.ReadAll(r.Body)
		if strings.Contains(string(b), lacks) {
			http.Error(w, `{"error":{"type":"mapper_parsing_exception","reason":"no such type"},"status":400}`, http.StatusBadRequest)
			return true
		}
		r.Body = io.NopCloser(strings.NewReader(string(b)))
		return false
	}
}
