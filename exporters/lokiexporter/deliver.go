package lokiexporter

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/exporter/exporterhelper"

	"github.com/tidewatch/tidewatch/internal/retryafter"
	"github.com/tidewatch/tidewatch/internal/undelivered"
)

// minPush is how small pushes become while the server limits the rate or their size, in
// bytes: one that is larger than what a limit allows at once would never be taken.
const minPush = 16 << 10

// sender delivers batches. It is safe for concurrent use.
type sender struct {
	poster
	streams  *streams
	limits   *limits
	counter  *undelivered.Counter
	maxBytes int64        // of one push
	less     atomic.Int64 // by how much pushes are smaller at the moment
}

// delivery is one batch on its way. One goroutine uses it.
type delivery struct {
	*sender
	ctx   context.Context
	batch *batch
	now   time.Time

	left  []int32       // numbers of entries to be sent again as they are
	again []int32       // of those refused for a limit that is known now, to be encoded anew
	err   error         // why something is left, nil if nothing is
	wait  time.Duration // that the server asks for

	down    bool            // nothing more is sent
	tenants map[string]bool // those that get nothing more of this batch
	stopped map[int32]bool  // likewise streams
}

// send delivers a batch: for each tenant the streams in doubt alone, the others
// together.
func (s *sender) send(ctx context.Context, b *batch) *delivery {
	d := &delivery{sender: s, ctx: ctx, batch: b, now: time.Now(), tenants: map[string]bool{}, stopped: map[int32]bool{}}
	seen := map[string]bool{}
	for i := range b.streams {
		if tenant := b.streams[i].id.tenant; !seen[tenant] {
			seen[tenant] = true
			d.sendTenant(tenant)
		}
	}
	if d.wait > 0 {
		d.err = exporterhelper.NewThrottleRetry(d.err, d.wait)
	}
	return d
}

func (d *delivery) sendTenant(tenant string) {
	var together []part
	for i := range d.batch.streams {
		st := &d.batch.streams[i]
		p := part{stream: int32(i), low: st.low, high: st.high}
		switch {
		case st.id.tenant != tenant || p.lines() == 0:
		case d.streams.alone(st, d.now):
			d.sendParts([]part{p})
		default:
			together = append(together, p)
		}
	}
	d.sendParts(together)
}

// sendParts sends parts in as many pushes as their size needs.
func (d *delivery) sendParts(parts []part) {
	for len(parts) > 0 {
		var push []part
		push, parts = d.fit(parts)
		d.push(push)
	}
}

// fit parts the longest beginning of parts that a push may have, at least one line, from
// the rest.
func (d *delivery) fit(parts []part) (push, rest []part) {
	most := max(d.maxBytes-d.less.Load(), 1)
	size := int64(0)
	for i, p := range parts {
		size += int64(len(d.batch.streams[p.stream].id.labels))
		for j, n := range d.batch.order[p.low:p.high] {
			size += int64(d.batch.entries[n].len)
			if size <= most || i+j == 0 {
				continue
			}
			push = append(push, parts[:i]...)
			rest = append(rest, part{p.stream, p.low + j, p.high})
			if j > 0 {
				push = append(push, part{p.stream, p.low, p.low + j})
			}
			return push, append(rest, parts[i+1:]...)
		}
	}
	return parts, nil
}

// push sends one push and does with it what the answer asks for.
func (d *delivery) push(parts []part) {
	parts = d.going(parts)
	if len(parts) == 0 {
		return
	}
	tenant := d.batch.streams[parts[0].stream].id.tenant
	a, err := d.post(d.ctx, d.batch, tenant, parts)
	if err != nil {
		if _, own := errors.AsType[held](err); !own {
			d.counter.Retry(d.ctx, "connection", lines(parts))
		}
		d.down = true
		d.keep(parts, err)
		return
	}
	strange := foreign(a.header.Get("Content-Type"), a.body)
	switch {
	case a.status == statusBlocked && !strange:
		d.blocked(parts, a)
	case a.status/100 == 2 && !strange:
		d.took(parts)
	case a.status == http.StatusBadRequest && !strange:
		d.refused(parts, a)
	case a.status == http.StatusRequestEntityTooLarge:
		d.tooLarge(parts, a)
	case a.status == http.StatusTooManyRequests:
		d.limited(parts, a)
	default:
		d.counter.Retry(d.ctx, a.code(), lines(parts))
		if a.status == http.StatusUnauthorized || a.status == http.StatusForbidden || a.status == http.StatusNotFound {
			d.tenants[tenant] = true // another tenant may be welcome
		} else {
			d.down = true
		}
		d.keepFor(parts, a)
	}
}

// going returns the parts that may still be sent, and keeps the others.
func (d *delivery) going(parts []part) []part {
	out := parts[:0:0]
	for _, p := range parts {
		if d.down || d.stopped[p.stream] || d.tenants[d.batch.streams[p.stream].id.tenant] {
			d.keep([]part{p}, nil)
		} else {
			out = append(out, p)
		}
	}
	return out
}

// keep leaves parts to be sent again. A nil err means that it is known why.
func (d *delivery) keep(parts []part, err error) {
	for _, p := range parts {
		d.left = append(d.left, d.batch.order[p.low:p.high]...)
	}
	if d.err == nil {
		d.err = err
	}
}

// keepFor keeps parts for as long as the answer asks.
func (d *delivery) keepFor(parts []part, a answer) {
	d.wait = max(d.wait, retryafter.Wait(a.header, d.now))
	d.keep(parts, a.err())
}

func (d *delivery) took(parts []part) {
	for _, p := range parts {
		d.streams.take(&d.batch.streams[p.stream], d.at(p.high-1), d.now)
	}
	if less := d.less.Load(); less > 0 { // back to full size in sixteen steps
		d.less.Store(max(less-d.maxBytes/16, 0))
	}
}

func (d *delivery) sent(parts []part) sent {
	var s sent
	for _, p := range parts {
		s.labels = append(s.labels, d.batch.streams[p.stream].id.labels)
		s.lines = append(s.lines, p.lines())
	}
	return s
}

func lines(parts []part) int {
	n := 0
	for _, p := range parts {
		n += p.lines()
	}
	return n
}

// remaining returns the numbers of the entries that are left or to be encoded anew, in
// order.
func (d *delivery) remaining() []int {
	out := make([]int, 0, len(d.left)+len(d.again))
	for _, n := range append(d.left, d.again...) {
		out = append(out, int(n))
	}
	slices.Sort(out)
	return out
}
