package incidentconnector

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/tidewatch/tidewatch/incident"
	"github.com/tidewatch/tidewatch/internal/contain"
	"github.com/tidewatch/tidewatch/internal/incidentlog"
	"github.com/tidewatch/tidewatch/internal/snapshot"
	"github.com/tidewatch/tidewatch/logpattern/frame"
)

// deskHolder is what shows incidents to people: the console extension.
type deskHolder interface{ ServeIncidents(desk incident.Desk) }

// incidents is the connector from findings to incidents.
type incidents struct {
	cfg       *Config
	set       connector.Settings
	next      consumer.Logs
	known     *calls
	telemetry *telemetry
	panics    *contain.Teller
	keeper    *snapshot.Keeper
	now       func() time.Time

	wake chan struct{} // a person changed something
	quit chan struct{}
	wg   sync.WaitGroup

	mu      sync.Mutex // guards all below
	engine  *incident.Engine
	pending plog.Logs // told, and not yet taken by the next component
	files   *files

	sending sync.Mutex // guards the order of what is sent
}

func newIncidents(set connector.Settings, cfg *Config, known *calls, next consumer.Logs) (*incidents, error) {
	c := &incidents{
		cfg: cfg, set: set, next: next, known: known, now: time.Now, wake: make(chan struct{}, 1),
		engine: incident.NewEngine(cfg.settings()), pending: plog.NewLogs(), files: newFiles(cfg),
	}
	var err error
	if c.panics, err = contain.New(set.TelemetrySettings, "connector", set.ID); err != nil {
		return nil, err
	}
	t, err := newTelemetry(set.TelemetrySettings, c.stats)
	c.telemetry = t
	return c, err
}

// Capabilities says that findings are only read.
func (*incidents) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// Start goes on with the incidents of the last run.
func (c *incidents) Start(ctx context.Context, host component.Host) error {
	if err := c.files.make(); err != nil {
		return err
	}
	keeper, err := snapshot.Open(ctx, host, c.cfg.Storage, component.KindConnector, c.set.ID, "incidents", c.set.Logger)
	if err != nil {
		return err
	}
	c.keeper = keeper
	state, err := keeper.Load(ctx)
	if err != nil {
		return err
	}
	if err := c.restore(state); err != nil {
		c.set.Logger.Warn("Saved incidents are not usable; they begin anew.", zap.Error(err))
	}
	c.review()
	keeper.Start(c.cfg.SnapshotInterval, c.snapshot)
	for _, e := range host.GetExtensions() {
		if h, ok := e.(deskHolder); ok {
			h.ServeIncidents(c)
		}
	}
	c.quit = make(chan struct{})
	c.wg.Go(c.run)
	return nil
}

func (c *incidents) run() {
	tick := time.NewTicker(c.cfg.Interval)
	defer tick.Stop()
	for {
		select {
		case <-c.quit:
			return
		case <-tick.C:
		case <-c.wake:
		}
		_ = c.panics.Try(func() error { c.check(context.Background()); return nil }) // the next interval goes on
	}
}

// Shutdown tells what is left to tell and saves everything. It may be called twice, and
// without Start.
func (c *incidents) Shutdown(ctx context.Context) error {
	c.telemetry.close()
	if c.quit == nil {
		return nil
	}
	close(c.quit)
	c.wg.Wait()
	c.quit = nil
	c.check(ctx)
	return c.keeper.Close(ctx)
}

// ConsumeLogs shows findings to the engine; other records are left alone.
func (c *incidents) ConsumeLogs(_ context.Context, ld plog.Logs) error {
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, r := range sl.LogRecords().All() {
				if f, ok := incidentlog.ReadFinding(rl.Resource().Attributes(), r, now); ok {
					c.engine.Observe(f, now)
				}
			}
		}
	}
	return nil
}

// check tells what became of incidents: it is saved first, so that a crash in between
// tells it again and loses nothing.
func (c *incidents) check(ctx context.Context) {
	c.sending.Lock()
	defer c.sending.Unlock()
	c.review()
	if c.advance(ctx) {
		if err := c.keeper.Save(ctx); err != nil {
			c.set.Logger.Warn("Incidents were not saved; it is tried again at the next change.", zap.Error(err))
		}
	}
	c.send(ctx)
}

// advance says whether there is news.
func (c *incidents) advance(ctx context.Context) bool {
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.known.take(c.set.ID) {
		c.engine.Edge(e, now)
	}
	changes := c.engine.Advance(now)
	for i := range changes {
		change := &changes[i]
		if n := c.pending.ResourceLogs().Len(); n >= c.cfg.MaxPending {
			c.pending.ResourceLogs().RemoveIf(func(plog.ResourceLogs) bool { n--; return n >= c.cfg.MaxPending-1 }) // the oldest
			c.telemetry.dropped.Add(ctx, 1)
		}
		incidentlog.Append(c.pending, change, c.links(&change.Incident))
		c.telemetry.changed(ctx, change)
	}
	return len(changes) > 0
}

// send gives what waits to the next component; what it refuses waits on.
func (c *incidents) send(ctx context.Context) {
	c.mu.Lock()
	n := c.pending.ResourceLogs().Len()
	ld := plog.NewLogs()
	c.pending.CopyTo(ld)
	c.mu.Unlock()
	if n == 0 {
		return
	}
	if err := c.next.ConsumeLogs(ctx, ld); err != nil {
		c.telemetry.undelivered.Add(ctx, 1)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pending = plog.NewLogs() // nobody else adds to it: sending is held
}

func (c *incidents) stats() incident.Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.engine.Stats()
}

// snapshot is the engine's, and what was not sent.
func (c *incidents) snapshot() ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	state, err := c.engine.Snapshot()
	if err != nil {
		return nil, err
	}
	var marshaler plog.ProtoMarshaler
	pending, err := marshaler.MarshalLogs(c.pending)
	if err != nil {
		return nil, fmt.Errorf("encode pending incidents: %w", err)
	}
	return frame.Pack([]frame.Frame{{Name: "engine", Data: state}, {Name: "pending", Data: pending}}), nil
}

func (c *incidents) restore(b []byte) error {
	if b == nil {
		return nil
	}
	frames, err := frame.Unpack(b, 2)
	if err != nil {
		return fmt.Errorf("restore incidents: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range frames {
		switch f.Name {
		case "engine":
			err = c.engine.Restore(f.Data)
		case "pending":
			var unmarshaler plog.ProtoUnmarshaler
			var pending plog.Logs
			if pending, err = unmarshaler.UnmarshalLogs(f.Data); err == nil {
				c.pending = pending
			}
		}
		if err != nil {
			return fmt.Errorf("restore incidents: %w", err)
		}
	}
	return nil
}
