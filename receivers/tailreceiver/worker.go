package tailreceiver

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"time"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/tidewatch/tidewatch/internal/logformat"
	"github.com/tidewatch/tidewatch/internal/pressure"
)

const (
	// chunkBytes is read at a time: large enough that a system call per chunk costs
	// nothing, small enough that a batch of it stays in the cache.
	chunkBytes = 256 << 10
	// fairShare is what a worker reads of one file before it turns to the next.
	fairShare = 16 * chunkBytes
	// joinWait is how long complete lines wait behind one that the container runtime
	// has cut and not yet finished.
	joinWait = 5 * time.Second

	retryFirst = 100 * time.Millisecond
)

// afterPanic is how long a file rests on which reading panicked.
const afterPanic = time.Minute

var errStopped = errors.New("receiver is stopping")

// worker reads files that the watcher hands to it.
type worker struct {
	t       *tail
	builder builder
	buf     []byte
	decoded []byte // of UTF-16
	// maxRecords of a batch: what all workers deliver at a time may be doubled by a
	// crash.
	maxRecords int
}

func (w *worker) run() {
	for {
		select {
		case <-w.t.stop:
			return
		case f := <-w.t.work:
			if w.t.panics.Try(func() error { w.drain(f); return nil }) != nil {
				f.resting = w.t.now().Add(afterPanic) // the others go on
			}
			f.busy.Store(false)
			w.t.nudge()
		}
	}
}

// drain reads a file to its end, or as much of it as is fair to the others.
func (w *worker) drain(f *file) {
	for total := 0; total < fairShare && pressure.Wait(w.t.pressure, w.t.stop) && !w.t.stopping(); {
		n, err := w.step(f)
		total += n
		switch {
		case errors.Is(err, errChanged) && f.archive:
			f.failed = true // it is the archive of something else
			return
		case errors.Is(err, errChanged):
			w.t.rewound(f, "rewritten")
		case errors.Is(err, errStopped):
			return
		case err != nil:
			f.failed = f.archive
			w.t.readFailed(f, err)
			return
		case n == 0 || f.resting.After(w.t.now()):
			return
		}
	}
}

// step reads one chunk and delivers what is complete in it. It returns the number
// of bytes delivered.
func (w *worker) step(f *file) (int, error) {
	data, lead, err := f.readAt(w.buf)
	if err != nil {
		return 0, err
	}
	full := len(data) == len(w.buf)
	end := f.pos.Offset + int64(len(data)-lead)
	if f.pos.Offset == 0 {
		lead = f.detect(data)
		w.t.metrics.bytes.Add(w.t.consume, int64(lead))
	}
	view := w.decode(f, data[lead:])
	profile := w.learn(f, view)
	text, valid := textOf(view)
	total, done := 0, 0
	for done < len(view) && !f.resting.After(w.t.now()) {
		b, err := w.deliver(f, piece{
			path: f.name, data: view[done:], text: text[done:], valid: valid, offset: f.pos.Offset, skip: f.pos.Skip,
			flush:  !full && f.flushes(w.t.now(), w.t.cfg.FlushTimeout),
			unjoin: f.joinOverdue(w.t.now()), settled: f.settles(w.t.now()), profile: profile,
			now: pcommon.NewTimestampFromTime(w.t.now()),
		})
		if err != nil {
			w.t.flying.Add(-int64(b.records))
			return total, err
		}
		if b.consumed == 0 {
			break
		}
		n := f.bytesOf(view[done : done+int(b.consumed)])
		done += int(b.consumed)
		lead += n
		total += n
		f.pos.Skip = b.skip
		f.pos.advance(f.pos.Offset+int64(n), data[:lead])
		f.pos.extendPrefix(f.handle)
		f.joining, f.settled = time.Time{}, time.Time{}
		w.t.committed(f)
		w.t.delivered(b.records)
		w.t.metrics.bytes.Add(w.t.consume, int64(n))
	}
	switch {
	case f.resting.After(w.t.now()):
	case total == 0 && full: // one line, with its joined parts, is longer than the chunk
		return w.grow(f)
	case !full:
		w.waits(f, end, bytes.IndexByte(view[done:], '\n') >= 0)
		if a, ok := f.handle.(*archive); ok && a.damaged() != nil {
			return total, a.damaged()
		}
	}
	return total, nil
}

