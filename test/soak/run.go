package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// refuseEvery is which of how many lines of a stream a sink refuses for good.
const refuseEvery = 9973

// run is one run of a plan.
type run struct {
	plan   plan
	seed   uint64
	dir    string
	agent  *agent
	clock  *clock
	begin  time.Time
	say    func(format string, args ...any)
	sites  []*site
	served sync.WaitGroup

	elastic       *elastic
	loki          *loki
	remote        *remoteWrite
	writers       []*writer
	points, spans *sender

	mu       sync.Mutex // guards what follows
	looks    []look
	problems []string // what the doctor said under load
	last     look     // after the load, with everything drained
	stored   stored   // at that time
	// readAgain is how many lines more were read than written.
	readAgain float64
	drained   time.Duration
}

// prepare makes sinks and generators.
func (r *run) prepare(ctx context.Context) error {
	r.clock = &clock{}
	start := time.Now().Truncate(time.Second)
	r.elastic, r.loki, r.remote = newElastic(refuseEvery), newLoki(refuseEvery), newRemoteWrite(&r.plan, start)
	for i, s := range []struct {
		name    string
		backend backend
	}{{"elasticsearch", r.elastic}, {"loki", r.loki}, {"remote write", r.remote}} {
		one, err := newSite(s.name, s.backend, weather{forecast(&r.plan, r.seed, i), r.clock}, r.plan.Capacity)
		if err != nil {
			return err
		}
		r.sites = append(r.sites, one)
		r.served.Go(func() { one.keep(ctx) })
	}
	if err := os.MkdirAll(r.agent.logs(), 0o755); err != nil {
		return err
	}
	for k := range streams {
		arrived := func() int { return min(r.elastic.lines[k].complete(), r.loki.lines[k].complete()) }
		// A new message every two minutes of the full rate.
		w, err := newWriter(r.agent.logs(), k, newShapes(r.seed, k, max(2000, 120*r.plan.Lines/len(streams))), arrived)
		if err != nil {
			return err
		}
		r.writers = append(r.writers, w)
	}
	url := fmt.Sprintf("http://127.0.0.1:%d", r.agent.http)
	r.points, r.spans = metricSender(url, &r.plan, start), spanSender(url, &r.plan)
	return nil
}

func (r *run) env() []string {
	return []string{"TIDEWATCH_ELASTICSEARCH_URL=" + r.sites[0].url(), "TIDEWATCH_LOKI_URL=" + r.sites[1].url(), "TIDEWATCH_REMOTE_WRITE_URL=" + r.sites[2].url() + "/api/v1/write"}
}

// play makes the load and waits until everything that was made has arrived.
func (r *run) play(ctx context.Context) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer func() {
		cancel()
		r.served.Wait()
		for _, s := range r.sites {
			s.close()
		}
		for _, w := range r.writers {
			err = errors.Join(err, w.close())
		}
	}()
	if err := r.prepare(ctx); err != nil {
		return err
	}
	if err := r.agent.start(ctx, &r.plan, r.env()...); err != nil {
		return err
	}
	defer func() {
		if stopErr := r.agent.stop(); err == nil && stopErr != nil {
			err = fmt.Errorf("stop the agent: %w; its log: %s", stopErr, r.agent.log.Name())
		}
	}()
	r.begin = time.Now()
	if err := r.load(ctx); err != nil {
		return err
	}
	return r.drain(ctx)
}

// load runs the generators, and looks at the agent meanwhile.
func (r *run) load(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	fail := make(chan error, 4)
	var made, watched sync.WaitGroup
	watched.Go(func() { fail <- r.agent.watch(ctx, r.plan.Every, r.seen) })
	made.Go(func() {
		err := writeAll(ctx, &r.plan, r.writers, r.clock)
		r.clock.end() // what is due of the others is due now
		fail <- err
	})
	made.Go(func() { fail <- r.points.run(ctx, r.clock) })
	made.Go(func() { fail <- r.spans.run(ctx, r.clock) })
	var err error
	for range 3 { // the watch ends last, unless it fails
		if err = <-fail; err != nil {
			break
		}
	}
	cancel()
	made.Wait()
	watched.Wait()
	return err
}

