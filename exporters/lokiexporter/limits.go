package lokiexporter

import (
	"context"
	"fmt"
	"sync"

	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"
)

const (
	// maxPairs is how many pairs a line may have: Loki's default is 128, and it
	// adds detected fields.
	maxPairs = 120
	// minLine is the least to which lines are cut: a limit below is taken for a mistake.
	minLine = 1 << 10
	// markRoom is what the pair takes that says what was left out, in bytes.
	markRoom = len(leftOut) + 20
)

// limit is what the server takes of one line.
type limit struct {
	line     int // bytes
	metadata int // bytes of names and values
	pairs    int // of structured metadata
	labels   int // of a stream, without service_name
}

// below reports whether an entry is over what the server says, in a way that cutting it
// helps.
func (l limit) below(e *entry, labels int) bool {
	return l.line >= minLine && int(e.line) > l.line ||
		l.metadata >= 0 && int(e.meta) > l.metadata ||
		l.pairs >= 0 && int(e.pairs) > l.pairs ||
		l.labels >= 0 && labels > l.labels
}

// limits begin as configured and become what the server says where that is less. They
// stay so until the next start. They are safe for concurrent use.
type limits struct {
	logger *zap.Logger

	mu    sync.Mutex // guards limit
	limit limit
}

func newLimits(cfg *Config, logger *zap.Logger) *limits {
	return &limits{logger: logger, limit: limit{line: cfg.MaxLineSize, metadata: cfg.MaxMetadataSize, pairs: maxPairs, labels: maxLabels}}
}

func (l *limits) now() limit {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.limit
}

// lower takes over what the server says it takes; fields that are negative say nothing.
// The room for what marks a line is left. It reports whether something became less.
func (l *limits) lower(said limit) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	was := l.limit
	less := func(field *int, said int) {
		if said >= 0 && said < *field {
			*field = said
		}
	}
	if said.line >= minLine {
		less(&l.limit.line, said.line)
	}
	less(&l.limit.metadata, max(said.metadata-markRoom, min(said.metadata, 0)))
	less(&l.limit.pairs, max(said.pairs-1, min(said.pairs, 0)))
	less(&l.limit.labels, said.labels)
	if l.limit == was {
		return false
	}
	l.logger.Warn("The server takes less of a line than is configured. Lines are cut and attributes left out accordingly, and marked, from now on.",
		zap.Int("max_line_size", l.limit.line), zap.Int("max_metadata_size", l.limit.metadata), zap.Int("pairs", l.limit.pairs), zap.Int("labels", l.limit.labels))
	return true
}

// marks counts the lines that are not sent as they were.
type marks struct {
	counter   metric.Int64Counter
	cut, less metric.MeasurementOption
}

func newMarks(set exporter.Settings) (*marks, error) {
	const name = "tidewatch_loki_marked_lines"
	c, err := set.MeterProvider.Meter("github.com/tidewatch/tidewatch/exporters/lokiexporter").Int64Counter(name,
		metric.WithUnit("{line}"), metric.WithDescription("Lines that were cut, or that go without some of their attributes, and say so."))
	if err != nil {
		return nil, fmt.Errorf("create instrument %s: %w", name, err)
	}
	with := func(reason string) metric.MeasurementOption {
		return metric.WithAttributeSet(attribute.NewSet(attribute.String("exporter", set.ID.String()), attribute.String("reason", reason)))
	}
	return &marks{counter: c, cut: with("line_cut"), less: with("metadata_left_out")}, nil
}

func (m *marks) add(cut, less int) {
	if cut > 0 {
		m.counter.Add(context.Background(), int64(cut), m.cut)
	}
	if less > 0 {
		m.counter.Add(context.Background(), int64(less), m.less)
	}
}
