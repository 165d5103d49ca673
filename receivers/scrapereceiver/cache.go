package scrapereceiver

import (
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
)

// kind is what a series is in its metric.
type kind uint8

const (
	kindDropped kind = iota // by relabelling, or by having no name
	kindGauge
	kindCounter
	kindState  // info and state sets: sums that are not monotonic
	kindInfo   // target_info: attributes of the resource
	kindBucket // of a classic histogram, as the following
	kindHistogramSum
	kindHistogramCount
	kindQuantile // of a summary, as the following
	kindSummarySum
	kindSummaryCount
	kindCreated // when a classic histogram or a summary began
	kindNative  // a histogram with exponential or custom buckets
	kindBegun   // when a counter began
)

// family is what a page says of a name.
type family struct {
	typ        model.MetricType
	help, unit string
}

// origin is where the points of a series go: the resource and scope that they belong to.
type origin struct{ job, instance, scope, version, schema string }

// slotKey is one metric of a batch.
type slotKey struct {
	origin origin
	name   string
	shape  kind // kindBucket for classic histograms, kindQuantile for summaries
	family *family
}

// slot is a metric with the number of series, or groups, that use it.
type slot struct {
	slotKey
	uses   int
	custom bool // of a native histogram: its buckets have bounds of their own
}

// group is a point that several series make: a classic histogram or a summary.
type group struct {
	slot   int
	hash   uint64
	labels labels.Labels
	uses   int
}

type groupKey struct {
	slot int
	hash uint64
}

// series is what is known of a line of a page without its value, so that the next scrape
// need not find out again.
type series struct {
	kind kind
	// seen is the last scrape that had it.
	seen uint32
	// slot or, where a point has several series, group says where its value goes.
	slot, group int
	labels      labels.Labels // without those that are elsewhere
	hash        uint64        // of the labels, where it is needed
	bound       float64       // of a bucket or quantile
	family      *family
	typ         model.MetricType // of the family when the kind was found
}

// cache is what is known of a target's page. Places in slots and groups that nobody uses
// are used again.
type cache struct {
	scrape     uint32
	series     map[string]*series // by the text of the line
	families   map[string]*family
	slots      []slot
	slotIndex  map[slotKey]int
	freeSlots  []int
	groups     []group
	groupIndex map[groupKey]int
	freeGroups []int
	info       labels.Labels // of target_info
}

func newCache() *cache {
	return &cache{series: map[string]*series{}, families: map[string]*family{}, slotIndex: map[slotKey]int{}, groupIndex: map[groupKey]int{}}
}

// empty is a cache that knows no series.
func (c *cache) empty() bool { return len(c.series) == 0 }

func (c *cache) useSlot(key slotKey) int {
	if i, ok := c.slotIndex[key]; ok {
		c.slots[i].uses++
		return i
	}
	i := len(c.slots)
	if n := len(c.freeSlots); n > 0 {
		i, c.freeSlots = c.freeSlots[n-1], c.freeSlots[:n-1]
	} else {
		c.slots = append(c.slots, slot{})
	}
	c.slots[i], c.slotIndex[key] = slot{slotKey: key, uses: 1}, i
	return i
}

func (c *cache) releaseSlot(i int) {
	if c.slots[i].uses--; c.slots[i].uses == 0 {
		delete(c.slotIndex, c.slots[i].slotKey)
		c.slots[i], c.freeSlots = slot{}, append(c.freeSlots, i)
	}
}

// useGroup takes over a use of the slot, and gives it back where the group is known.
func (c *cache) useGroup(slot int, ls labels.Labels) int {
	key := groupKey{slot, ls.Hash()}
	if i, ok := c.groupIndex[key]; ok {
		c.groups[i].uses++
		c.releaseSlot(slot)
		return i
	}
	i := len(c.groups)
	if n := len(c.freeGroups); n > 0 {
		i, c.freeGroups = c.freeGroups[n-1], c.freeGroups[:n-1]
	} else {
		c.groups = append(c.groups, group{})
	}
	c.groups[i], c.groupIndex[key] = group{slot, key.hash, ls, 1}, i
	return i
}

// forget removes a series. It returns true when the point that it made is made no more.
func (c *cache) forget(text string, s *series) (ended bool) {
	delete(c.series, text)
	return c.release(s)
}

// release gives back what a series uses. The places stay readable until others use them.
func (c *cache) release(s *series) (ended bool) {
	switch s.kind {
	case kindDropped, kindInfo:
		return false
	case kindBucket, kindHistogramSum, kindHistogramCount, kindQuantile, kindSummarySum, kindSummaryCount, kindCreated:
		g := &c.groups[s.group]
		if g.uses--; g.uses > 0 {
			return false
		}
		delete(c.groupIndex, groupKey{g.slot, g.hash})
		c.freeGroups = append(c.freeGroups, s.group)
		c.releaseSlot(g.slot)
		*g = group{}
		return true
	case kindBegun:
		c.releaseSlot(s.slot)
		return false
	default:
		c.releaseSlot(s.slot)
		return true
	}
}

// grouped reports whether several series of this kind make a point.
func (k kind) grouped() bool { return k >= kindBucket && k <= kindCreated }

// describe is the family of a name, made where it is not known.
func (c *cache) describe(name string) *family {
	f := c.families[name]
	if f == nil {
		f = &family{typ: model.MetricTypeUnknown}
		c.families[strings.Clone(name)] = f
	}
	return f
}

// parts are what a family adds to its name.
var parts = []string{"_bucket", "_count", "_sum", "_total", "_info", "_gcount", "_gsum", "_created"}

// familyOf finds the family of a sample's name, and the part of the family that it is.
func (c *cache) familyOf(name string) (f *family, part string) {
	if f = c.families[name]; f != nil {
		return f, ""
	}
	for _, part := range parts {
		if base, ok := strings.CutSuffix(name, part); ok {
			if f = c.families[base]; f != nil {
				return f, part
			}
		}
	}
	return nil, ""
}
