package lokiexporter

import (
	"strings"
	"time"
)

// refused deals with a 400: the lines that Loki does not complain about are stored, so
// none is sent again as it was. Those that a limit made it refuse which it names are cut
// to it.
func (d *delivery) refused(parts []part, a answer) {
	r := parseRefusal(string(a.body), d.sent(parts))
	d.limits.lower(r.said)
	if late := r.late(parts); late > 0 {
		r.take(reasonLate, d.sendLate(parts[0], late))
	}
	before := len(d.again)
	for _, p := range parts {
		for _, n := range d.batch.order[p.low:p.high] {
			if e := &d.batch.entries[n]; r.another(e, d.batch.streams[e.stream].labels) {
				d.again = append(d.again, n)
			}
		}
	}
	again := len(d.again) - before
	if again > 0 {
		d.counter.Retry(d.ctx, "cut_to_limit", again)
	}
	total := 0
	for _, reason := range r.lastly(again) {
		total += reason.lines
		if reason.lines > 0 {
			d.counter.Drop(d.ctx, reason.reason, reason.lines, excerpt(a.body))
		}
	}
	if total+again < lines(parts) {
		d.took(parts)
	}
	d.doubt(parts)
}

// sendLate sends the first lines of a part, which came too late for their stream, in
// streams of the hours that they are of, and returns how many.
func (d *delivery) sendLate(p part, n int) int {
	st := d.batch.streams[p.stream]
	if st.late || st.labels >= d.limits.now().labels {
		return 0
	}
	sent := 0
	for low, end := p.low, p.low+n; low < end; {
		hour := time.Unix(0, d.at(low)).Truncate(time.Hour)
		high := low + 1
		for high < end && d.at(high) < hour.Add(time.Hour).UnixNano() {
			high++
		}
		id := streamID{st.id.tenant, withLabel(st.id.labels, lateLabel, hour.UTC().Format("2006-01-02T15"))}
		if d.streams.open(id, d.now) {
			sent += high - low
			d.counter.Retry(d.ctx, reasonLate, high-low)
			of := d.batch.stream(id, st.labels+1)
			d.batch.streams[of].late = true
			d.push([]part{{of, low, high}})
		}
		low = high
	}
	return sent
}

// at returns the time of an entry in the order of streams.
func (d *delivery) at(i int) int64 { return d.batch.entries[d.batch.order[i]].at }

// tooLarge halves a push until the line is found that is too large.
func (d *delivery) tooLarge(parts []part, a answer) {
	d.shrink(parts)
	if lines(parts) == 1 {
		d.counter.Drop(d.ctx, "too_large", 1, excerpt(a.body))
		return
	}
	half := lines(parts) / 2
	var front []part
	for len(parts) > 0 && half > 0 {
		p := parts[0]
		if p.lines() > half {
			front = append(front, part{p.stream, p.low, p.low + half})
			parts = append([]part{{p.stream, p.low + half, p.high}}, parts[1:]...)
			break
		}
		front, parts, half = append(front, p), parts[1:], half-p.lines()
	}
	d.push(front)
	d.push(parts)
}

// limited deals with a 429.
func (d *delivery) limited(parts []part, a answer) {
	text := string(a.body)
	tooMany := strings.Contains(text, "maximum active stream limit")
	ofStream := tooMany || strings.Contains(text, "er stream rate limit")
	if !tooMany {
		d.shrink(parts)
	}
	switch {
	case ofStream && len(parts) > 1: // which one is it?
		d.eachAlone(parts)
	case tooMany && d.streams.refuse(&d.batch.streams[parts[0].stream], d.now):
		d.counter.Drop(d.ctx, reasonStreams, lines(parts), excerpt(a.body))
	default:
		reason := a.code()
		if tooMany {
			reason = reasonStreams
		}
		d.counter.Retry(d.ctx, reason, lines(parts))
		if ofStream {
			d.stopped[parts[0].stream] = true
		} else {
			d.tenants[d.batch.streams[parts[0].stream].id.tenant] = true
		}
		d.keepFor(parts, a)
	}
}

// blocked deals with what Loki throws away on purpose.
func (d *delivery) blocked(parts []part, a answer) {
	if len(parts) > 1 {
		d.eachAlone(parts)
		return
	}
	d.counter.Drop(d.ctx, "blocked", lines(parts), excerpt(a.body))
	d.doubt(parts)
}

// eachAlone sends the streams of a push one by one: what of it was stored already is
// stored once.
func (d *delivery) eachAlone(parts []part) {
	d.doubt(parts)
	for _, p := range parts {
		d.push([]part{p})
	}
}

func (d *delivery) doubt(parts []part) {
	for _, p := range parts {
		d.streams.doubt(&d.batch.streams[p.stream], d.now)
	}
}

// shrink makes pushes half as large as this one.
func (d *delivery) shrink(parts []part) {
	size := int64(0)
	for _, p := range parts {
		for _, n := range d.batch.order[p.low:p.high] {
			size += int64(d.batch.entries[n].len)
		}
	}
	d.less.Store(max(d.maxBytes-max(size/2, minPush), 0))
}
