package scrapereceiver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.uber.org/zap"

	"github.com/tidewatch/tidewatch/internal/contain"
	"github.com/tidewatch/tidewatch/internal/kubelet"
	"github.com/tidewatch/tidewatch/internal/pressure"
)

// scrapeReceiver has one goroutine that knows all targets, and at most Concurrency others
// that scrape one each.
type scrapeReceiver struct {
	cfg       *Config
	set       receiver.Settings
	next      consumer.Metrics
	report    *receiverhelper.ObsReport
	telemetry *telemetry
	jobs      []*job
	panics    *contain.Teller
	pressure  pressure.Source // says whether scraping has to wait

	stop    context.Context // ends when Shutdown begins
	cancel  context.CancelFunc
	release func() // of the kubelet
	running sync.WaitGroup
}

func newReceiver(set receiver.Settings, cfg *Config, next consumer.Metrics) (*scrapeReceiver, error) {
	report, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{ReceiverID: set.ID, Transport: "http", ReceiverCreateSettings: set})
	if err != nil {
		return nil, fmt.Errorf("create receiver telemetry: %w", err)
	}
	t, err := newTelemetry(set)
	if err != nil {
		return nil, err
	}
	panics, err := contain.New(set.TelemetrySettings, "receiver", set.ID)
	if err != nil {
		return nil, err
	}
	r := &scrapeReceiver{cfg: cfg, set: set, next: next, report: report, telemetry: t, panics: panics, pressure: pressure.None()}
	for i := range cfg.Jobs {
		j, err := newJob(cfg, &cfg.Jobs[i])
		if err != nil {
			return nil, fmt.Errorf("job %q: %w", cfg.Jobs[i].Name, err)
		}
		r.jobs = append(r.jobs, j)
	}
	r.stop, r.cancel = context.WithCancel(context.Background())
	return r, nil
}

// Start begins to scrape. It does not wait for any target, nor for the kubelet.
func (r *scrapeReceiver) Start(_ context.Context, host component.Host) error {
	r.pressure = pressure.Of(host)
	d := &discovery{r: r}
	if r.cfg.needsKubelet() {
		directory, release, err := kubelet.Acquire(r.cfg.Kubelet, r.set.Logger, r.set.MeterProvider.Meter(scopeName))
		if err != nil {
			return fmt.Errorf("ask the kubelet: %w", err)
		}
		d.directory, r.release = directory, release
	}
	r.running.Go(func() { r.panics.Run(r.stop.Done(), func() { r.run(d) }) })
	return nil
}

// Shutdown ends the scrapes that are under way. It may run twice, and without Start.
func (r *scrapeReceiver) Shutdown(context.Context) error {
	r.cancel()
	r.running.Wait()
	if r.release != nil {
		r.release()
		r.release = nil
	}
	for _, j := range r.jobs {
		j.client.CloseIdleConnections()
	}
	return nil
}

// crew is what the goroutine that knows all targets knows.
type crew struct {
	r        *scrapeReceiver
	known    map[uint64]*target
	schedule schedule
	busy     map[*target]time.Time // scraped now, since when they were due
	done     chan *target
	refused  int
}

func (r *scrapeReceiver) run(d *discovery) {
	c := &crew{r: r, known: map[uint64]*target{}, busy: map[*target]time.Time{}, done: make(chan *target)}
	discover := time.NewTicker(r.cfg.DiscoveryInterval)
	defer discover.Stop()
	c.adopt(d.targets(), time.Now())
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		wait := time.Hour
		if due, ok := c.schedule.next(); ok && len(c.busy) < r.cfg.Concurrency {
			wait = max(time.Until(due), 0)
		}
		timer.Reset(wait)
		select {
		case <-r.stop.Done():
			for range c.busy {
				<-c.done
			}
			return
		case <-discover.C:
			c.adopt(d.targets(), time.Now())
		case t := <-c.done:
			c.finished(t, time.Now())
		case <-timer.C:
			c.begin(time.Now())
		}
	}
}

