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

	"github.com/tidewatch/tidewatch/internal/pressure"
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
	pressure  pressure.Source
	shed      *pressure.Counter
}

func newProcessor(set processor.Settings, cfg *Config) (*patterns, error) {
	p := &patterns{cfg: cfg, set: set, services: newServices(cfg), pressure: pressure.None()}
	var err error
	if p.shed, err = pressure.NewCounter(set.TelemetrySettings, "processor", set.ID); err != nil {
		return nil, err
	}
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
	p.pressure = pressure.Of(host)
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
	level := p.pressure.Level()
	for _, rl := range ld.ResourceLogs().All() {
		p.annotate(rl, began, level, &total)
	}
	p.telemetry.record(ctx, total, time.Since(began))
	if level > pressure.Normal {
		return ld, p.without(ctx, ld, level, &total)
	}
	return ld, nil
}

// annotate gives a pattern to each record of one service, under one lock.
func (p *patterns) annotate(rl plog.ResourceLogs, now time.Time, level pressure.Level, total *totals) {
	s := p.services.of(rl.Resource().Attributes(), now)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.miner.Coarse(level >= pressure.CoarsePatterns)
	before := s.miner.Stats()
	for _, sl := range rl.ScopeLogs().All() {
		if level >= pressure.SampleDebug {
			sl.LogRecords().RemoveIf(func(r plog.LogRecord) bool { return p.sheds(r, p.annotateRecord(s.miner, r, now, total), total) })
			continue
		}
		for _, r := range sl.LogRecords().All() {
			p.annotateRecord(s.miner, r, now, total)
		}
	}
	total.add(before, s.miner.Stats())
}

// annotateRecord leaves findings and records that have a pattern already (from
// an agent before this one) as they are. It returns how many lines the pattern has had,
// 0 for a record that was given none.
func (p *patterns) annotateRecord(miner *logpattern.Miner, r plog.LogRecord, now time.Time, total *totals) uint64 {
	if r.EventName() == signals.EventFinding {
		return 0
	}
	attrs := r.Attributes()
	if _, done := attrs.Get(signals.AttrPatternID); done {
		return 0
	}
	m, ok := observe(miner, r.Body(), now)
	if !ok {
		total.unsupported++
		return 0
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
	return m.Count
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
