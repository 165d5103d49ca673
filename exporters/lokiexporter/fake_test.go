package lokiexporter_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang/snappy"
	"github.com/grafana/loki/pkg/push"
)

// stored is one line as the fake server got it.
type stored struct {
	labels string
	time   time.Time
	line   string
	meta   map[string]string
	pairs  int
	tenant string
}

// fake answers as Loki does. Its hook, where it returns true, has answered the
// n-th push itself.
type fake struct {
	*httptest.Server
	push func(n int, w http.ResponseWriter, r *http.Request, lines []stored) bool

	mu     sync.Mutex
	pushes int
	lines  []stored
	header http.Header
	path   string
	size   int // the largest push
}

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	packed, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	plain, err := snappy.Decode(nil, packed)
	var request push.PushRequest
	if err == nil {
		err = request.Unmarshal(plain)
	}
	if err != nil || r.Method != http.MethodPost {
		http.Error(w, "cannot decode", http.StatusBadRequest)
		return
	}
	var lines []stored
	for _, s := range request.Streams {
		for _, e := range s.Entries {
			meta := map[string]string{}
			for _, l := range e.StructuredMetadata {
				meta[l.Name] = l.Value
			}
			lines = append(lines, stored{s.Labels, e.Timestamp.UTC(), e.Line, meta, len(e.StructuredMetadata), r.Header.Get("X-Scope-OrgID")})
		}
	}
	f.mu.Lock()
	f.pushes++
	n := f.pushes
	f.header, f.path = r.Header.Clone(), r.URL.Path
	f.size = max(f.size, len(plain))
	f.mu.Unlock()
	if f.push != nil && f.push(n, w, r, lines) {
		return
	}
	f.store(lines)
	w.WriteHeader(http.StatusNoContent)
}

func (f *fake) store(lines []stored) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lines = append(f.lines, lines...)
}

// all returns the lines; one of the same stream, time, text and metadata counts once, as
// in Loki.
func (f *fake) all() []stored {
	f.mu.Lock()
	defer f.mu.Unlock()
	seen := map[string]bool{}
	var out []stored
	for _, l := range f.lines {
		key := strings.Join([]string{l.tenant, l.labels, l.time.String(), l.line, fmt.Sprint(l.meta)}, "\x00")
		if !seen[key] {
			seen[key] = true
			out = append(out, l)
		}
	}
	return out
}
