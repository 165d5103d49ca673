package patternconnector

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/tidewatch/tidewatch/internal/snapshot"
	"github.com/tidewatch/tidewatch/logpattern"
	"github.com/tidewatch/tidewatch/logpattern/change"
	"github.com/tidewatch/tidewatch/logpattern/frame"
	"github.com/tidewatch/tidewatch/signals"
)

// checkInterval is how late a finding may be.
const checkInterval = 5 * time.Second

// maxUndelivered is how many findings are kept for a next component that
// refuses them.
const maxUndelivered = 1000

// watched is one service and the detector of its changes.
type watched struct {
	entity   pcommon.Map
	detector *change.Detector
	stats    change.Stats // at the last check
	used     time.Time
}

// findings watches the patterns of all services.
type findings struct {
	cfg       *Config
	set       connector.Settings
	next      consumer.Logs
	telemetry *telemetry
	keeper    *snapshot.Keeper
	ticker    ticker
	now       func() time.Time

	mu       sync.Mutex // guards services
	services map[string]*watched

	sending     sync.Mutex // guards undelivered
	undelivered plog.Logs
}

func newFindings(set connector.Settings, cfg *Config, next consumer.Logs) (*findings, error) {
	t, err := newTelemetry(set.TelemetrySettings, set.ID)
	if err != nil {
		return nil, err
	}
	return &findings{
		cfg: cfg, set: set, next: next, telemetry: t, now: time.Now,
		services: map[string]*watched{}, undelivered: plog.NewLogs(),
	}, nil
}

// Capabilities says that records are only read.
func (*findings) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// Start loads the history and begins to check.
func (f *findings) Start(ctx context.Context, host component.Host) error {
	keeper, err := snapshot.Open(ctx, host, f.cfg.Storage, component.KindConnector, f.set.ID, "findings", f.set.Logger)
	if err != nil {
		return err
	}
	f.keeper = keeper
	state, err := keeper.Load(ctx)
	if err != nil {
		return err
	}
	if err := f.restore(state); err != nil {
		f.set.Logger.Warn("Saved history of patterns is not usable; it is learned anew.", zap.Error(err))
	}
	keeper.Start(f.cfg.SnapshotInterval, f.snapshot)
	f.ticker.start(min(checkInterval, f.cfg.Interval), f.telemetry.panics, func() { f.check(context.Background()) })
	return nil
}

// Shutdown sends what was found and saves the history.
func (f *findings) Shutdown(ctx context.Context) error {
	if f.ticker.stop() {
		f.check(ctx)
	}
	if f.keeper == nil {
		return nil
	}
	return f.keeper.Close(ctx)
}

// ConsumeLogs shows the records to the detectors of their services.
func (f *findings) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	now := f.now()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, rl := range ld.ResourceLogs().All() {
		w := f.of(ctx, rl.Resource().Attributes(), now)
		if w == nil {
			continue
		}
		for _, sl := range rl.ScopeLogs().All() {
			for _, r := range sl.LogRecords().All() {
				observe(w.detector, r, now)
			}
		}
	}
	return nil
}

// observe shows a record to the detector, after the merges that it tells of.
func observe(d *change.Detector, r plog.LogRecord, now time.Time) {
	id := patternOf(r)
	if id == "" || id == logpattern.OtherID || isFinding(r) {
		return
	}
	l := change.Line{ID: id, Severity: severityOf(r.SeverityNumber()), Time: timeOf(r, now)}
	if body := r.Body(); body.Type() == pcommon.ValueTypeStr {
		l.Text = body.Str()
		if l.Severity == change.Unknown {
			l.Severity = change.SeverityOf(logpattern.LevelOf(l.Text))
		}
	}
	if v, ok := r.Attributes().Get(signals.AttrTemplate); ok {
		l.Template = v.Str()
	}
	if v, ok := r.Attributes().Get(signals.AttrPatternAliases); ok && v.Type() == pcommon.ValueTypeSlice {
		for _, old := range v.Slice().All() {
			d.Join(id, old.AsString())
		}
	}
	d.Observe(l, now)
}

func timeOf(r plog.LogRecord, now time.Time) time.Time {
	if ts := r.Timestamp(); ts != 0 {
		return ts.AsTime()
	}
	if ts := r.ObservedTimestamp(); ts != 0 {
		return ts.AsTime()
	}
	return now
}

func severityOf(n plog.SeverityNumber) change.Severity {
	switch {
	case n >= plog.SeverityNumberError:
		return change.Error
	case n >= plog.SeverityNumberWarn:
		return change.Warn
	case n > 0:
		return change.Info
	default:
		return change.Unknown
	}
}

