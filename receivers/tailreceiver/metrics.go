package tailreceiver

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

const scopeName = "github.com/tidewatch/tidewatch/receivers/tailreceiver"

// instruments are the receiver's own metrics.
type instruments struct {
	bytes, records, dropped, cut, invalid, rotated, refused metric.Int64Counter
	damaged, evicted, limited, unwatched, panics            metric.Int64Counter
	follow, open, watched                                   metric.Int64Gauge
}

func newInstruments(set component.TelemetrySettings) (*instruments, error) {
	meter := set.MeterProvider.Meter(scopeName)
	var errs []error
	counter := func(name, unit, about string) metric.Int64Counter {
		c, err := meter.Int64Counter("tidewatch_tail_"+name, metric.WithUnit(unit), metric.WithDescription(about))
		errs = append(errs, err)
		return c
	}
	gauge := func(name, unit, about string) metric.Int64Gauge {
		g, err := meter.Int64Gauge("tidewatch_tail_"+name, metric.WithUnit(unit), metric.WithDescription(about))
		errs = append(errs, err)
		return g
	}
	m := &instruments{
		bytes:   counter("read_bytes", "By", "Bytes of files that were read and need not be read again."),
		records: counter("records", "{record}", "Records that the next consumer has taken."),
		dropped: counter("dropped_records", "{record}", "Records that were given up, by reason."),
		cut:     counter("truncated_lines", "{line}", "Lines longer than max_line_bytes, of which the rest was left out."),
		invalid: counter("invalid_lines", "{line}", "Lines with bytes that are not UTF-8; these were read as Latin-1."),
		panics:  counter("parser_panics", "{line}", "Lines that broke the parser; they were delivered without structure."),
		rotated: counter("rotations", "{rotation}", "Files found renamed, deleted, truncated or rewritten, by kind."),
		refused: counter("refused_files", "{file}", "Attempts to follow a file that failed, by reason."),
		damaged: counter("checkpoint_errors", "{error}", "Checkpoints that could not be read or written."),
		evicted: counter("evicted_checkpoints", "{checkpoint}", "Checkpoints of files that are gone, given up for being old or too many."),
		limited: counter("rate_limited", "{wait}", "Times that a file had to wait for its rate limit."),
		follow:  gauge("files", "{file}", "Files followed."),
		open:    gauge("open_files", "{file}", "Files held open."),
		watched: gauge("watched_folders", "{folder}", "Folders of which the system tells what changes; others are polled."),

		unwatched: counter("unwatched_folders", "{folder}", "Times that a folder could not be watched and is polled."),
	}
	return m, errors.Join(errs...)
}

func reason(v string) metric.AddOption {
	return metric.WithAttributeSet(attribute.NewSet(attribute.String("reason", v)))
}

func kind(v string) metric.AddOption {
	return metric.WithAttributeSet(attribute.NewSet(attribute.String("kind", v)))
}

func (m *instruments) taken(ctx context.Context, b *batch) {
	m.records.Add(ctx, int64(b.records))
	if b.cut > 0 {
		m.cut.Add(ctx, int64(b.cut))
	}
	if b.invalid > 0 {
		m.invalid.Add(ctx, int64(b.invalid))
	}
}
