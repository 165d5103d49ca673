package localstore

import (
	"cmp"
	"container/list"
	"math"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/tidewatch/tidewatch/signals"
)

// Field says which value of a point is written.
type Field uint8

// The values of a point: the baseline families of package signals.
const (
	Observed Field = iota
	Lower
	Upper
	Score
	State
	fields
)

// maxLate is how many points back a value may still find its point.
const maxLate = 8

// silentAfter is how many seconds without a point make a series silent.
const silentAfter = 600

// maxMetrics bounds what is known about metrics by name.
const maxMetrics = 1024

// SeriesInfo identifies a watched series.
type SeriesInfo struct {
	Metric string `json:"metric"`
	// Attrs are the attributes of the series, Entity those of its resource that
	// say whose series it is; both sorted by key.
	Attrs  []Attr `json:"attributes"`
	Entity []Attr `json:"entity"`
}

// SeriesView is a series with its last point.
type SeriesView struct {
	ID string `json:"id"`
	SeriesInfo
	MetricInfo
	// Time of the last point, Unix seconds.
	Time     uint32 `json:"time"`
	Observed Number `json:"observed"`
	Lower    Number `json:"lower"`
	Upper    Number `json:"upper"`
	Score    Number `json:"score"`
	// State is learning, normal, anomalous or adapting.
	State string `json:"state"`
	// FirstSeen is when this process saw the series first, Unix seconds.
	FirstSeen uint32 `json:"first_seen"`
	// Learned is the share of the history it needs that a learning series has, 0
	// to 1; null if that is not known.
	Learned Number `json:"learned"`
	Points  int    `json:"points"`
}

// MetricInfo is what the raw metric says about itself.
type MetricInfo struct {
	Unit        string `json:"unit"`
	Description string `json:"description,omitempty"`
	// Rate is true if the observed values are per second.
	Rate bool `json:"rate"`
}

// Points are the points of a series, oldest first, as columns of equal length.
type Points struct {
	Time     []uint32 `json:"t"`
	Observed Column   `json:"observed"`
	Lower    Column   `json:"lower"`
	Upper    Column   `json:"upper"`
	Score    Column   `json:"score"`
	State    Column   `json:"state"`
}

type seriesTable struct {
	mu      sync.RWMutex // guards all below
	max     int
	points  int
	byID    map[uint64]*list.Element // of *series
	lru     *list.List               // front: written last
	metrics map[string]MetricInfo
	written uint64
	evicted uint64
	refused uint64
	late    uint64
}

type series struct {
	id    uint64
	info  SeriesInfo
	first uint32
	// learned is the last share of PutLearned, NaN before the first.
	learned float64
	times   []uint32
	cols    [fields][]float32
	// head is the oldest point once the ring is full.
	head int
}

func (t *seriesTable) init(maxSeries, points int) {
	t.max, t.points = maxSeries, points
	t.byID = map[uint64]*list.Element{}
	t.lru = list.New()
	t.metrics = map[string]MetricInfo{}
}

func (t *seriesTable) total(out *Totals) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	out.Points, out.Series, out.EvictedSeries = t.written, len(t.byID), t.evicted
	out.RefusedPoints, out.LatePoints = t.refused, t.late
}

// PutMetric keeps what is known about a metric, for units and descriptions on
// charts. Beyond 1024 metrics further ones stay unknown.
func (s *Store) PutMetric(name string, info MetricInfo) {
	t := &s.series
	t.mu.RLock()
	known, ok := t.metrics[name]
	full := len(t.metrics) >= maxMetrics
	t.mu.RUnlock()
	if ok && known == info || !ok && full {
		return
	}
	info.Unit, info.Description = clip(info.Unit, 64), clip(info.Description, maxName)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.metrics[clip(name, maxName)] = info
}

// PutPoint writes one value of the point of series id at at, whole seconds;
// values of one point may come in any order and in several calls. describe is
// called only for a series that is not held. When the store is full, the series
// written longest ago makes room if it has been silent for ten minutes; else the
// newcomer is refused and counted, so that too many series can't push each other
// out in turns.
func (s *Store) PutPoint(id uint64, at time.Time, f Field, value float64, describe func() SeriesInfo) {
	t := &s.series
	t.mu.Lock()
	defer t.mu.Unlock()
	e, ok := t.byID[id]
	if !ok {
		if len(t.byID) >= t.max && !t.evict(seconds(at)) {
			t.refused++
			return
		}
		e = t.add(id, at, describe())
	}
	t.lru.MoveToFront(e)
	if e.Value.(*series).put(seconds(at), f, float32(value), t.points) {
		t.written++
	} else {
		t.late++
	}
}