// of returns the detector of a service, nil beyond the limit.
func (f *findings) of(ctx context.Context, resource pcommon.Map, now time.Time) *watched {
	key := keyOf(resource)
	w := f.services[key]
	if w == nil {
		if len(f.services) >= f.cfg.MaxServices && !f.forgetIdle(now) {
			f.telemetry.overflow.Add(ctx, 1)
			return nil
		}
		w = &watched{entity: entityOf(resource), detector: change.NewDetector(f.cfg.changeOptions())}
		f.services[key] = w
	}
	w.used = now
	return w
}

// forgetIdle forgets a service that was silent for a day and has nothing open.
func (f *findings) forgetIdle(now time.Time) bool {
	for key, w := range f.services {
		if now.Sub(w.used) >= 24*time.Hour && w.detector.Stats().Open == 0 {
			delete(f.services, key)
			return true
		}
	}
	return false
}

// check collects the changes of all services and sends them, with those that
// could not be sent before.
func (f *findings) check(ctx context.Context) {
	f.sending.Lock()
	defer f.sending.Unlock()
	f.collect(ctx).ResourceLogs().MoveAndAppendTo(f.undelivered.ResourceLogs())
	if f.undelivered.ResourceLogs().Len() == 0 {
		return
	}
	ld := plog.NewLogs()
	f.undelivered.CopyTo(ld)
	if err := f.next.ConsumeLogs(ctx, ld); err != nil {
		f.telemetry.undelivered.Add(ctx, 1)
		if f.undelivered.LogRecordCount() < maxUndelivered {
			return
		}
		f.set.Logger.Error("Findings were lost: the next component refuses them.", zap.Error(err))
	}
	f.undelivered = plog.NewLogs()
}

func (f *findings) collect(ctx context.Context) plog.Logs {
	ld := plog.NewLogs()
	now := f.now()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(f.services)) {
		w := f.services[key]
		changes := w.detector.Advance(now)
		f.account(ctx, w)
		if len(changes) == 0 {
			continue
		}
		rl := ld.ResourceLogs().AppendEmpty()
		w.entity.CopyTo(rl.Resource().Attributes())
		sl := rl.ScopeLogs().AppendEmpty()
		sl.Scope().SetName(scope)
		for i := range changes {
			found := findingOf(&changes[i], w.entity)
			for _, l := range f.cfg.Links {
				found.Links = append(found.Links, link(l, &changes[i], w.entity))
			}
			found.AppendTo(sl.LogRecords(), w.entity)
			f.telemetry.found(ctx, found.Kind, found.State)
		}
	}
	return ld
}

// account adds what a detector counted since the last check.
func (f *findings) account(ctx context.Context, w *watched) {
	s := w.detector.Stats()
	if n := s.Suppressed - w.stats.Suppressed; n > 0 {
		f.telemetry.suppressed.Add(ctx, int64(n))
	}
	if n := s.Evictions - w.stats.Evictions; n > 0 {
		f.telemetry.evictions.Add(ctx, int64(n))
	}
	w.stats = s
}

func (f *findings) snapshot() ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var frames []frame.Frame
	var marshaler plog.ProtoMarshaler
	for _, key := range slices.Sorted(maps.Keys(f.services)) {
		w := f.services[key]
		ld := plog.NewLogs() // the entity, in the encoding that pdata keeps stable
		w.entity.CopyTo(ld.ResourceLogs().AppendEmpty().Resource().Attributes())
		entity, err := marshaler.MarshalLogs(ld)
		if err != nil {
			return nil, fmt.Errorf("encode entity: %w", err)
		}
		frames = append(frames, frame.Frame{Name: string(entity), Data: w.detector.Snapshot()})
	}
	return frame.Pack(frames), nil
}

func (f *findings) restore(b []byte) error {
	if b == nil {
		return nil
	}
	frames, err := frame.Unpack(b, f.cfg.MaxServices)
	if err != nil {
		return fmt.Errorf("restore history: %w", err)
	}
	var errs []error
	var unmarshaler plog.ProtoUnmarshaler
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fr := range frames {
		ld, err := unmarshaler.UnmarshalLogs([]byte(fr.Name))
		if err != nil || ld.ResourceLogs().Len() != 1 {
			errs = append(errs, fmt.Errorf("restore history: an entity is not readable: %w", err))
			continue
		}
		w := &watched{entity: entityOf(ld.ResourceLogs().At(0).Resource().Attributes()), detector: change.NewDetector(f.cfg.changeOptions()), used: f.now()}
		if err := w.detector.Restore(fr.Data); err != nil {
			errs = append(errs, fmt.Errorf("restore history of %q: %w", entityName(w.entity), err))
			continue
		}
		w.stats = w.detector.Stats()
		f.services[keyOf(w.entity)] = w
	}
	return errors.Join(errs...)
}
