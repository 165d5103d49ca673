package change

import (
	"math"
	"strings"
)

const (
	// maxPositions is how many variables of a template are watched.
	maxPositions = 4
	// maxValue is how many bytes of a value are kept.
	maxValue = 48
	// watchValues is how many lines a pattern needs for its values to be watched:
	// values of rare ones say nothing.
	watchValues = 200

	// A window has enough values and is long enough that one client that comes and
	// goes does not fill it. No more than most are looked at.
	windowValues, windowMost = 64, 256
	windowTime               = minute
	// firstLook is how many values may be enough.
	firstLook = 16
	// windows are how many must be known, and settledFor how long.
	windows    = 6
	settledFor = 2 * hour
	// takeover is the share that a value must have.
	takeover = 0.6
	// shifted is how surprising a shift must be, in nats.
	shifted = 15
)

// shifts watches the values of the variables of one pattern.
type shifts struct {
	literals  []string // of the template, before, between and after its variables
	positions [maxPositions]position
	start     int64 // of the window
	values    int   // of the window
}

// position is what is known of one variable.
type position struct {
	top [4]candidate // of the window

	windows uint32  // that were learned
	usual   string  // the most frequent value, if there is one
	share   float32 // its share
	most    float32 // the largest share that any other value had in a window, fading
}

// candidate is a frequent value, counted as Metwally's space saving has it.
type candidate struct {
	text   string
	n, err uint16
}

// add counts a value of the window.
func (q *position) add(v string) {
	low := 0
	for i := range q.top {
		if q.top[i].n > 0 && q.top[i].text == v {
			q.top[i].n++
			return
		}
		if q.top[i].n < q.top[low].n {
			low = i
		}
	}
	c := &q.top[low]
	c.text, c.err, c.n = strings.Clone(v), c.n, c.n+1
}

// first is the most frequent value of the window that is not the usual one, and
// its share for certain.
func (q *position) first(n int) (string, float64) {
	best, most := "", 0
	for i := range q.top {
		if c := &q.top[i]; int(c.n-c.err) > most && (c.text != q.usual || q.share < 0.5) {
			best, most = c.text, int(c.n-c.err)
		}
	}
	return best, float64(most) / float64(max(1, n))
}

// learn takes a window of n values into what is known.
func (q *position) learn(n int) {
	if _, s := q.first(n); q.windows > 0 {
		q.most = max(float32(s), q.most*0.99)
	}
	best, s := "", float32(0)
	for i := range q.top {
		if share := float32(q.top[i].n-q.top[i].err) / float32(n); share > s {
			best, s = q.top[i].text, share
		}
	}
	switch {
	case best == q.usual:
		q.share += (s - q.share) / 4
	case s > q.share:
		q.usual, q.share = best, s/2
	default:
		q.share -= q.share / 4
	}
	q.windows++
}

// judgeShift watches the variables of a pattern and reports that one value took
// one of them over.
func (d *Detector) judgeShift(p *pattern, text string, t, now int64) {
	if p.total < watchValues || p.fresh {
		return
	}
	s := p.shifts
	if s == nil {
		s = &shifts{start: t, literals: literals(p.template)}
		p.shifts = s
	}
	if len(s.literals) < 2 {
		return
	}
	if t-s.start >= windowTime && s.values >= windowValues {
		d.closeWindow(p, t, now)
	}
	if s.values >= windowMost {
		return
	}
	var buf [maxPositions]string
	found := appendValues(buf[:0], s.literals, text)
	if len(found) == 0 {
		return
	}
	s.values++
	r := p.open[ParameterShift]
	for i, v := range found {
		q := &s.positions[i]
		q.add(v)
		switch {
		case r != nil && r.position == i+1 && r.value == v:
			r.above = max(r.above, t)
		case r == nil && s.values%firstLook == 0 && t-s.start >= windowTime:
			if r = d.takenOver(p, q, s, now); r != nil {
				r.position, r.above = i+1, t
				p.keep(text)
				d.open(p, ParameterShift, r, now)
			}
		}
	}
}

// takenOver judges the window of a position so far.
func (d *Detector) takenOver(p *pattern, q *position, s *shifts, now int64) *report {
	if q.windows < windows || now-p.first < settledFor || d.learning(now) {
		return nil
	}
	v, share := q.first(s.values)
	base := min(0.95, float64(q.most)+0.1)
	if share < takeover || unlike(share, base, float64(s.values)) < shifted {
		return nil
	}
	return &report{start: s.start, observed: share, expected: float64(q.most), upper: base, value: v}
}

// closeWindow begins a new window. A window that is told of teaches nothing,
// until what it shows is what the pattern does.
func (d *Detector) closeWindow(p *pattern, t, now int64) {
	s, r := p.shifts, p.open[ParameterShift]
	for i := range s.positions[:len(s.literals)-1] {
		q := &s.positions[i]
		if r != nil && r.position == i+1 {
			v, share := q.first(s.values)
			switch {
			case v != r.value || share < takeover/2:
				q.most = max(q.most, float32(r.observed)) // it may do so again
				d.resolve(p, ParameterShift, now)
			case now-r.start >= adopt:
				q.usual, q.share = v, float32(share)
				d.resolve(p, ParameterShift, now)
			default:
				r.dirty = r.dirty || math.Abs(share-r.observed) > 0.1
				r.observed = share
			}
		} else {
			q.learn(s.values)
		}
		q.top = [4]candidate{}
	}
	s.start, s.values = t, 0
}

// literals cuts a template at its variables: the texts before, between and after
// the first of them.
func literals(template string) []string {
	var list []string
	from := 0
	for i := 0; i < len(template) && len(list) < maxPositions; i++ {
		end := variableEnd(template, i)
		if end == 0 {
			continue
		}
		list = append(list, template[from:i])
		from = end
		i = end - 1
	}
	rest := template[from:]
	for i := range len(rest) { // up to the next variable
		if variableEnd(rest, i) > 0 {
			rest = rest[:i]
			break
		}
	}
	return append(list, rest)
}

// variableEnd is the end of the variable that begins at i, zero if there is none.
func variableEnd(s string, i int) int {
	if s[i] != '<' {
		return 0
	}
	for j := i + 1; j < len(s) && j < i+12; j++ {
		switch c := s[j]; {
		case c == '>' && j > i+1:
			return j + 1
		case c != '*' && (c < 'a' || c > 'z') && (c < '0' || c > '9'):
			return 0
		}
	}
	return 0
}

// appendValues finds the variables of a template in a line that begins with a
// header. It finds none in a line whose blanks are not those of the template.
func appendValues(dst []string, literals []string, text string) []string {
	at := 0
	if lit := literals[0]; lit != "" {
		if at = strings.Index(text, lit); at < 0 {
			return dst
		}
		at += len(lit)
	} else if at = strings.Index(text, literals[1]); at >= 0 && literals[1] != "" {
		at = strings.LastIndexByte(text[:at], ' ') + 1
	} else {
		return dst
	}
	for i, lit := range literals[1:] {
		end := len(text)
		if lit != "" {
			n := strings.Index(text[at:], lit)
			if n < 0 {
				return dst
			}
			end = at + n
		} else if i < len(literals)-2 { // two variables without anything between
			return dst
		}
		dst = append(dst, text[at:min(end, at+maxValue)])
		at = min(end+len(lit), len(text))
	}
	return dst
}
