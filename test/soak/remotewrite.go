package main

import (
	"encoding/binary"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/golang/snappy"
	"google.golang.org/protobuf/encoding/protowire"
)

// remoteWrite speaks Prometheus remote write, version 2 and version 1. The samples of the
// load are numbered by their series and time; a sample that comes again with the same
// value is stored once, as there.
type remoteWrite struct {
	samples *tally
	series  int
	start   time.Time
	round   time.Duration

	mu       sync.Mutex // guards what follows
	others   int
	refused  int // of the agent's own, for good
	disorder int // samples older than the last one of their series
	last     []int
}

func newRemoteWrite(p *plan, start time.Time) *remoteWrite {
	return &remoteWrite{samples: newTally(), series: p.Series, start: start, round: time.Duration(p.Round) * time.Second, last: make([]int, p.Series)}
}

type write struct {
	w       *remoteWrite
	two     bool
	samples []sample
	// histograms and exemplars are only counted.
	histograms, exemplars int
}

type sample struct {
	series, round int // of the load, else series is -1
	id            uint32
}

func (w *remoteWrite) read(r *http.Request, body []byte) (request, error) {
	raw, err := snappy.Decode(nil, body)
	if err != nil {
		return nil, err
	}
	out := &write{w: w, two: strings.Contains(r.Header.Get("Content-Type"), "io.prometheus.write.v2.Request")}
	if !out.two {
		each(raw, 1, func(ts []byte) {
			var of identity
			each(ts, 1, func(label []byte) {
				var name, value string
				each(label, 1, func(v []byte) { name = string(v) })
				each(label, 2, func(v []byte) { value = string(v) })
				of.label(name, value)
			})
			out.add(ts, of.series())
		})
		return out, nil
	}
	var symbols []string
	each(raw, 4, func(s []byte) { symbols = append(symbols, string(s)) })
	each(raw, 5, func(ts []byte) {
		var of identity
		each(ts, 1, func(refs []byte) {
			for len(refs) > 0 {
				name, n := protowire.ConsumeVarint(refs)
				if n < 0 {
					return
				}
				value, m := protowire.ConsumeVarint(refs[n:])
				if m < 0 || max(name, value) >= uint64(len(symbols)) {
					return
				}
				refs = refs[n+m:]
				of.label(symbols[name], symbols[value])
			}
		})
		out.add(ts, of.series())
		each(ts, 3, func([]byte) { out.histograms++ })
		each(ts, 4, func([]byte) { out.exemplars++ })
	})
	return out, nil
}

// identity is what the labels of a series say: its number, where it is one of the load's.
// What the agent derives from those has their labels and another name.
type identity struct {
	loads  bool
	number string
}

func (i *identity) label(name, value string) {
	switch name {
	case "__name__":
		i.loads = strings.HasPrefix(value, "soak_")
	case seriesLabel:
		i.number = value
	}
}

// series returns the number, or -1.
func (i *identity) series() int {
	n, err := strconv.Atoi(i.number)
	if err != nil || !i.loads {
		return -1
	}
	return n
}

// staleNaN is the value of a stale marker.
const staleNaN = 0x7ff0000000000002

// add notes the samples of a series.
func (o *write) add(ts []byte, series int) {
	each(ts, 2, func(b []byte) {
		var bits uint64
		var ms int64
		for len(b) > 0 {
			field, kind, tag := protowire.ConsumeTag(b)
			if tag < 0 {
				return
			}
			b = b[tag:]
			switch {
			case field == 1 && kind == protowire.Fixed64Type && len(b) >= 8:
				bits = binary.LittleEndian.Uint64(b)
			case field == 2 && kind == protowire.VarintType:
				v, _ := protowire.ConsumeVarint(b)
				ms = int64(v)
			}
			size := protowire.ConsumeFieldValue(field, kind, b)
			if size < 0 {
				return
			}
			b = b[size:]
		}
		s := sample{series: -1, id: uint32(bits>>32) ^ uint32(bits)}
		if series >= 0 && series < o.w.series && bits != staleNaN && !math.IsNaN(math.Float64frombits(bits)) {
			s.series = series
			s.round = int(time.UnixMilli(ms).Sub(o.w.start) / o.w.round)
		}
		o.samples = append(o.samples, s)
	})
}

func (o *write) records() int { return len(o.samples) }

// take stores the samples. In part means that one of the agent's own is refused for good,
// as out of order: version 2 can say that, and how many were written.
func (o *write) take(partly bool) answer {
	o.w.mu.Lock()
	defer o.w.mu.Unlock()
	written := len(o.samples)
	for _, s := range o.samples {
		if s.series < 0 || s.round < 0 {
			if partly && o.two && written == len(o.samples) {
				written--
				o.w.refused++
				continue
			}
			o.w.others++
			continue
		}
		// What is stored already is nothing new, whenever it comes.
		if o.w.samples.add(s.round*o.w.series+s.series, s.id) == fresh && s.round < o.w.last[s.series] {
			o.w.disorder++
		}
		o.w.last[s.series] = max(o.w.last[s.series], s.round)
	}
	out := answer{http.StatusNoContent, map[string]string{
		"X-Prometheus-Remote-Write-Samples-Written":    strconv.Itoa(written),
		"X-Prometheus-Remote-Write-Histograms-Written": strconv.Itoa(o.histograms),
		"X-Prometheus-Remote-Write-Exemplars-Written":  strconv.Itoa(o.exemplars),
	}, nil}
	if written < len(o.samples) {
		out.status, out.body = http.StatusBadRequest, []byte("out of order sample")
	}
	return out
}