// learn looks at the beginning of a file, and at what it has just read, as long as
// there is something to learn about where its records begin.
func (w *worker) learn(f *file, data []byte) *logformat.Profile {
	if w.t.multiline == nil {
		return nil
	}
	if f.sampled == 0 {
		f.profile.Start = w.t.multiline.start
		if f.pos.Offset > 0 && f.order == nil && !f.profile.Learned() {
			head := make([]byte, min(f.pos.Offset, sampleBytes))
			n, _ := f.handle.ReadAt(head, 0)
			w.observe(f, head[:n])
		}
		f.sampled = f.pos.Offset
	}
	if f.profile.Learned() || f.pos.Skip {
		return &f.profile
	}
	seen := max(f.sampled-f.pos.Offset, 0)
	if seen < int64(len(data)) {
		fresh := data[seen:]
		if end := bytes.LastIndexByte(fresh, '\n'); end >= 0 {
			w.observe(f, fresh)
			f.sampled = f.pos.Offset + seen + int64(end) + 1
		}
	}
	return &f.profile
}

// waits takes note of what is left behind the last delivery: the file has been
// read up to end, and complete says that whole lines wait.
func (w *worker) waits(f *file, end int64, complete bool) {
	now := w.t.now()
	grown := end != f.seenAt
	f.look(end, now)
	f.seenAt = end
	if !complete {
		return
	}
	if f.joining.IsZero() {
		f.joining = now
	}
	if w.t.multiline != nil && (grown || f.settled.IsZero()) {
		f.settled = now.Add(w.t.cfg.Multiline.Timeout)
	}
}

// grow makes room for the longest line; where there is room already, what waits
// is delivered unjoined.
func (w *worker) grow(f *file) (int, error) {
	if most := 2*w.builder.maxLine + chunkBytes; len(w.buf) < most {
		w.buf = make([]byte, most)
	} else {
		f.joining = w.t.now().Add(-2 * joinWait)
		f.settled = f.joining
	}
	return 1, nil // not nothing: there is more to read
}

// deliver gives the records of a piece to the next consumer until it takes them
// or refuses them for good. While it asks to try again, reading stands still:
// that is the back-pressure.
func (w *worker) deliver(f *file, p piece) (batch, error) {
	limit := &w.t.cfg.RateLimit
	share := 1.0
	if limit.rate() > 0 {
		f.allow.fill(limit, w.t.now())
	}
	b := w.build(f, p)
	if b.panics > 0 {
		w.broken(p.path, b.panics, b.cause)
	}
	if limit.rate() > 0 && limit.Over == overSample {
		if share = f.allow.share(limit, &b); share < 1 {
			w.t.metrics.dropped.Add(w.t.consume, int64(thin(&b, share)), reason("rate_limit"))
		}
	}
	w.t.reserve(b.records)
	wait := min(retryFirst, w.t.cfg.MaxRetryInterval)
	for b.records > 0 {
		ctx := w.t.report.StartLogsOp(w.t.consume)
		n := b.logs.LogRecordCount()
		err := w.t.next.ConsumeLogs(ctx, b.logs)
		w.t.report.EndLogsOp(ctx, "tail", n, err)
		if err == nil {
			w.t.metrics.taken(ctx, &b)
			break
		}
		if consumererror.IsPermanent(err) {
			w.t.metrics.dropped.Add(ctx, int64(n), reason("rejected"))
			w.t.logs.Once(p.path, func(l *zap.Logger) {
				l.Warn("records were rejected and are dropped", zap.String("path", p.path), zap.Error(err))
			})
			break
		}
		if !w.sleep(wait) {
			return b, errStopped
		}
		wait = min(2*wait, w.t.cfg.MaxRetryInterval)
		b.logs = w.again(f, p, share, err)
	}
	if limit.rate() > 0 && limit.Over == overWait {
		if rest := f.allow.take(limit, b.consumed, b.records); rest > 0 {
			f.resting = w.t.now().Add(rest)
			w.t.metrics.limited.Add(w.t.consume, 1)
		}
	}
	return b, nil
}

// build makes the next batch, no larger than the rate limit lets it be.
func (w *worker) build(f *file, p piece) batch {
	limit := &w.t.cfg.RateLimit
	w.builder.maxRecords = w.maxRecords
	if limit.RecordsPerSecond > 0 && limit.Over == overWait {
		w.builder.maxRecords = max(min(w.builder.maxRecords, int(f.allow.tokens)), 1)
	}
	b := w.builder.build(p)
	if f.order != nil && b.records > 0 {
		relocate(&b, p)
	}
	return b
}

// again returns the records to try next: those that the error says have failed,
// else the batch built anew, because a consumer may have changed the one it got.
func (w *worker) again(f *file, p piece, share float64, err error) plog.Logs {
	var failed consumererror.Logs
	if errors.As(err, &failed) && failed.Data().LogRecordCount() > 0 {
		return failed.Data()
	}
	b := w.build(f, p)
	if share < 1 {
		thin(&b, share)
	}
	return b.logs
}

// sleep waits about d and returns false if the receiver stops meanwhile.
func (w *worker) sleep(d time.Duration) bool {
	timer := time.NewTimer(d/2 + rand.N(d))
	defer timer.Stop()
	select {
	case <-w.t.stop:
		return false
	case <-timer.C:
		return true
	}
}
