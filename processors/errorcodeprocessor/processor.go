package errorcodeprocessor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/tidewatch/tidewatch/incident/catalogue"
	"github.com/tidewatch/tidewatch/signals"
)

const scope = "github.com/tidewatch/tidewatch/processors/errorcodeprocessor"

// codes is the processor.
type codes struct {
	cfg     *Config
	found   metric.Int64Counter
	classes map[catalogue.Class]metric.MeasurementOption
	matcher *catalogue.Matcher
	http    map[int64]catalogue.Match
}

func newProcessor(set processor.Settings, cfg *Config) (*codes, error) {
	p := &codes{cfg: cfg, classes: map[catalogue.Class]metric.MeasurementOption{}, http: map[int64]catalogue.Match{}}
	for _, c := range catalogue.Classes {
		p.classes[c.Class] = metric.WithAttributeSet(attribute.NewSet(attribute.String("class", string(c.Class))))
	}
	var err error
	p.found, err = set.MeterProvider.Meter(scope).Int64Counter("tidewatch_error_code_records",
		metric.WithUnit("{record}"), metric.WithDescription("Records on which an error code was found."))
	return p, err
}

// start reads the catalogue. What it holds besides the matcher is not kept.
func (p *codes) start(context.Context, component.Host) error {
	systems := []fs.FS{catalogue.Shipped()}
	if p.cfg.Directory != "" {
		if _, err := os.Stat(p.cfg.Directory); err == nil {
			systems = append(systems, os.DirFS(p.cfg.Directory))
		} else if !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("directory: %w", err)
		}
	}
	all, err := catalogue.Load(systems...)
	if err != nil {
		return fmt.Errorf("directory %q: %w", p.cfg.Directory, err)
	}
	p.matcher = all.Matcher()
	for _, e := range all.Entries() {
		if code, err := strconv.ParseInt(e.Code, 10, 64); err == nil && e.Family == "http" {
			p.http[code] = catalogue.Match{ID: e.ID(), Class: e.Class}
		}
	}
	return nil
}

func (p *codes) processLogs(ctx context.Context, ld plog.Logs) (plog.Logs, error) {
	var found map[catalogue.Class]int64
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, r := range sl.LogRecords().All() {
				m, ok := p.annotate(r)
				if !ok {
					continue
				}
				if found == nil {
					found = map[catalogue.Class]int64{}
				}
				found[m.Class]++
			}
		}
	}
	for class, n := range found {
		p.found.Add(ctx, n, p.classes[class])
	}
	return ld, nil
}

// annotate writes the code. Findings, which quote lines, and records that have a code
// already stay as they are.
func (p *codes) annotate(r plog.LogRecord) (catalogue.Match, bool) {
	if r.EventName() == signals.EventFinding {
		return catalogue.Match{}, false
	}
	attrs := r.Attributes()
	if _, has := attrs.Get(signals.AttrErrorCode); has {
		return catalogue.Match{}, false
	}
	m, ok := p.find(r.Body(), attrs)
	if ok {
		attrs.PutStr(signals.AttrErrorCode, m.ID)
		attrs.PutStr(signals.AttrErrorClass, string(m.Class))
	}
	return m, ok
}

// tellingAttributes are those whose text may name an error, the most precise first.
var tellingAttributes = [...]string{"exception.type", "error.type", "exception.message"}

// messageKeys are where a structured body keeps its message, or else its error.
var messageKeys = append(signals.MessageKeys[:], "error", "err")

// find looks at what is structured, then at the message.
func (p *codes) find(body pcommon.Value, attrs pcommon.Map) (catalogue.Match, bool) {
	if status, ok := attrs.Get("http.response.status_code"); ok && status.Type() == pcommon.ValueTypeInt {
		if m, ok := p.http[status.Int()]; ok {
			return m, true
		}
	}
	for _, key := range tellingAttributes {
		if m, ok := p.text(attrs, key); ok {
			return m, true
		}
	}
	switch body.Type() {
	case pcommon.ValueTypeStr:
		return p.line(body.Str())
	case pcommon.ValueTypeMap:
		for _, key := range messageKeys {
			if m, ok := p.text(body.Map(), key); ok {
				return m, true
			}
		}
	}
	return catalogue.Match{}, false
}

func (p *codes) text(attrs pcommon.Map, key string) (catalogue.Match, bool) {
	v, ok := attrs.Get(key)
	if !ok || v.Type() != pcommon.ValueTypeStr {
		return catalogue.Match{}, false
	}
	return p.line(v.Str())
}

func (p *codes) line(s string) (catalogue.Match, bool) {
	return p.matcher.Find(s[:min(len(s), p.cfg.MaxLine)])
}
