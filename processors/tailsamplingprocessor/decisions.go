package tailsamplingprocessor

import "go.opentelemetry.io/collector/pdata/pcommon"

// decisions remembers, of the latest traces, whether they were kept.
type decisions struct {
	kept  map[pcommon.TraceID]bool
	order []pcommon.TraceID // a ring
	next  int
	most  int
}

func (d *decisions) put(id pcommon.TraceID, kept bool) {
	if len(d.order) < d.most {
		d.order = append(d.order, id)
	} else {
		delete(d.kept, d.order[d.next])
		d.order[d.next] = id
		d.next = (d.next + 1) % d.most
	}
	d.kept[id] = kept
}
