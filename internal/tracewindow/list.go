package tracewindow

// list is a queue of traces from which any may leave.
type list struct{ first, last *held }

func (l *list) push(h *held) {
	h.in, h.prev, h.next = l, l.last, nil
	if l.last == nil {
		l.first = h
	} else {
		l.last.next = h
	}
	l.last = h
}

func (l *list) remove(h *held) {
	if h.prev == nil {
		l.first = h.next
	} else {
		h.prev.next = h.next
	}
	if h.next == nil {
		l.last = h.prev
	} else {
		h.next.prev = h.prev
	}
	h.in, h.prev, h.next = nil, nil, nil
}
