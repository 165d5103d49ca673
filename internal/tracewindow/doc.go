// Package tracewindow holds the recent traces of a process in a bounded number of
// bytes and hands each out, put in order, when it has come to rest.
//
//	w := tracewindow.New(tracewindow.Settings{})
//	w.Add(now, &resource, spans)       // or feed.Traces, from pdata
//	for t := range w.Ripe(now) { ... } // now and then: traces that are at rest
//	t, ok := w.Trace(id)               // at any time, at rest or not
//	for t := range w.All() { ... }     // everything held, the latest first
//
// A trace is at rest when no span of it came for Settings.Quiet, and at the latest
// Settings.MaxAge after its first span. Spans that come later are added to it, and it
// is handed out again with a higher Revision; a consumer that wants each trace once
// takes revision 1 only.
//
// A Trace is a plain value that belongs to the caller. Its spans are in depth-first
// order, parents before children and siblings by start; Span.Parent is the index of
// the parent. What hostile or broken input leaves is repaired and counted: a span whose
// parent never came is a root with Orphan set; a circle of parents is cut at its earliest
// span; a span sent twice is kept once; a client and a server span that share an id,
// as Zipkin has it, become parent and child. Clocks of hosts that disagree are
// set by those of their callers (see Clocks). The same is done for spans from elsewhere,
// such as a file, by Assemble.
//
// Texts are stored once for all spans, so that a span of ten usual attributes needs about
// 150 bytes. When Settings.MaxBytes is reached, the traces that were handed out leave
// first. When what is not at rest yet would fill the window alone, new traces are
// admitted by a hash of their id, so that those that are admitted stay whole; Trace.Weight
// says for how many a trace stands. Totals counts everything that is not there.
//
// There are no goroutines and no clock in it; a Window is safe for concurrent use. Traces
// are put in order by the caller's goroutine, outside the lock.
package tracewindow