// PutLearned says how much of the history it needs the series id has, 0 to 1. A
// series without points is not known and the call without effect.
func (s *Store) PutLearned(id uint64, share float64) {
	t := &s.series
	t.mu.Lock()
	defer t.mu.Unlock()
	if e, ok := t.byID[id]; ok {
		e.Value.(*series).learned = share
	}
}

// evict removes the series written longest ago if it is silent.
func (t *seriesTable) evict(now uint32) bool {
	oldest := t.lru.Back()
	r := oldest.Value.(*series)
	if last := r.times[r.index(len(r.times)-1)]; last+silentAfter > now {
		return false
	}
	delete(t.byID, r.id)
	t.lru.Remove(oldest)
	t.evicted++
	return true
}

func (t *seriesTable) add(id uint64, at time.Time, info SeriesInfo) *list.Element {
	// Empty lists, so that JSON says [] and not null.
	info.Attrs, info.Entity = append([]Attr{}, info.Attrs...), append([]Attr{}, info.Entity...)
	byKey := func(a, b Attr) int { return cmp.Compare(a.Key, b.Key) }
	slices.SortFunc(info.Attrs, byKey)
	slices.SortFunc(info.Entity, byKey)
	e := t.lru.PushFront(&series{id: id, info: info, first: seconds(at), learned: math.NaN()})
	t.byID[id] = e
	return e
}

// put reports whether the value found its place.
func (r *series) put(at uint32, f Field, v float32, points int) bool {
	i, ok := r.place(at, points)
	if !ok {
		return false
	}
	r.cols[f][i] = v
	return true
}

// place returns the index of the point at at, which it appends if at is new.
func (r *series) place(at uint32, points int) (int, bool) {
	n := len(r.times)
	if n > 0 && at <= r.times[r.index(n-1)] {
		for back := range min(n, maxLate) {
			if i := r.index(n - 1 - back); r.times[i] == at {
				return i, true
			}
		}
		return 0, false
	}
	if n < points {
		r.grow(points)
		n++
		r.times = r.times[:n]
		for c := range r.cols {
			r.cols[c] = r.cols[c][:n]
		}
		return r.reset(n-1, at), true
	}
	i := r.head
	r.head = (r.head + 1) % n
	return r.reset(i, at), true
}

// grow makes room for one more point in steps, exactly up to points.
func (r *series) grow(points int) {
	n := len(r.times)
	if n < cap(r.times) {
		return
	}
	size := min(points, max(32, 2*n))
	times := make([]uint32, n, size)
	copy(times, r.times)
	r.times = times
	block := make([]float32, int(fields)*size)
	for c := range r.cols {
		col := block[c*size : c*size+n : (c+1)*size]
		copy(col, r.cols[c])
		r.cols[c] = col
	}
}

func (r *series) reset(i int, at uint32) int {
	r.times[i] = at
	for c := range r.cols {
		r.cols[c][i] = float32(math.NaN())
	}
	return i
}

// index maps the n-th oldest point to its slot.
func (r *series) index(n int) int {
	return (r.head + n) % len(r.times)
}

// Series returns all series with their last points, ordered by metric,
// attributes and entity.
func (s *Store) Series() []SeriesView {
	t := &s.series
	t.mu.RLock()
	out := make([]SeriesView, 0, len(t.byID))
	for _, e := range t.byID {
		out = append(out, t.view(e.Value.(*series)))
	}
	t.mu.RUnlock()
	slices.SortFunc(out, func(a, b SeriesView) int {
		return cmp.Or(
			cmp.Compare(a.Metric, b.Metric),
			compareAttrs(a.Attrs, b.Attrs),
			compareAttrs(a.Entity, b.Entity),
			cmp.Compare(a.ID, b.ID),
		)
	})
	return out
}

