package ticketexporter

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/tidewatch/tidewatch/incident"
	"github.com/tidewatch/tidewatch/internal/incidentlog"
	"github.com/tidewatch/tidewatch/internal/snapshot"
	"github.com/tidewatch/tidewatch/internal/subset"
	"github.com/tidewatch/tidewatch/internal/undelivered"
	"github.com/tidewatch/tidewatch/signals"
)

type ticketExporter struct {
	cfg      *Config
	set      exporter.Settings
	base     string
	header   http.Header
	system   system
	requests map[string]*compiled
	client   *http.Client
	counter  *undelivered.Counter
	now      func() time.Time
	keeper   *snapshot.Keeper

	mu      sync.Mutex // guards tickets
	tickets map[string]*ticket
}

func newExporter(cfg *Config, set exporter.Settings) (*ticketExporter, error) {
	counter, err := undelivered.NewCounter(set.TelemetrySettings, set.ID)
	if err != nil {
		return nil, err
	}
	e := &ticketExporter{
		cfg: cfg, set: set, base: cfg.base(), system: systems()[cfg.System], counter: counter, now: time.Now,
		requests: map[string]*compiled{}, tickets: map[string]*ticket{},
	}
	e.header = e.headers()
	for _, action := range []string{actionCreate, actionUpdate, actionReopen, actionClose} {
		t, own := cfg.Templates[action]
		if !own {
			t = e.system.requests[action]
		}
		if t.needs != "" && cfg.Parameters[t.needs] == "" {
			t = e.system.requests[actionUpdate]
		}
		if t.Method == "" {
			continue // the system needs no such request
		}
		if e.requests[action], err = compile(t); err != nil {
			return nil, fmt.Errorf("templates::%s: %w", action, err)
		}
	}
	return e, nil
}

func (e *ticketExporter) headers() http.Header {
	h := http.Header{
		"Content-Type": {"application/json; charset=utf-8"},
		"Accept":       {"application/json"},
		"User-Agent":   {e.set.BuildInfo.Command + "/" + e.set.BuildInfo.Version},
	}
	switch {
	case e.cfg.User != "":
		h.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(e.cfg.User+":"+string(e.cfg.Password))))
	case e.cfg.Token == "" || e.system.header == "-":
	case e.system.header != "":
		h.Set(e.system.header, string(e.cfg.Token))
	default:
		h.Set("Authorization", "Bearer "+string(e.cfg.Token))
	}
	return h
}

func (e *ticketExporter) start(ctx context.Context, host component.Host) error {
	client, err := e.cfg.ToClient(ctx, host.GetExtensions(), e.set.TelemetrySettings)
	if err != nil {
		return fmt.Errorf("make client of the ticket system: %w", err)
	}
	// To follow a redirect would make a GET of a POST, and hand the token to another host.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	e.client = client
	keeper, err := snapshot.Open(ctx, host, e.cfg.Storage, component.KindExporter, e.set.ID, "tickets", e.set.Logger)
	if err != nil {
		return err
	}
	e.keeper = keeper
	state, err := keeper.Load(ctx)
	if err != nil {
		return err
	}
	if err := e.restore(state); err != nil {
		e.set.Logger.Warn("Saved tickets are not usable; incidents that are open get another one.", zap.Error(err))
	}
	keeper.Start(0, e.snapshot)
	return nil
}

func (e *ticketExporter) shutdown(ctx context.Context) error {
	if e.keeper == nil {
		return nil
	}
	e.client.CloseIdleConnections()
	return e.keeper.Close(ctx)
}

// push handles incidents one after the other. The first that has to wait, and all that
// follow, are left for the next try.
func (e *ticketExporter) push(ctx context.Context, ld plog.Logs) error {
	n := -1
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, r := range sl.LogRecords().All() {
				n++
				i, ok := incidentlog.Read(r)
				if !ok {
					e.counter.Drop(ctx, "not_an_incident", 1, "the record is no incident: connect the exporter to a pipeline of those")
					continue
				}
				err := e.handle(ctx, &i)
				if err == nil {
					continue
				}
				why, answered := errors.AsType[*refusal](err)
				if answered && why.final() {
					e.counter.Drop(ctx, "refused", 1, err.Error())
					continue
				}
				if answered && why.wait > 0 {
					err = exporterhelper.NewThrottleRetry(err, why.wait)
				}
				return consumererror.NewLogs(err, rest(ld, n))
			}
		}
	}
	return nil
}

