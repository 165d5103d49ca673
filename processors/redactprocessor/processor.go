package redactprocessor

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/tidewatch/tidewatch/internal/redact"
	"github.com/tidewatch/tidewatch/internal/secretfile"
	"github.com/tidewatch/tidewatch/signals"
)

const scope = "github.com/tidewatch/tidewatch/processors/redactprocessor"

// redactor is the processor.
type redactor struct {
	cfg      *Config
	redacted metric.Int64Counter
	redactor *redact.Redactor
	classes  []metric.MeasurementOption // by redact.Class
}

func newRedactor(set processor.Settings, cfg *Config) (*redactor, error) {
	p := &redactor{cfg: cfg}
	var err error
	p.redacted, err = set.MeterProvider.Meter(scope).Int64Counter("tidewatch_redact_redacted",
		metric.WithUnit("{value}"), metric.WithDescription("Secrets and personal data taken out, by class."))
	return p, err
}

// start reads the key of hashes.
func (p *redactor) start(context.Context, component.Host) error {
	s, err := p.cfg.settings()
	if err != nil {
		return err
	}
	if p.cfg.HashKeyFile != "" {
		key, err := secretfile.New("", p.cfg.HashKeyFile).Read()
		if err != nil {
			return fmt.Errorf("hash_key_file: %w", err)
		}
		s.HashKey = []byte(key)
	}
	if p.redactor, err = redact.New(s); err != nil {
		return err
	}
	for _, name := range p.redactor.ClassNames() {
		p.classes = append(p.classes, metric.WithAttributeSet(attribute.NewSet(attribute.String("class", name))))
	}
	return nil
}

func (p *redactor) processLogs(ctx context.Context, ld plog.Logs) (plog.Logs, error) {
	b := p.begin()
	for _, rl := range ld.ResourceLogs().All() {
		b.attributes(rl.Resource().Attributes())
		for _, sl := range rl.ScopeLogs().All() {
			b.attributes(sl.Scope().Attributes())
			b.pass.NextSource()
			b.pass.Mark()
			for _, r := range sl.LogRecords().All() {
				b.body(r.Body())
				b.attributes(r.Attributes())
				b.mark(r.Attributes())
			}
		}
	}
	b.count(ctx)
	return ld, nil
}

func (p *redactor) processTraces(ctx context.Context, td ptrace.Traces) (ptrace.Traces, error) {
	b := p.begin()
	for _, rs := range td.ResourceSpans().All() {
		b.attributes(rs.Resource().Attributes())
		for _, ss := range rs.ScopeSpans().All() {
			b.attributes(ss.Scope().Attributes())
			b.pass.Mark()
			for _, s := range ss.Spans().All() {
				b.span(s)
			}
		}
	}
	b.count(ctx)
	return td, nil
}

func (b *batch) span(s ptrace.Span) {
	if out, changed := b.pass.Text(s.Name()); changed {
		s.SetName(out)
	}
	if out, changed := b.pass.Text(s.Status().Message()); changed {
		s.Status().SetMessage(out)
	}
	b.attributes(s.Attributes())
	for _, e := range s.Events().All() {
		if out, changed := b.pass.Text(e.Name()); changed {
			e.SetName(out)
		}
		b.attributes(e.Attributes())
	}
	for _, l := range s.Links().All() {
		b.attributes(l.Attributes())
	}
	b.mark(s.Attributes())
}

// batch is the work on one batch.
type batch struct {
	*redactor
	pass *redact.Pass
}

func (p *redactor) begin() *batch { return &batch{redactor: p, pass: p.redactor.NewPass()} }

// mark writes on a record or span which classes were found on it.
func (b *batch) mark(attrs pcommon.Map) {
	found := b.pass.Mark()
	if found == 0 || !b.cfg.Mark {
		return
	}
	list := attrs.PutEmptySlice(signals.AttrRedacted)
	for c, name := range b.redactor.redactor.ClassNames() {
		if found.Has(redact.Class(c)) {
			list.AppendEmpty().SetStr(name)
		}
	}
}

func (b *batch) count(ctx context.Context) {
	for class, n := range b.pass.Counts {
		if n > 0 {
			b.redacted.Add(ctx, int64(n), b.classes[class])
		}
	}
}
