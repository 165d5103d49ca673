package backtest

import (
	"math"
	"time"

	"github.com/tidewatch/tidewatch/anomaly"
)

const (
	// A close-up shows the points around the beginning of an alert of the detector; so
	// many before and after it, of the first alerts of each series.
	pointsBefore, pointsAfter = 150, 90
	closeupsEach              = 2
)

// glance is one point with the band it was judged by.
type glance struct {
	ns           int64
	value        float32
	lower, upper float32
}

// closeup is what an alert was raised for.
type closeup struct {
	start    time.Time
	verdict  anomaly.Verdict
	glances  []glance
	expected int // points still to come
}

// closeups keeps the last points of a series, and those around its first alerts.
type closeups struct {
	last   []glance // a ring
	next   int
	list   []closeup
	firing bool
}

func (c *closeups) add(ns int64, v float64, verdict *anomaly.Verdict, counted bool) {
	g := glance{ns, float32(v), float32(verdict.Lower), float32(verdict.Upper)}
	for i := range c.list {
		if u := &c.list[i]; u.expected > 0 {
			u.glances = append(u.glances, g)
			u.expected--
		}
	}
	firing := verdict.State == anomaly.Anomalous
	if firing && !c.firing && counted && len(c.list) < closeupsEach {
		c.list = append(c.list, closeup{time.Unix(0, ns).UTC(), *verdict, append(c.before(), g), pointsAfter})
	}
	c.firing = firing
	if len(c.last) < pointsBefore {
		c.last = append(c.last, g)
		return
	}
	c.last[c.next] = g
	c.next = (c.next + 1) % pointsBefore
}

// before are the last points in their order.
func (c *closeups) before() []glance {
	out := make([]glance, 0, pointsBefore+pointsAfter+1)
	out = append(out, c.last[c.next:]...)
	return append(out, c.last[:c.next]...)
}

// finite says that the band of a glance can be drawn.
func (g *glance) finite() bool {
	return math.Abs(float64(g.lower)) < math.MaxFloat32 && math.Abs(float64(g.upper)) < math.MaxFloat32
}
