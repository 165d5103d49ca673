package tailsamplingprocessor

import (
	"math"
	"time"

	"github.com/cespare/xxhash/v2"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tidewatch/tidewatch/internal/attrhash"
	"github.com/tidewatch/tidewatch/signals"
)

// Durations are counted in buckets of a quarter of an octave from a microsecond on; a percentile is then
// 19 % too high at most.
const (
	perOctave = 4
	buckets   = 34 * perOctave // up to some hours
	// halfLife is how fast what was usual is forgotten.
	halfLife = 10 * time.Minute
	// leastSpans is how many must have been seen to say what is slow, leastWatched how long traces must have
	// been seen to say what is rare.
	leastSpans   = 100
	leastWatched = 10 * time.Minute
)

// operation remembers how long spans of a service and name last.
type operation struct {
	counts []float32 // of buckets from first on
	first  int
	total  float64
	aged   time.Time
	seen   time.Time
}

// path remembers how often a set of operations was seen, and what was dropped since one of it was
// kept, by why it would have been kept.
type path struct {
	weight  float64 // traces, halved each hour
	aged    time.Time
	dropped [reasons]int64
}

// history is what is usual.
type history struct {
	cfg        *Config
	operations map[uint64]*operation
	paths      map[uint64]*path
	since      time.Time
	orphaned   [reasons]int64 // dropped counts of paths that were forgotten
	scratch    map[uint64]struct{}
}

func bucketOf(nanoseconds uint64) int {
	if nanoseconds < 1000 {
		return 0
	}
	return min(buckets-1, int(math.Log2(float64(nanoseconds)/1000)*perOctave))
}

// look is what a trace is like.
type look struct {
	path   uint64
	failed bool
	slow   bool
}

// maxDistinct bounds the operations that make up a path.
const maxDistinct = 1000

// look learns from a trace and compares it with what was usual before.
func (h *history) look(t *waitingTrace, now time.Time) look {
	var l look
	clear(h.scratch)
	t.each(func(rs ptrace.ResourceSpans, s ptrace.Span) {
		key := xxhash.Sum64String(s.Name())
		if service, ok := rs.Resource().Attributes().Get(signals.AttrServiceName); ok {
			key = attrhash.Combine(xxhash.Sum64String(service.AsString()), key)
		}
		if _, ok := h.scratch[key]; !ok && len(h.scratch) < maxDistinct {
			h.scratch[key] = struct{}{}
			l.path += key
		}
		l.failed = l.failed || s.Status().Code() == ptrace.StatusCodeError
		if s.Kind() == ptrace.SpanKindServer || s.Kind() == ptrace.SpanKindConsumer || s.ParentSpanID().IsEmpty() {
			l.slow = h.slow(key, s, now) || l.slow
		}
	})
	return l
}

// slow says whether a span took unusually long.
func (h *history) slow(key uint64, s ptrace.Span, now time.Time) bool {
	if s.EndTimestamp() < s.StartTimestamp() {
		return false
	}
	took := uint64(s.EndTimestamp() - s.StartTimestamp())
	o := h.operations[key]
	if o == nil {
		if len(h.operations) >= h.cfg.MaxOperations {
			return false
		}
		o = &operation{aged: now}
		h.operations[key] = o
	}
	o.seen = now
	o.age(now)
	slow := o.total >= leastSpans && float64(took) > h.cfg.SlowRatio*o.percentile(0.99)
	o.add(bucketOf(took))
	return slow
}

// age halves the counts of an operation once a half-life.
func (o *operation) age(now time.Time) {
	for now.Sub(o.aged) >= halfLife {
		o.aged = o.aged.Add(halfLife)
		if o.total < 1 {
			o.counts, o.total, o.aged = nil, 0, now
			return
		}
		for i := range o.counts {
			o.counts[i] /= 2
		}
		o.total /= 2
	}
}

func (o *operation) add(i int) {
	if len(o.counts) == 0 {
		o.first = i
	}
	if i < o.first {
		o.counts = append(make([]float32, o.first-i, o.first-i+len(o.counts)), o.counts...)
		o.first = i
	}
	for i >= o.first+len(o.counts) {
		o.counts = append(o.counts, 0)
	}
	o.counts[i-o.first]++
	o.total++
}

// percentile is the upper bound of the bucket, in nanoseconds.
func (o *operation) percentile(q float64) float64 {
	rank, sum := q*o.total, 0.0
	for i, n := range o.counts {
		if sum += float64(n); sum >= rank {
			return 1000 * math.Exp2(float64(o.first+i+1)/perOctave)
		}
	}
	return math.Inf(1)
}

// seen counts a trace of a path and says whether it is rare; it is nil for paths beyond the
// limit.
func (h *history) seen(id uint64, now time.Time) (p *path, rare bool) {
	if h.since.IsZero() {
		h.since = now
	}
	p = h.paths[id]
	if p == nil {
		if len(h.paths) >= h.cfg.MaxPaths {
			return nil, false
		}
		p = &path{aged: now}
		h.paths[id] = p
	}
	p.age(now)
	p.weight++
	return p, p.weight <= h.cfg.RarePerHour && now.Sub(h.since) >= leastWatched
}

func (p *path) age(now time.Time) {
	if elapsed := now.Sub(p.aged); elapsed > 0 {
		p.weight *= math.Exp2(-elapsed.Hours())
		p.aged = now
	}
}

// forget makes room: operations of which nothing was seen for an hour, paths of no weight. What was dropped of
// a path is kept apart, so that the counts stay exact.
func (h *history) forget(now time.Time) {
	for k, o := range h.operations {
		if now.Sub(o.seen) >= time.Hour {
			delete(h.operations, k)
		}
	}
	for k, p := range h.paths {
		if p.age(now); p.weight >= 0.1 {
			continue
		}
		for i, n := range p.dropped {
			h.orphaned[i] += n
		}
		delete(h.paths, k)
	}
}