// begin scrapes what is due.
func (c *crew) begin(now time.Time) {
	for len(c.busy) < c.r.cfg.Concurrency {
		due, _ := c.schedule.next()
		t := c.schedule.take(now)
		if t == nil {
			return
		}
		if pressure.Paused(c.r.pressure) && !t.gone {
			c.r.telemetry.missed(1)
			c.schedule.add(t, now)
			continue
		}
		c.work(t, due)
	}
}

func (c *crew) work(t *target, due time.Time) {
	c.busy[t] = due
	go func() { // Shutdown waits for it through run, which takes all that is done
		_ = c.r.panics.Try(func() error { // it is told, and the target has its next turn
			if t.gone {
				c.r.bury(t)
			} else {
				c.r.scrape(t)
			}
			return nil
		})
		c.done <- t
	}()
}

// finished puts a target in its next place, or ends it.
func (c *crew) finished(t *target, now time.Time) {
	due := c.busy[t]
	delete(c.busy, t)
	switch {
	case c.known[t.key] == t:
		c.r.telemetry.missed(int(now.Sub(due) / t.interval))
		c.schedule.add(t, now)
	case !t.gone:
		t.gone = true
		c.schedule.addNow(t, now)
	}
	c.begin(now)
	c.count()
}

// adopt takes over what discovery found. Targets that are known go on as they are.
func (c *crew) adopt(found []*target, now time.Time) {
	wanted := make(map[uint64]*target, len(found))
	c.refused = 0
	for _, t := range found {
		switch {
		case wanted[t.key] != nil: // twice the same
		case len(wanted) >= c.r.cfg.MaxTargets:
			c.refused++
		case c.known[t.key] != nil:
			wanted[t.key] = c.known[t.key]
		default:
			wanted[t.key] = t
		}
	}
	before := c.known
	c.known = wanted
	for key, t := range wanted {
		if before[key] == nil {
			c.schedule.add(t, now)
		}
	}
	for key, t := range before {
		if wanted[key] == nil && c.schedule.remove(t) {
			t.gone = true
			c.schedule.addNow(t, now)
		}
	}
	c.begin(now)
	c.count()
}

func (c *crew) count() {
	down := 0
	for _, t := range c.known {
		if _, busy := c.busy[t]; !busy && t.failing {
			down++
		}
	}
	c.r.telemetry.known(len(c.known)-down, down, c.refused)
}

// scrape reads a target and gives its metrics on.
func (r *scrapeReceiver) scrape(t *target) {
	begin := time.Now()
	md, counts, err := t.scrape(r.stop, time.Now)
	if r.stop.Err() != nil {
		return // the end of the agent is not that of the target
	}
	r.telemetry.scraped(t.job.cfg.Name, time.Since(begin).Seconds(), err)
	r.telemetry.drop(counts.duplicate, reasonDuplicate)
	r.telemetry.drop(counts.unsupported, reasonUnsupported)
	if failing := err != nil; failing != t.failing {
		t.failing = failing
		if failing {
			r.set.Logger.Warn("a target cannot be scraped", zap.String("job", t.job.cfg.Name), zap.String("instance", t.instance), zap.String("error", redact(err)))
		} else {
			r.set.Logger.Info("a target is scraped again", zap.String("job", t.job.cfg.Name), zap.String("instance", t.instance))
		}
	}
	r.give(md)
}

// bury ends the series of a target that is no more.
func (r *scrapeReceiver) bury(t *target) {
	md, _ := t.over(time.Now())
	r.give(md)
}

func (r *scrapeReceiver) give(md pmetric.Metrics) {
	ctx := r.report.StartMetricsOp(r.stop)
	n := md.DataPointCount()
	err := r.next.ConsumeMetrics(ctx, md)
	r.report.EndMetricsOp(ctx, "prometheus", n, err)
	if err != nil {
		r.telemetry.drop(n, reasonRejected)
	}
}

// redact leaves out the URL that http.Client's errors begin with: its parameters may be
// secrets.
func redact(err error) string {
	var inner interface{ Unwrap() error }
	if errors.As(err, &inner) {
		if text := err.Error(); len(text) > 4 && text[:4] == "Get " {
			return inner.Unwrap().Error()
		}
	}
	return err.Error()
}
