package logpatternprocessor

import (
	"context"
	"time"
	"unicode/utf8"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
	"go.uber.org/zap"

	"github.com/tidewatch/tidewatch/internal/snapshot"
	"github.com/tidewatch/tidewatch/logpattern"
	"github.com/tidewatch/tidewatch/signals"
)

// patterns is the processor.
type patterns struct {
	cfg       *Config
	set       processor.Settings
	services  *services
	telemetry *telemetry
	keeper    *snapshot.Keeper
}

func newProcessor(set processor.Settings, cfg *Config) (*patterns, error) {
	p := &patterns{cfg: cfg, set: set, services: newServices(cfg)}
	var err error
	p.telemetry, err = newTelemetry(set.TelemetrySettings, p.services)
	return p, err
}

func (p *patterns) start(ctx context.Context, host component.Host) error {
	keeper, err := snapshot.Open(ctx, host, p.cfg.Storage, component.KindProcessor, p.set.ID, "", p.set.Logger)
	if err != nil {
		return err
	}
	p.keeper = keeper
	state, err := keeper.Load(ctx)
	if err != nil {
		return err
	}
	if err := p.services.restore(state); err != nil {
		p.set.Logger.Warn("Saved patterns are not usable; they are learned anew.", zap.Error(err))
	}
	keeper.Start(p.cfg.SnapshotInterval, p.services.snapshot)
	p.offerParameters(host)
	return nil
}

func (p *patterns) shutdown(ctx context.Context) error {
	p.telemetry.close()
	if p.keeper == nil {
		return nil
	}
	return p.keeper.Close(ctx)
}

func (p *patterns) processLogs(ctx context.Context, ld plog.Logs) (plog.Logs, error) {
	began := time.Now()
	var total totals
	for _, rl := range ld.ResourceLogs().All() {
		p.annotate(rl, began, &total)
	}
	p.telemetry.record(ctx, total, time.Since(began))
	return ld, nil
}

// annotate gives a pattern to each record of one service, under one lock.
func (p *patterns) annotate(rl plog.ResourceLogs, now time.Time, total *totals) {
	s := p.services.of(rl.Resource().Attributes(), now)
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.miner.Stats()
	for _, sl := range rl.ScopeLogs().All() {
		for _, r := range sl.LogRecords().All() {
			if !p.annotateRecord(s.miner, r, now) {
				total.unsupported++
			}
		}
	}
	total.add(before, s.miner.Stats())
}

// annotateRecord leaves findings and records that have a pattern already (from
// an agent before this one) as they are; ok is false for a body that is no text.
func (p *patterns) annotateRecord(miner *logpattern.Miner, r plog.LogRecord, now time.Time) (ok bool) {
	if r.EventName() == signals.EventFinding {
		return true
	}
	attrs := r.Attributes()
	if _, done := attrs.Get(signals.AttrPatternID); done {
		return true
	}
	m, ok := observe(miner, r.Body(), now)
	if !ok {
		return false
	}
	attrs.PutStr(signals.AttrPatternID, m.ID)
	if len(m.Merged) > 0 {
		aliases := attrs.PutEmptySlice(signals.AttrPatternAliases)
		for _, id := range m.Merged {
			aliases.AppendEmpty().SetStr(id)
		}
	}
	if p.cfg.IncludeTemplate {
		attrs.PutStr(signals.AttrTemplate, m.Template)
	}
	return true
}

func observe(miner *logpattern.Miner, body pcommon.Value, now time.Time) (m logpattern.Match, ok bool) {
	switch body.Type() {
	case pcommon.ValueTypeEmpty:
		return m, false
	case pcommon.ValueTypeStr:
		return miner.Observe(body.Str(), now), true
	case pcommon.ValueTypeBytes:
		b := body.Bytes().AsRaw()
		if len(b) == 0 || !utf8.Valid(b) {
			return m, false
		}
		return miner.ObserveBytes(b, now), true
	case pcommon.ValueTypeMap:
		for _, k := range signals.MessageKeys {
			if v, found := body.Map().Get(k); found && v.Type() == pcommon.ValueTypeStr {
				return miner.Observe(v.Str(), now), true
			}
		}
	}
	return miner.Observe(body.AsString(), now), true
}
