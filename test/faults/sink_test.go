//go:build faults

package faults

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// sink is a backend that counts numbered lines. It answers as an OTLP receiver,
// which takes the same line as often as it comes, and as Elasticsearch, which
// stores each _id once. It is safe for concurrent use.
type sink struct {
	t    *testing.T
	addr string

	mu     sync.Mutex // guards what follows
	server *http.Server
	heads  []uint8  // how often the beginning of each line arrived
	tails  []uint8  // how often its end did
	lives  []uint16 // in which life of the agent each line arrived last
	redone []int    // lines of each life that arrived again in a later one
	ids    map[string]bool
	total  int
	unique int
	wrong  trouble
	cut    int // at so many distinct lines, reached is closed
	reach  chan struct{}
}

// count is what arrived: doubled are all but the first arrival of a line, torn
// are lines whose beginning came as often as their end did not.
type count struct{ arrived, distinct, doubled, torn int }

func newSink(t *testing.T) *sink {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &sink{t: t, addr: l.Addr().String(), ids: map[string]bool{}, redone: make([]int, 1)}
	s.serve(l)
	t.Cleanup(s.close)
	return s
}

func (s *sink) url() string { return "http://" + s.addr }

func (s *sink) serve(l net.Listener) {
	server := &http.Server{Handler: s}
	s.mu.Lock()
	s.server = server
	s.mu.Unlock()
	go func() { _ = server.Serve(l) }() // ends with close
}

// close refuses connections and cuts those that are open.
func (s *sink) close() {
	s.mu.Lock()
	server := s.server
	s.mu.Unlock()
	_ = server.Close() // what it says of connections does not matter
}

// reopen takes connections again.
func (s *sink) reopen() {
	l, err := net.Listen("tcp", s.addr)
	require.NoError(s.t, err)
	s.serve(l)
}

// trouble is what a backend does instead of a proper answer; nil is none. It
// may take what came, and write the proper answer somewhere, or not. The sink's
// lock is held.
type trouble func(s *sink, rw http.ResponseWriter, take func(answer io.Writer))

// answers takes nothing and says so.
func answers(status int) trouble {
	return func(_ *sink, rw http.ResponseWriter, _ func(io.Writer)) { rw.WriteHeader(status) }
}

// hangs takes nothing and says nothing until the client gives up.
func hangs(s *sink, rw http.ResponseWriter, _ func(io.Writer)) {
	s.mu.Unlock()
	defer s.mu.Lock()
	if conn, _, err := http.NewResponseController(rw).Hijack(); err == nil {
		_, _ = io.Copy(io.Discard, conn) // until the client closes
		conn.Close()
	}
}

// cutsAnswer takes what came and begins an answer that it does not finish.
func cutsAnswer(_ *sink, rw http.ResponseWriter, take func(io.Writer)) {
	take(io.Discard)
	if conn, _, err := http.NewResponseController(rw).Hijack(); err == nil {
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\nContent-Type: application/json\r\n\r\n{\"took\":1,\"err")
		conn.Close()
	}
}

// resets takes what came and ends the connection without a word.
func resets(_ *sink, rw http.ResponseWriter, take func(io.Writer)) {
	take(io.Discard)
	if conn, _, err := http.NewResponseController(rw).Hijack(); err == nil {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // else it would be an orderly end
		}
		conn.Close()
	}
}

// trouble makes every later request go wrong; nil ends that.
func (s *sink) trouble(wrong trouble) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wrong = wrong
}

// at returns a channel that is closed when n distinct lines have arrived. Only
// one such channel is waited for at a time.
func (s *sink) at(n int) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut, s.reach = n, make(chan struct{})
	if s.unique >= n {
		close(s.reach)
		s.cut = 0
	}
	return s.reach
}

func (s *sink) count() count {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := count{arrived: s.total, distinct: s.unique, doubled: s.total - s.unique}
	for n, heads := range s.heads {
		if heads != s.tails[n] {
			c.torn++
		}
	}
	return c
}

// newLife says that what arrives from now on is sent by another process.
func (s *sink) newLife() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.redone = append(s.redone, 0)
}

