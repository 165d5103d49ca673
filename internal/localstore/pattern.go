package localstore

import (
	"cmp"
	"container/list"
	"slices"
	"strings"
	"sync"
	"time"
)

// Per pattern: an hour of counts per minute, a few different lines as examples,
// a few services.
const (
	rateMinutes     = 60
	maxExamples     = 3
	maxServices     = 4
	maxExampleBytes = 512
)

// PatternView is a log pattern with its counts.
type PatternView struct {
	ID       string   `json:"id"`
	Template string   `json:"template"`
	Services []string `json:"services"`
	// Severity is the highest OpenTelemetry severity number seen, 0 if unknown.
	Severity int    `json:"severity"`
	Count    uint64 `json:"count"`
	// FirstSeen and LastSeen are Unix seconds.
	FirstSeen uint32 `json:"first_seen"`
	LastSeen  uint32 `json:"last_seen"`
	// PerMinute are the counts of the last 60 minutes, oldest first; the last one
	// is the minute that still runs.
	PerMinute []uint32 `json:"per_minute"`
	// Examples are different raw lines, the newest first.
	Examples []string `json:"examples"`
}

type patternTable struct {
	mu      sync.Mutex // guards all below
	max     int
	byID    map[string]*list.Element // of *pattern
	lru     *list.List
	other   *pattern // nil until it is needed
	evicted uint64
}

type pattern struct {
	PatternView
	// minutes is a ring; minute is the Unix minute of its newest slot.
	minutes [rateMinutes]uint32
	minute  int64
	// sampled is when an example was last taken.
	sampled uint32
}

func (t *patternTable) init(maxPatterns int) {
	t.max = max(1, maxPatterns-1) // one place is kept for Other
	t.byID = map[string]*list.Element{}
	t.lru = list.New()
}

func (t *patternTable) total(out *Totals) {
	t.mu.Lock()
	defer t.mu.Unlock()
	out.Patterns, out.EvictedPatterns = len(t.byID), t.evicted
	if t.other != nil {
		out.Patterns++
	}
}

func (t *patternTable) put(now time.Time, l *LogLine) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.find(l, seconds(now)).count(now, l)
}

func (t *patternTable) find(l *LogLine, first uint32) *pattern {
	if l.Pattern == Other {
		return t.overflow(first)
	}
	if e, ok := t.byID[l.Pattern]; ok {
		t.lru.MoveToFront(e)
		return e.Value.(*pattern)
	}
	if len(t.byID) >= t.max {
		t.evict()
	}
	p := newPattern(l.Pattern, first)
	t.byID[p.ID] = t.lru.PushFront(p)
	return p
}

func newPattern(id string, first uint32) *pattern {
	return &pattern{PatternView: PatternView{ID: clip(id, maxName), FirstSeen: first, LastSeen: first}}
}

func (t *patternTable) overflow(first uint32) *pattern {
	if t.other == nil {
		t.other = newPattern(Other, first)
		t.other.Template = Other
	}
	return t.other
}

// evict adds the least recently seen pattern to the pattern Other.
func (t *patternTable) evict() {
	oldest := t.lru.Back()
	p := oldest.Value.(*pattern)
	delete(t.byID, p.ID)
	t.lru.Remove(oldest)
	t.evicted++
	t.overflow(p.FirstSeen).merge(p)
}

func (p *pattern) count(now time.Time, l *LogLine) {
	p.Count++
	p.LastSeen = max(p.LastSeen, seconds(now))
	p.Severity = max(p.Severity, l.Severity)
	if p.Template != l.Template && l.Template != "" {
		p.Template = clip(l.Template, maxTemplate) // a template generalises as the miner learns
	}
	p.advance(now.Unix() / 60)
	p.minutes[p.minute%rateMinutes]++
	if l.Service != "" && len(p.Services) < maxServices && !slices.Contains(p.Services, l.Service) {
		p.Services = append(p.Services, clip(l.Service, maxName))
	}
	p.sample(seconds(now), l.Body)
}

// sample keeps a line if there are too few or a second has passed.
func (p *pattern) sample(now uint32, line string) {
	if len(p.Examples) >= maxExamples && now == p.sampled || line == "" {
		return
	}
	line = cut(line, maxExampleBytes)
	if slices.Contains(p.Examples, line) {
		return
	}
	p.sampled = now
	if len(p.Examples) < maxExamples {
		p.Examples = append(p.Examples, "")
	}
	copy(p.Examples[1:], p.Examples)
	p.Examples[0] = strings.Clone(line)
}

// advance moves the ring to minute m and clears what was skipped.
func (p *pattern) advance(m int64) {
	if p.minute == 0 || m-p.minute >= rateMinutes {
		p.minutes = [rateMinutes]uint32{}
		p.minute = m
	}
	for p.minute < m {
		p.minute++
		p.minutes[p.minute%rateMinutes] = 0
	}
}

func (p *pattern) merge(q *pattern) {
	p.Count += q.Count
	p.FirstSeen = min(p.FirstSeen, q.FirstSeen)
	p.LastSeen = max(p.LastSeen, q.LastSeen)
	p.advance(q.minute)
	for back := range int64(rateMinutes) {
		if m := q.minute - back; m > p.minute-rateMinutes && m > 0 {
			p.minutes[m%rateMinutes] += q.minutes[m%rateMinutes]
		}
	}
}

// Patterns returns all patterns, the most frequent first; per-minute counts end
// with the minute of now.
func (s *Store) Patterns(now time.Time) []PatternView {
	t := &s.patterns
	m := now.Unix() / 60
	t.mu.Lock()
	out := make([]PatternView, 0, len(t.byID)+1)
	for _, e := range t.byID {
		out = append(out, e.Value.(*pattern).view(m))
	}
	if t.other != nil {
		out = append(out, t.other.view(m))
	}
	t.mu.Unlock()
	slices.SortFunc(out, func(a, b PatternView) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// Template returns the template of a pattern, empty if it is not held.
func (s *Store) Template(id string) string {
	t := &s.patterns
	t.mu.Lock()
	defer t.mu.Unlock()
	if e, ok := t.byID[id]; ok {
		return e.Value.(*pattern).Template
	}
	return ""
}

func (p *pattern) view(m int64) PatternView {
	v := p.PatternView
	v.Services = append([]string{}, v.Services...)
	v.Examples = append([]string{}, v.Examples...)
	v.PerMinute = p.rates(m)
	return v
}

func (p *pattern) rates(m int64) []uint32 {
	out := make([]uint32, rateMinutes)
	for i := range out {
		at := m - rateMinutes + 1 + int64(i)
		if at > p.minute-rateMinutes && at <= p.minute && at > 0 {
			out[i] = p.minutes[at%rateMinutes]
		}
	}
	return out
}
