package main

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"sync"

	"github.com/cespare/xxhash/v2"
)

// elastic speaks Elasticsearch's bulk API. A document whose id is known is a conflict,
// as there; one in so many lines is refused for good, for what its mapping says.
type elastic struct {
	lines       []*tally // by stream
	spans       *tally
	refuseEvery int

	mu      sync.Mutex      // guards what follows
	others  map[uint64]bool // documents without a number, by their content: findings, incidents
	stray   int             // lines of the files without a number: a record that was taken apart
	letters map[uint64]bool // dead letters
}

func newElastic(refuseEvery int) *elastic {
	e := &elastic{spans: newTally(), refuseEvery: refuseEvery, others: map[uint64]bool{}, letters: map[uint64]bool{}}
	for range streams {
		e.lines = append(e.lines, newLineTally())
	}
	return e
}

type bulk struct {
	e     *elastic
	items []document
}

// document is one item: number n of a stream, of the spans, or something else.
type document struct {
	t             *tally
	n             int
	id            uint32
	content       uint64
	letter, stray bool
}

// other is any request that is not a bulk.
type other struct{}

func (other) records() int { return 0 }

func (other) take(bool) answer {
	return answer{http.StatusOK, elasticHeader, []byte(`{"version":{"number":"8.19.0"},"acknowledged":true,"errors":false,"items":[]}`)}
}

var elasticHeader = map[string]string{"X-Elastic-Product": "Elasticsearch", "Content-Type": "application/json"}

var errBulk = errors.New("not a bulk request")

func (e *elastic) read(r *http.Request, body []byte) (request, error) {
	if !strings.HasSuffix(r.URL.Path, "_bulk") {
		return other{}, nil
	}
	b := &bulk{e: e}
	for len(body) > 0 {
		action, rest, ok := bytes.Cut(body, []byte("\n"))
		if !ok || !bytes.HasPrefix(action, []byte(`{"create":`)) {
			return nil, errBulk
		}
		source, after, ok := bytes.Cut(rest, []byte("\n"))
		if !ok {
			return nil, errBulk
		}
		body = after
		b.items = append(b.items, e.document(action, source))
	}
	return b, nil
}

func (e *elastic) document(action, source []byte) document {
	index, id := value(action, `"_index":"`), value(action, `"_id":"`)
	d := document{id: uint32(xxhash.Sum64(id)), content: xxhash.Sum64(source)}
	switch {
	case bytes.HasPrefix(index, []byte("logs-tidewatch.deadletter")):
		d.letter = true
		return d
	case bytes.HasPrefix(index, []byte("traces-")):
		if n, ok := findSpan(source); ok {
			d.t, d.n = e.spans, n
		}
		return d
	}
	if bytes.Contains(source, []byte(`tidewatch.finding"`)) || bytes.Contains(source, []byte(`tidewatch.incident"`)) {
		return d
	}
	if stream, n, ok := findMark(source); ok {
		d.t, d.n = e.lines[stream], n
	} else {
		d.stray = bytes.Contains(source, []byte(`"log.file.`))
	}
	return d
}

// value returns the string that follows a key in JSON without escapes.
func value(b []byte, key string) []byte {
	i := bytes.Index(b, []byte(key))
	if i < 0 {
		return nil
	}
	v, _, _ := bytes.Cut(b[i+len(key):], []byte(`"`))
	return v
}

func (b *bulk) records() int { return len(b.items) }

const (
	created  = `{"create":{"status":201}}`
	conflict = `{"create":{"status":409,"error":{"type":"version_conflict_engine_exception","reason":"document already exists"}}}`
	rejected = `{"create":{"status":429,"error":{"type":"es_rejected_execution_exception","reason":"rejected execution of coordinating operation"}}}`
	unmapped = `{"create":{"status":400,"error":{"type":"document_parsing_exception","reason":"failed to parse field [http.status]"}}}`
)

// take stores each document whose id is new. In part means that a third is told to come
// again.
func (b *bulk) take(partly bool) answer {
	items, failed := make([]byte, 0, 32+len(b.items)*(len(created)+1)), false
	for i := range b.items {
		if i > 0 {
			items = append(items, ',')
		}
		text := rejected
		if !partly || i%3 > 0 {
			text = b.e.store(&b.items[i])
		}
		failed = failed || text != created
		items = append(items, text...)
	}
	head := `{"took":1,"errors":false,"items":[`
	if failed {
		head = `{"took":1,"errors":true,"items":[`
	}
	return answer{http.StatusOK, elasticHeader, append(append([]byte(head), items...), "]}"...)}
}

func (e *elastic) store(d *document) string {
	if d.t == nil {
		e.mu.Lock()
		defer e.mu.Unlock()
		switch {
		case d.letter:
			e.letters[d.content] = true
		default:
			if d.stray {
				e.stray++
			}
			e.others[d.content] = true
		}
		return created
	}
	if d.t != e.spans && refused(d.n, e.refuseEvery) {
		d.t.refuse(d.n)
		return unmapped
	}
	if d.t.add(d.n, d.id) == again {
		return conflict
	}
	return created
}

// refused reports whether a sink refuses the line of a number for good: always the same
// ones, so that to send them again is of no use.
func refused(n, every int) bool { return every > 0 && n%every == every-1 }
