package main

import (
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/cespare/xxhash/v2"
	"github.com/golang/snappy"
	"google.golang.org/protobuf/encoding/protowire"
)

// loki speaks Loki's push API. A line of the same time and text is stored once, as a
// query there shows it. One in so many is refused for its age, with Loki's words, and the
// others of its push are stored.
type loki struct {
	lines       []*tally // by stream
	refuseEvery int

	mu     sync.Mutex // guards what follows
	others map[uint64]bool
	stray  int
}

func newLoki(refuseEvery int) *loki {
	l := &loki{refuseEvery: refuseEvery, others: map[uint64]bool{}}
	for range streams {
		l.lines = append(l.lines, newLineTally())
	}
	return l
}

type batch struct {
	l       *loki
	entries []entry
}

type entry struct {
	t       *tally
	n       int
	id      uint32
	content uint64
	stray   bool
}

func (l *loki) read(_ *http.Request, body []byte) (request, error) {
	raw, err := snappy.Decode(nil, body)
	if err != nil {
		return nil, err
	}
	p := &batch{l: l}
	each(raw, 1, func(stream []byte) {
		each(stream, 2, func(e []byte) { p.entries = append(p.entries, l.entry(e)) })
	})
	return p, nil
}

// entry reads one: time, line and structured metadata.
func (l *loki) entry(b []byte) entry {
	var line, at []byte
	finding, file := false, false
	each(b, 1, func(v []byte) { at = v })
	each(b, 2, func(v []byte) { line = v })
	each(b, 3, func(pair []byte) {
		each(pair, 1, func(name []byte) { file = file || strings.HasPrefix(string(name), "log_file") })
		each(pair, 2, func(v []byte) {
			finding = finding || string(v) == "tidewatch.finding" || string(v) == "tidewatch.incident"
		})
	})
	h := xxhash.New()
	_, _ = h.Write(at) // never fails, nor the next
	_, _ = h.Write(line)
	e := entry{content: h.Sum64(), id: uint32(h.Sum64())}
	if finding {
		return e
	}
	if stream, n, ok := findMark(line); ok {
		e.t, e.n = l.lines[stream], n
	} else {
		e.stray = file
	}
	return e
}

func (p *batch) records() int { return len(p.entries) }

// take stores all but what is refused for good. Loki cannot take a part of a push and
// want the rest again, so in part is to take nothing, for the rate.
func (p *batch) take(partly bool) answer {
	if partly {
		return answer{http.StatusTooManyRequests, nil, []byte("ingestion rate limit exceeded for user fake (limit: 4194304 bytes/sec)")}
	}
	old := 0
	for i := range p.entries {
		if !p.l.store(&p.entries[i]) {
			old++
		}
	}
	if old == 0 {
		return answer{status: http.StatusNoContent}
	}
	return answer{http.StatusBadRequest, nil, fmt.Appendf(nil, "%d errors like: entry for stream '{service_name=\"x\"}' has timestamp too old: 2020-01-01T00:00:00Z, oldest acceptable timestamp is: 2020-01-02T00:00:00Z\n", old)}
}

func (l *loki) store(e *entry) bool {
	if e.t == nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.others[e.content] = true
		if e.stray {
			l.stray++
		}
		return true
	}
	if refused(e.n, l.refuseEvery) {
		e.t.refuse(e.n)
		return false
	}
	e.t.add(e.n, e.id)
	return true
}

// each calls fn with every field of a message that has the number.
func each(b []byte, field protowire.Number, fn func([]byte)) {
	for len(b) > 0 {
		n, kind, tag := protowire.ConsumeTag(b)
		if tag < 0 {
			return
		}
		b = b[tag:]
		if n == field && kind == protowire.BytesType {
			v, size := protowire.ConsumeBytes(b)
			if size < 0 {
				return
			}
			fn(v)
			b = b[size:]
			continue
		}
		size := protowire.ConsumeFieldValue(n, kind, b)
		if size < 0 {
			return
		}
		b = b[size:]
	}
}
