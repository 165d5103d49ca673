package alertmanagerexporter

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tidewatch/tidewatch/internal/undelivered"
)

type alertExporter struct {
	cfg       *Config
	set       exporter.Settings
	urls      []string
	userAgent string
	client    *http.Client
	counter   *undelivered.Counter
	telemetry *telemetry
	now       func() time.Time

	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu     sync.Mutex        // guards all below
	alerts map[string]*state // by their labels
	down   map[string]bool   // endpoints that did not take the last request
}

func newExporter(cfg *Config, set exporter.Settings) (*alertExporter, error) {
	urls, err := cfg.urls()
	if err != nil {
		return nil, err
	}
	counter, err := undelivered.NewCounter(set.TelemetrySettings, set.ID)
	if err != nil {
		return nil, err
	}
	e := &alertExporter{
		cfg: cfg, set: set, urls: urls, counter: counter, now: time.Now, userAgent: set.BuildInfo.Command + "/" + set.BuildInfo.Version,
		alerts: map[string]*state{}, down: map[string]bool{},
	}
	e.telemetry, err = newTelemetry(set.TelemetrySettings, e.held)
	return e, err
}

func (e *alertExporter) start(ctx context.Context, host component.Host) error {
	client, err := e.cfg.ToClient(ctx, host.GetExtensions(), e.set.TelemetrySettings)
	if err != nil {
		return fmt.Errorf("make client of Alertmanagers: %w", err)
	}
	e.client = client
	ctx, e.cancel = context.WithCancel(context.Background())
	e.wg.Go(func() {
		tick := time.NewTicker(e.cfg.ResendInterval)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				e.resend(ctx)
			}
		}
	})
	return nil
}

// shutdown leaves alerts as they are: an agent that comes back sends them again in time,
// and those of one that does not end by themselves.
func (e *alertExporter) shutdown(context.Context) error {
	e.telemetry.close()
	if e.cancel == nil {
		return nil
	}
	e.cancel()
	e.wg.Wait()
	e.client.CloseIdleConnections()
	return nil
}

// push takes the alerts of ld and sends them to all Alertmanagers. It has arrived when one
// of them took it; the others get it with what is sent again.
func (e *alertExporter) push(ctx context.Context, ld plog.Logs) error {
	alerts, records := e.take(ctx, ld)
	if len(alerts) == 0 {
		return nil
	}
	return e.deliver(ctx, alerts, records)
}

// take holds the alerts of ld and returns those to send, with the number of records.
func (e *alertExporter) take(ctx context.Context, ld plog.Logs) (alerts []alert, records int) {
	now := e.now()
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, r := range sl.LogRecords().All() {
				key, s, ok := e.cfg.read(rl.Resource().Attributes(), r, now)
				if !ok {
					e.counter.Drop(ctx, "not_an_incident", 1, "the record is neither an incident nor a finding: connect the exporter to a pipeline of those")
					continue
				}
				records++
				for _, changed := range e.hold(ctx, key, s) {
					alerts = append(alerts, changed.at(now, e.cfg.ResolveTimeout))
				}
			}
		}
	}
	return alerts, records
}

// hold puts an alert in the place of its earlier state and returns what is to be sent. A
// record that is older than what is known, as a queue may have after a restart, is left
// out. One of another severity ends the one before.
func (e *alertExporter) hold(ctx context.Context, key string, s *state) []*state {
	if have := e.alerts[key]; have != nil && s.time.Before(have.time) {
		return nil
	}
	out := []*state{s}
	for other, o := range e.alerts {
		if other != key && o.subject() == s.subject() && o.ended.IsZero() {
			if s.time.Before(o.time) {
				return nil
			}
			o.ended = s.time
			out = append(out, o)
		}
	}
	e.alerts[key] = s
	for len(e.alerts) > e.cfg.MaxAlerts {
		e.evict()
		e.telemetry.evicted.Add(ctx, 1)
	}
	return out
}

// evict forgets the alert that ended first, else the one that was told of first.
func (e *alertExporter) evict() {
	worst := ""
	for key, s := range e.alerts {
		w := e.alerts[worst]
		switch {
		case w == nil,
			!s.ended.IsZero() && w.ended.IsZero(),
			s.ended.IsZero() == w.ended.IsZero() && s.time.Before(w.time):
			worst = key
		}
	}
	delete(e.alerts, worst)
}

// resend sends all that holds, and what ended a short time ago.
func (e *alertExporter) resend(ctx context.Context) {
	now := e.now()
	e.mu.Lock()
	var alerts []alert
	for key, s := range e.alerts {
		if !s.ended.IsZero() && now.Sub(s.ended) > e.cfg.ResolvedFor {
			delete(e.alerts, key)
			continue
		}
		alerts = append(alerts, s.at(now, e.cfg.ResolveTimeout))
	}
	e.mu.Unlock()
	if len(alerts) > 0 {
		_ = e.send(ctx, alerts) // counted and logged; the next round tries again
	}
}

// held counts the alerts that hold, and those that have ended.
func (e *alertExporter) held() (open, ended int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range e.alerts {
		if s.ended.IsZero() {
			open++
		} else {
			ended++
		}
	}
	return open, ended
}
