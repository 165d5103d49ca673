package jvm

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"
)

// append writes what the page told.
func (r *reader) append(p *page, now time.Time, md pmetric.Metrics) {
	server := r.server
	if r.cfg.ServiceName == "" && p.service != "" {
		server.Service = p.service
	}
	b := server.Batch(md, r.start(p, now), now)
	for key, value := range p.runtime {
		if value != "" {
			b.Attributes.PutStr("process.runtime."+key, value)
		}
	}
	of := map[*target][]*point{}
	for _, at := range p.points {
		of[at.target] = append(of[at.target], at)
	}
	for _, t := range targets {
		if len(of[t]) == 0 {
			continue
		}
		m := t.shape(b, t.name, t.unit, t.description)
		for _, at := range of[t] {
			if t.integer {
				m.Int(int64(at.value), at.attributes...)
			} else {
				m.Float(at.value, at.attributes...)
			}
		}
	}
	if len(p.collections) == 0 {
		return
	}
	m := b.Histogram("jvm.gc.duration", "s", "Garbage collections and how long they took.")
	for _, c := range p.collections {
		m.Total(uint64(max(c.count, 0)), c.sum, c.attributes...)
	}
}

// start is since when the machine counts.
func (r *reader) start(p *page, now time.Time) time.Time {
	if p.start > 0 && p.start < 1e11 {
		return time.UnixMilli(int64(p.start * 1e3))
	}
	var count float64
	for _, c := range p.collections {
		count += c.count
	}
	return r.resets.Counter(now, int64(count))
}
