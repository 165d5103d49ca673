package remotewriteexporter

import (
	"cmp"
	"slices"
)

// group is what a batch holds of one series, in order of time.
type group struct {
	series      *series
	first, last int32 // of its samples in the layout; -1 for none
	more        *more // what most series do not have
}

// more are several samples of a series, its native histograms and exemplars.
type more struct {
	samples   []sample // in place of first and last
	natives   []native
	exemplars []exemplar
}

// layout groups batches by series. Its memory is used again for each.
type layout struct {
	number uint64
	groups []group
	all    []sample
	next   []int32 // of a sample: the index of the next one of its series
}

// maxKept is how many samples and groups keep their memory for the next batch.
const maxKept = 1 << 15

// of returns the groups of a batch in the order in which their series come. They
// are valid until the next call.
func (l *layout) of(b *batch) []group {
	if cap(l.all) > maxKept || cap(l.groups) > maxKept {
		*l = layout{number: l.number}
	}
	l.number++
	l.all, l.next = l.all[:0], l.next[:0]
	clear(l.groups)
	l.groups = l.groups[:0]
	for _, chunk := range b.samples {
		l.all = append(l.all, chunk...)
	}
	for i := range l.all {
		g := l.group(l.all[i].series)
		l.next = append(l.next, -1)
		if g.first < 0 {
			g.first = int32(i) //nolint:gosec // bounded by memory
		} else {
			l.next[g.last] = int32(i) //nolint:gosec // as above
		}
		g.last = int32(i) //nolint:gosec // as above
	}
	for i := range b.natives {
		g := l.group(b.natives[i].series).extend()
		g.natives = append(g.natives, b.natives[i])
	}
	for i := range b.exemplars {
		g := l.group(b.exemplars[i].series).extend()
		g.exemplars = append(g.exemplars, b.exemplars[i])
	}
	for i := range l.groups {
		l.order(&l.groups[i])
	}
	return l.groups
}

func (g *group) extend() *more {
	if g.more == nil {
		g.more = new(more)
	}
	return g.more
}

// samples are those of a group, in order.
func (l *layout) samples(g *group) []sample {
	switch {
	case g.more != nil && len(g.more.samples) > 0:
		return g.more.samples
	case g.first >= 0:
		return l.all[g.first : g.first+1]
	}
	return nil
}

func (g *group) natives() []native {
	if g.more == nil {
		return nil
	}
	return g.more.natives
}

func (g *group) exemplars() []exemplar {
	if g.more == nil {
		return nil
	}
	return g.more.exemplars
}

// size is the number of samples and native histograms.
func (l *layout) size(g *group) int { return len(l.samples(g)) + len(g.natives()) }

func (l *layout) group(s *series) *group {
	if s.layout != l.number {
		s.layout, s.slot = l.number, int32(len(l.groups)) //nolint:gosec // as above
		l.groups = append(l.groups, group{series: s, first: -1, last: -1})
	}
	return &l.groups[s.slot]
}

// order puts the samples of a group in order of time and keeps the last of those
// with the same time, since a receiver refuses two values for one time.
func (l *layout) order(g *group) {
	if g.first != g.last {
		m := g.extend()
		for i := g.first; i >= 0; i = l.next[i] {
			m.samples = append(m.samples, l.all[i])
		}
		m.samples = inOrder(m.samples, func(s *sample) int64 { return s.time })
	}
	if len(g.natives()) > 1 {
		g.more.natives = inOrder(g.more.natives, func(n *native) int64 { return n.time })
	}
	if len(g.exemplars()) > 1 {
		slices.SortStableFunc(g.more.exemplars, func(a, b exemplar) int {
			return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(a.value, b.value)) // the order in which Prometheus takes them
		})
	}
}

func inOrder[T any](all []T, at func(*T) int64) []T {
	slices.SortStableFunc(all, func(a, b T) int { return cmp.Compare(at(&a), at(&b)) })
	kept := all[:0]
	for i := range all {
		if i+1 < len(all) && at(&all[i+1]) == at(&all[i]) {
			continue
		}
		kept = append(kept, all[i])
	}
	return kept
}