// rest are the records from a number on.
func rest(ld plog.Logs, from int) plog.Logs {
	var numbers []int
	for n := from; n < ld.LogRecordCount(); n++ {
		numbers = append(numbers, n)
	}
	return subset.Logs(ld, numbers)
}

// handle does what an incident's record asks for. What was done already, as after a
// restart, is not done again.
func (e *ticketExporter) handle(ctx context.Context, i *incidentlog.Record) error {
	t, known := e.know(i.ID)
	switch {
	case known && !i.Time.After(t.Time):
		return nil
	case t.ID == "" && !i.Open() && !t.Begun:
		return nil // it never had a ticket
	case t.ID == "" && i.Severity != signals.SeverityCritical && e.cfg.MinSeverity == signals.SeverityCritical:
		return nil
	case t.ID == "":
		return e.create(ctx, i, t)
	case !i.Open() && t.Closed:
		return nil
	case !i.Open():
		return e.change(ctx, actionClose, i, t)
	case t.Closed:
		return e.change(ctx, actionReopen, i, t)
	case i.State != t.State || i.Severity != t.Severity || i.Time.Sub(t.Sent) >= e.cfg.UpdateInterval:
		return e.change(ctx, actionUpdate, i, t)
	default:
		return nil // it is part of the next one
	}
}

// create makes a ticket. A create whose answer got lost is looked for before it is sent
// again, where the system can be asked.
func (e *ticketExporter) create(ctx context.Context, i *incidentlog.Record, t ticket) error {
	if t.Begun {
		id, err := e.find(ctx, i)
		if err != nil {
			return err
		}
		if id != "" {
			t.ID, t.Begun = id, false
			e.save(ctx, i.ID, &t)
			return e.handle(ctx, i)
		}
		if !i.Open() {
			t.Begun, t.Time = false, i.Time
			e.save(ctx, i.ID, &t)
			return nil
		}
	}
	t.Begun, t.Sent = true, i.Time
	e.save(ctx, i.ID, &t)
	id, err := e.send(ctx, actionCreate, i, "")
	if r, answered := errors.AsType[*refusal](err); answered && !r.unknown() {
		t.Begun = false // it was not made
		e.save(ctx, i.ID, &t)
	}
	if err != nil {
		return err
	}
	e.done(ctx, i, ticket{ID: id, State: incident.StateOpen})
	return nil
}

func (e *ticketExporter) change(ctx context.Context, action string, i *incidentlog.Record, t ticket) error {
	if e.requests[action] != nil {
		_, err := e.send(ctx, action, i, t.ID)
		if r, ok := errors.AsType[*refusal](err); ok && r.gone() {
			e.counter.Drop(ctx, "ticket_gone", 1, err.Error()) // a person deleted it
		} else if err != nil {
			return err
		}
	}
	e.done(ctx, i, t)
	return nil
}

// done keeps what the system was told.
func (e *ticketExporter) done(ctx context.Context, i *incidentlog.Record, t ticket) {
	e.save(ctx, i.ID, &ticket{ID: t.ID, Closed: !i.Open(), Severity: i.Severity, State: i.State, Time: i.Time, Sent: i.Time})
}

func (e *ticketExporter) save(ctx context.Context, id string, t *ticket) {
	e.mu.Lock()
	kept := *t
	e.tickets[id] = &kept
	forgotten := e.bound()
	e.mu.Unlock()
	if forgotten > 0 {
		e.counter.Drop(ctx, "max_tickets", forgotten, "tickets of more incidents than max_tickets are forgotten: they are not updated any more")
	}
	if err := e.keeper.Save(ctx); err != nil {
		e.set.Logger.Warn("Which ticket is whose was not saved: after a restart an incident may get another one.", zap.Error(err))
	}
}