// doubledByLife is how many lines of each life arrived again later.
func (s *sink) doubledByLife() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.redone)
}

// name lists the first lines below n that have arrived times times, as ranges; a
// negative number stands for more than once.
func (s *sink) name(n, times int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	is := func(i int) bool {
		heads := 0
		if i < len(s.heads) {
			heads = int(s.heads[i])
		}
		return i < n && (heads == times || times < 0 && heads > 1)
	}
	var ranges []string
	for i := 0; i < n && len(ranges) < 5; i++ {
		from := i
		for is(i) {
			i++
		}
		if i > from {
			ranges = append(ranges, fmt.Sprintf("%d-%d", from, i-1))
		}
	}
	return strings.Join(ranges, " ")
}

func (s *sink) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	rw.Header().Set("X-Elastic-Product", "Elasticsearch")
	rw.Header().Set("Content-Type", contentType(r.URL.Path))
	body, err := read(r)
	if err != nil {
		rw.WriteHeader(http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wrong != nil {
		s.wrong(s, rw, func(answer io.Writer) { s.take(answer, r, body) })
		return
	}
	s.take(rw, r, body)
}

// take counts what came and answers; the lock is held.
func (s *sink) take(out io.Writer, r *http.Request, body []byte) {
	switch {
	case strings.HasSuffix(r.URL.Path, "/v1/logs"):
		s.add(body)
	case strings.HasSuffix(r.URL.Path, "_bulk"):
		s.bulk(out, body)
	default:
		fmt.Fprint(out, `{"version":{"number":"8.15.0"}}`)
	}
}

func contentType(path string) string {
	if strings.HasSuffix(path, "/v1/logs") {
		return "application/x-protobuf"
	}
	return "application/json"
}

func read(r *http.Request) ([]byte, error) {
	if r.Header.Get("Content-Encoding") != "gzip" {
		return io.ReadAll(r.Body)
	}
	z, err := gzip.NewReader(r.Body)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// bulk stores each document whose id is new; the lock is held.
func (s *sink) bulk(out io.Writer, body []byte) {
	var answer bytes.Buffer
	answer.WriteString(`{"took":1,"errors":false,"items":[`)
	for first := true; ; first = false {
		action, rest, ok := bytes.Cut(body, []byte("\n"))
		if !ok {
			break
		}
		document, after, _ := bytes.Cut(rest, []byte("\n"))
		body = after
		var head struct {
			Create struct {
				ID string `json:"_id"`
			} `json:"create"`
		}
		status := http.StatusCreated
		if err := json.Unmarshal(action, &head); err != nil {
			status = http.StatusBadRequest
		} else if id := head.Create.ID; id != "" && s.ids[id] {
			status = http.StatusConflict
		} else {
			s.ids[id] = true
			s.add(document)
		}
		if !first {
			answer.WriteByte(',')
		}
		fmt.Fprintf(&answer, `{"create":{"status":%d}}`, status)
	}
	answer.WriteString("]}")
	_, _ = out.Write(answer.Bytes()) // a client that is gone asks again
}

// add counts the marks in what arrived; the lock is held.
func (s *sink) add(body []byte) {
	for {
		i := bytes.Index(body, []byte(mark))
		if i < 0 || len(body) < i+markLen {
			break
		}
		body = body[i:]
		n, end, ok := parseMark(body[:markLen])
		if !ok {
			body = body[len(mark):]
			continue
		}
		body = body[markLen:]
		for n >= len(s.heads) {
			s.heads, s.tails, s.lives = append(s.heads, 0), append(s.tails, 0), append(s.lives, 0)
		}
		if end {
			s.tails[n]++
			continue
		}
		if s.heads[n]++; s.heads[n] == 1 {
			s.unique++
		} else {
			s.redone[s.lives[n]]++
		}
		s.lives[n] = uint16(len(s.redone) - 1)
		s.total++
	}
	if s.cut > 0 && s.unique >= s.cut {
		close(s.reach)
		s.cut = 0
	}
}