// seen keeps a look; once, when a queue is full, the doctor is asked, too.
func (r *run) seen(l look) {
	l.Seconds, l.Load = time.Since(r.begin).Seconds(), r.clock.now().Seconds()
	r.mu.Lock()
	r.looks = append(r.looks, l)
	asked := len(r.problems) > 0
	r.mu.Unlock()
	if len(r.looks)%max(1, int(time.Minute/r.plan.Every)) == 0 {
		r.say("%4.0f s: load %.0f of %d s, CPU %.0f s, RSS %.0f MiB, %.0f goroutines, %.0f descriptors, %.0f records wait, %d saturated",
			l.Seconds, l.Load, r.plan.Seconds, l.CPU, l.RSS/(1<<20), l.Goroutines, l.Descriptors, l.Queued, l.Saturated)
	}
	if l.Saturated == 0 || asked {
		return
	}
	said, err := r.agent.doctor(context.Background())
	if err != nil {
		r.say("%v", err)
		return
	}
	r.mu.Lock()
	r.problems = said
	r.mu.Unlock()
}

// drain waits until all has arrived and the ledger balances. It has patience: a slow
// machine is no loss.
func (r *run) drain(ctx context.Context) error {
	begin, moved := time.Now(), time.Now()
	seen := -1
	var since time.Time // when all had arrived
	for {
		before := r.count()
		l, err := r.agent.look(ctx)
		if err != nil {
			return errors.Join(r.agent.alive(), err)
		}
		l.Seconds, l.Load = time.Since(r.begin).Seconds(), r.clock.now().Seconds()
		r.last, r.stored = l, r.count()
		if before == r.stored && r.quiet(&l) {
			if since.IsZero() {
				since, r.drained = time.Now(), time.Since(begin)
			}
			// Connections that are not used any more are closed after a while.
			if r.plan.Slopes || r.plan.MemoryMiB > 0 || time.Since(since) > 2*time.Minute || allOK(settled(r.looks, float64(r.plan.Warm), &l)) {
				return nil
			}
		}
		progress := r.stored.lines.Distinct + r.stored.lokiLines.Distinct + r.stored.spans.Distinct + r.remote.samples.count().Distinct
		if progress > seen {
			seen, moved = progress, time.Now()
		}
		// However slow the machine is, something arrives; what does not come at all is told
		// by the checks.
		if time.Since(moved) > patience {
			if since.IsZero() {
				r.drained = time.Since(begin)
			}
			r.say("not everything has arrived %s after the load", r.drained.Round(time.Second))
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
	}
}

func allOK(checks []check) bool {
	return !slices.ContainsFunc(checks, func(c check) bool { return !c.OK })
}

// patience is how long nothing may arrive after the load before the wait is over. An
// agent that was short of memory reads again after minutes.
const patience = 6 * time.Minute

// quiet reports whether everything written was read, nothing waits and nothing is
// between two counters.
func (r *run) quiet(l *look) bool {
	lines := 0
	for k, w := range r.writers {
		lines += w.n
		if min(r.elastic.lines[k].complete(), r.loki.lines[k].complete()) < w.n {
			return false
		}
	}
	if sum(l.samples, "otelcol_receiver_accepted_log_records", "receiver", "tail") < float64(lines) {
		return false
	}
	for i := range l.ledger.Exporters {
		e := &l.ledger.Exporters[i]
		if e.Queued != 0 || e.QueueSize != 0 || e.Unaccounted != 0 {
			return false
		}
	}
	return r.remote.samples.complete() >= r.plan.rounds()*r.plan.Series && r.elastic.spans.complete() >= r.plan.Seconds*r.plan.tracesPerBatch()*traceSpans
}

// verdict is all that has to hold.
func (r *run) verdict() []check {
	out := r.accounts(&r.last)
	switch {
	case r.plan.Slopes:
		out = append(out, flat(r.looks, float64(r.plan.Warm))...)
	case r.plan.MemoryMiB == 0:
		out = append(out, settled(r.looks, float64(r.plan.Warm), &r.last)...)
	}
	if r.plan.MemoryMiB > 0 {
		out = append(out, r.pressed(r.looks)...)
	}
	return out
}

func (r *run) path(name string) string { return filepath.Join(r.dir, name) }
