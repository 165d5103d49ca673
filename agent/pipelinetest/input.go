package pipelinetest

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pipeline"

	"github.com/tidewatch/tidewatch/internal/logformat"
	"github.com/tidewatch/tidewatch/signals"
)

// batch is one of the three.
type batch struct {
	logs    plog.Logs
	metrics pmetric.Metrics
	traces  ptrace.Traces
}

// read makes the batch of a test's input.
func (f *File) read(t *Test, signal pipeline.Signal) (b batch, err error) {
	in := &t.Input
	var text []byte
	switch {
	case in.Lines != "":
		return f.lines(in, in.Lines, signal)
	case in.File != "":
		if text, err = os.ReadFile(f.beside(in.File)); err != nil {
			return b, fmt.Errorf("read input: %w", err)
		}
		return f.lines(in, string(text), signal)
	case in.OTLPFile != "":
		if text, err = os.ReadFile(f.beside(in.OTLPFile)); err != nil {
			return b, fmt.Errorf("read input: %w", err)
		}
	default:
		var v any
		if err = in.OTLP.Decode(&v); err == nil {
			text, err = json.Marshal(v)
		}
		if err != nil {
			return b, fmt.Errorf("otlp: %w", err)
		}
	}
	switch signal {
	case pipeline.SignalLogs:
		b.logs, err = (&plog.JSONUnmarshaler{}).UnmarshalLogs(text)
	case pipeline.SignalMetrics:
		b.metrics, err = (&pmetric.JSONUnmarshaler{}).UnmarshalMetrics(text)
	default:
		b.traces, err = (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(text)
	}
	if err != nil {
		return b, fmt.Errorf("read OTLP/JSON of %s: %w", signal, err)
	}
	return b, nil
}

// lines reads lines as the tail receiver does.
func (f *File) lines(in *Input, text string, signal pipeline.Signal) (b batch, err error) {
	if signal != pipeline.SignalLogs {
		return b, fmt.Errorf("lines are logs, and this is a pipeline of %s: give otlp", signal)
	}
	format, ok := logformat.ParseFormat(in.Format)
	if in.Format == "" {
		format, ok = logformat.FormatAuto, true
	}
	if !ok {
		return b, fmt.Errorf("format: %q must be auto, plain, json, cri or docker", in.Format)
	}
	opt := logformat.ReadOptions{Format: format, Now: f.Now}
	if in.StartPattern != "" {
		start, err := regexp.Compile(in.StartPattern)
		if err != nil {
			return b, fmt.Errorf("start_pattern: %w", err)
		}
		opt.Start = start.MatchString
	}
	b.logs = plog.NewLogs()
	rl := b.logs.ResourceLogs().AppendEmpty()
	if err := rl.Resource().Attributes().FromRaw(in.Resource); err != nil {
		return b, fmt.Errorf("resource: %w", err)
	}
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	clock := logformat.Clock{Now: f.Now.Unix()}
	_, err = logformat.ReadWith(strings.NewReader(text), opt, func(e logformat.Event) error {
		return fill(records.AppendEmpty(), e.Record, &clock, f.Now, in.Attributes)
	})
	return b, err
}

func fill(lr plog.LogRecord, r *logformat.Record, clock *logformat.Clock, now time.Time, attributes map[string]any) error {
	lr.SetObservedTimestamp(pcommon.NewTimestampFromTime(now))
	if ns := clock.Unix(r.Time); ns > 0 {
		lr.SetTimestamp(pcommon.Timestamp(ns))
	}
	lr.SetSeverityNumber(plog.SeverityNumber(r.Severity))
	lr.SetSeverityText(r.SeverityText)
	lr.Body().SetStr(r.Body)
	lr.SetTraceID(r.TraceID)
	lr.SetSpanID(r.SpanID)
	all, _ := fields(r.Fields, false).(map[string]any)
	if r.Service != "" {
		all[signals.AttrServiceName] = r.Service
	}
	maps.Copy(all, attributes)
	return lr.Attributes().FromRaw(all)
}

// fields turns what a line says into maps and lists.
func fields(list []logformat.Field, slice bool) any {
	members, items := map[string]any{}, []any{}
	for i := 0; i < len(list); i++ {
		field := &list[i]
		var v any
		switch field.Kind {
		case logformat.KindString:
			v = field.Str
		case logformat.KindInt:
			v = field.Int
		case logformat.KindFloat:
			v = field.Float
		case logformat.KindBool:
			v = field.Int != 0
		case logformat.KindMap, logformat.KindSlice:
			v = fields(list[i+1:i+1+field.Len], field.Kind == logformat.KindSlice)
			i += field.Len
		}
		if slice {
			items = append(items, v)
		} else {
			members[field.Key] = v
		}
	}
	if slice {
		return items
	}
	return members
}
