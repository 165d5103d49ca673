package change

import (
	"fmt"
	"strconv"
	"strings"
)

const (
	// limitEvery is the time in which MaxChanges are reported.
	limitEvery = 10 * minute
	// maxNamed is how many patterns a Storm quotes.
	maxNamed = 3
	// maxQuoted is how many bytes of a template it quotes.
	maxQuoted = 80
)

// limiter counts what was reported lately and what was not.
type limiter struct {
	minute   int64 // number of the minute of newCount
	newCount int
	start    int64 // of count
	count    int
	left     [kinds]int
	named    []string
	subject  pattern
}

// allow reports whether one more change may be reported now. Errors may come
// twice as often, so that what is harmless does not hide them.
func (d *Detector) allow(p *pattern, k Kind, now int64) bool {
	if k == Deploy || k == Storm || p == &d.service {
		return true
	}
	l, times := &d.limit, 1
	if p.severity == Error {
		times = 2
	}
	if m := now / minute; m != l.minute {
		l.minute, l.newCount = m, 0
	}
	if now-l.start >= limitEvery || now < l.start {
		l.start, l.count = now, 0
	}
	if k == New && l.newCount >= times*d.opt.MaxNew || l.count >= times*d.opt.MaxChanges {
		l.left[k]++
		d.stats.Suppressed++
		if len(l.named) < maxNamed {
			l.named = append(l.named, strings.ToValidUTF8(p.template[:min(len(p.template), maxQuoted)], ""))
		}
		if r := l.subject.open[Storm]; r != nil {
			r.observed, r.above, r.dirty = r.observed+1, now, true
		}
		return false
	}
	if k == New {
		l.newCount++
	}
	l.count++
	return true
}

// names says what was left out: `12 new, 3 flood, such as "..."`.
func (l *limiter) names() string {
	parts := make([]string, 0, kinds)
	for k, n := range l.left {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, Kind(k)))
		}
	}
	quoted := make([]string, len(l.named))
	for i, t := range l.named {
		quoted[i] = strconv.Quote(t)
	}
	return strings.Join(parts, ", ") + ", such as " + strings.Join(quoted, ", ")
}

// reviewStorm opens, updates and resolves the report of what was left out.
func (d *Detector) reviewStorm(now int64) {
	l := &d.limit
	r := l.subject.open[Storm]
	if r == nil {
		n := 0
		for _, v := range l.left {
			n += v
		}
		if n > 0 {
			l.subject.first = d.began
			d.open(&l.subject, Storm, &report{start: now, above: now, observed: float64(n)}, now)
		}
		return
	}
	switch {
	case now-r.above >= int64(limitEvery):
		d.resolve(&l.subject, Storm, now)
		l.left, l.named = [kinds]int{}, nil
	case r.dirty && now-r.sent >= int64(d.opt.UpdateEvery):
		d.report(&l.subject, Storm, Updated, now)
	}
}