func (t *seriesTable) view(r *series) SeriesView {
	i := r.index(len(r.times) - 1)
	return SeriesView{
		ID:         SeriesID(r.id),
		SeriesInfo: r.info,
		MetricInfo: t.metrics[r.info.Metric],
		Time:       r.times[i],
		Observed:   Number(r.cols[Observed][i]),
		Lower:      Number(r.cols[Lower][i]),
		Upper:      Number(r.cols[Upper][i]),
		Score:      Number(r.cols[Score][i]),
		State:      stateName(r.cols[State][i]),
		FirstSeen:  r.first,
		Learned:    Number(r.learned),
		Points:     len(r.times),
	}
}

// OneSeries returns one series with its last point.
func (s *Store) OneSeries(id uint64) (SeriesView, bool) {
	t := &s.series
	t.mu.RLock()
	defer t.mu.RUnlock()
	e, ok := t.byID[id]
	if !ok {
		return SeriesView{}, false
	}
	return t.view(e.Value.(*series)), true
}

// Points returns the points of a series that are younger than since (Unix
// seconds), oldest first.
func (s *Store) Points(id uint64, since uint32) (Points, bool) {
	t := &s.series
	t.mu.RLock()
	defer t.mu.RUnlock()
	e, ok := t.byID[id]
	if !ok {
		return Points{}, false
	}
	r := e.Value.(*series)
	n := len(r.times)
	from := 0
	for from < n && r.times[r.index(from)] <= since {
		from++
	}
	p := Points{Time: make([]uint32, 0, n-from)}
	cols := [fields]*Column{&p.Observed, &p.Lower, &p.Upper, &p.Score, &p.State}
	for k := from; k < n; k++ {
		i := r.index(k)
		p.Time = append(p.Time, r.times[i])
		for c := range cols {
			*cols[c] = append(*cols[c], r.cols[c][i])
		}
	}
	return p, true
}

// FindSeries returns the series of metric whose attributes and entity agree
// with attrs wherever both know a key; among several the one that agrees most.
func (s *Store) FindSeries(metric string, attrs []Attr) (id string, ok bool) {
	want := make(map[string]string, len(attrs))
	for _, a := range attrs {
		want[a.Key] = a.Value
	}
	best := -1
	for _, v := range s.Series() {
		if v.Metric != metric {
			continue
		}
		if n := agreement(v, want); n > best {
			best, id = n, v.ID
		}
	}
	return id, best >= 0
}

// agreement counts equal attributes, -1 if one of the series' own is missing or
// differs or its entity differs.
func agreement(v SeriesView, want map[string]string) int {
	n := 0
	for _, a := range v.Attrs {
		if want[a.Key] != a.Value {
			return -1
		}
		n++
	}
	for _, a := range v.Entity {
		if w, ok := want[a.Key]; ok {
			if w != a.Value {
				return -1
			}
			n++
		}
	}
	return n
}

// SeriesID spells an id as the API shows it.
func SeriesID(id uint64) string {
	const digits = 16
	s := strconv.FormatUint(id, 16)
	return "0000000000000000"[:digits-len(s)] + s
}

// ParseSeriesID is the inverse of SeriesID.
func ParseSeriesID(s string) (uint64, bool) {
	id, err := strconv.ParseUint(s, 16, 64)
	return id, err == nil && len(s) == 16
}

func compareAttrs(a, b []Attr) int {
	return slices.CompareFunc(a, b, func(x, y Attr) int {
		return cmp.Or(cmp.Compare(x.Key, y.Key), compareNatural(x.Value, y.Value))
	})
}

// compareNatural orders cpu2 before cpu10: of two texts that differ in length
// only in their digits, the shorter is the smaller.
func compareNatural(a, b string) int {
	if len(a) != len(b) && trimDigits(a) == trimDigits(b) {
		return cmp.Compare(len(a), len(b))
	}
	return cmp.Compare(a, b)
}

func trimDigits(s string) string {
	for s != "" && s[len(s)-1] >= '0' && s[len(s)-1] <= '9' {
		s = s[:len(s)-1]
	}
	return s
}

func stateName(v float32) string {
	switch v {
	case signals.AnomalyStateNormal:
		return "normal"
	case signals.AnomalyStateAnomalous:
		return "anomalous"
	case signals.AnomalyStateAdapting:
		return "adapting"
	default:
		return "learning"
	}
}
