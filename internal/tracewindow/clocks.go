package tracewindow

import (
	"cmp"
	"slices"
)

// Clocks learns from calls between hosts how far their clocks are apart. A call that waits for
// its answer bounds it: the callee's span lies within the caller's. As in NTP's clock filter
// (RFC 5905, section 10) the call with the least time to spare says the most, and the last eight
// spells of ten seconds are remembered, so that drift is followed.
//
// The clocks are taken to agree as long as half of the remembered calls allow it. The zero value is
// ready; it is not safe for concurrent use.
type Clocks struct {
	pairs map[clockPair]*clock
}

type clockPair struct{ a, b string } // a < b

type clock struct{ calls [spells]call }

const (
	spells = 8
	spell  = int64(10e9)
	// maxPairs bounds the memory to half a megabyte; a fleet that large loses what it learned now
	// and then, which each trace makes up for.
	maxPairs = 2048
	// tolerance is what clocks that are kept by NTP differ by.
	tolerance = int64(500e3)
)

// call is the best call of a spell: b's clock is behind a's by offset, give or take half of slack.
type call struct {
	spell         int64
	offset, slack int64
}

// observe learns from a call that lasted from start to end at the caller, and from calleeStart
// to calleeEnd at the callee.
func (c *Clocks) observe(caller, callee string, start, end, calleeStart, calleeEnd int64) {
	slack := (end - start) - (calleeEnd - calleeStart)
	if slack < 0 || start <= 0 {
		return // the caller did not wait
	}
	offset := start + slack/2 - calleeStart
	p := clockPair{caller, callee}
	if callee < caller {
		p, offset = clockPair{callee, caller}, -offset
	}
	k := c.pairs[p]
	if k == nil {
		if c.pairs == nil || len(c.pairs) >= maxPairs {
			c.pairs = map[clockPair]*clock{}
		}
		k = &clock{}
		c.pairs[p] = k
	}
	number := start / spell
	if have := &k.calls[number%spells]; have.spell < number || have.spell == number && slack < have.slack {
		*have = call{number, offset, slack}
	}
}

// offset is what to add to the times of b to have them by the clock of a.
func (c *Clocks) offset(a, b string) int64 {
	sign := int64(1)
	p := clockPair{a, b}
	if b < a {
		p, sign = clockPair{b, a}, -1
	}
	k := c.pairs[p]
	if k == nil {
		return 0
	}
	known, agree := 0, 0
	best := call{slack: -1}
	for _, m := range k.calls {
		if m.spell == 0 {
			continue
		}
		known++
		if max(m.offset, -m.offset) <= m.slack/2+tolerance {
			agree++
		}
		if best.slack < 0 || m.slack < best.slack {
			best = m
		}
	}
	if 2*agree >= known {
		return 0
	}
	return sign * best.offset
}

// observe shows the calls of a trace to the clocks.
func (g *tree) observe(c *Clocks) {
	for i := range g.spans {
		p := g.parent[i]
		if p < 0 {
			continue
		}
		callee, caller := &g.spans[i], &g.spans[p]
		if callee.Kind != Server || caller.Kind == Producer {
			continue
		}
		a, b := caller.Resource.clock(), callee.Resource.clock()
		if a != b {
			c.observe(a, b, caller.Start, caller.End(), callee.Start, callee.End())
		}
	}
}

// offsets sets the clocks of a trace by that of the host where it begins, from caller to callee;
// nil if they agree.
func (g *tree) offsets(c *Clocks) map[string]int64 {
	type hop struct{ caller, callee string }
	seen := map[hop]bool{}
	var hops []hop
	root := -1
	for i := range g.spans {
		p := g.parent[i]
		if p < 0 {
			if root < 0 || better(&g.spans[i], &g.spans[root]) {
				root = i
			}
			continue
		}
		h := hop{g.spans[p].Resource.clock(), g.spans[i].Resource.clock()}
		if h.caller != h.callee && !seen[h] {
			seen[h] = true
			hops = append(hops, h)
		}
	}
	if len(hops) == 0 {
		return nil
	}
	slices.SortFunc(hops, func(a, b hop) int { return cmp.Or(cmp.Compare(a.caller, b.caller), cmp.Compare(a.callee, b.callee)) })
	set := map[string]int64{g.spans[root].Resource.clock(): 0}
	off := false
	for len(hops) > 0 {
		var rest []hop
		for _, h := range hops {
			from, fromOK := set[h.caller]
			to, toOK := set[h.callee]
			switch {
			case fromOK && !toOK:
				set[h.callee] = from + c.offset(h.caller, h.callee)
				off = off || set[h.callee] != 0
			case toOK && !fromOK:
				set[h.caller] = to + c.offset(h.callee, h.caller)
				off = off || set[h.caller] != 0
			case !fromOK:
				rest = append(rest, h)
			}
		}
		if len(rest) == len(hops) {
			set[rest[0].caller] = 0 // a part without the root: by its own caller
			continue
		}
		hops = rest
	}
	if !off {
		return nil
	}
	for name, offset := range set {
		if offset == 0 {
			delete(set, name)
		}
	}
	return set
}
