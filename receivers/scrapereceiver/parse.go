package scrapereceiver

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// scrapeCounts are what became of a page's samples.
type scrapeCounts struct {
	scraped, kept, added   int
	duplicate, unsupported int
	stale                  int
}

// errParserPanic is the error of a page that broke the parser.
var errParserPanic = errors.New("the page broke the parser")

// parse reads a page into a batch. Where it fails the batch is of no use, and the cache
// knows series that the batch does not have: the caller ends them all.
func (t *target) parse(page []byte, contentType string, at time.Time) (md pmetric.Metrics, counts scrapeCounts, err error) {
	defer func() {
		if r := recover(); r != nil { // a page is hostile; one target must not end the others
			err = fmt.Errorf("%w: %v", errParserPanic, r)
		}
	}()
	c := t.cache
	c.scrape++
	b := newBatch(t, at)
	// An unusual content type is read as text; only when there is no parser it is an error.
	p, err := textparse.New(page, contentType, nil, textparse.ParserOptions{FallbackContentType: "text/plain"})
	if p == nil {
		return b.md, counts, fmt.Errorf("parse page: %w", err)
	}
	// Of OpenMetrics the lines _created are read as they come: the parser's own way of
	// looking ahead for them does not end on some broken pages.
	how := reading{
		starts:    strings.HasPrefix(contentType, "application/vnd.google.protobuf"),
		exemplars: !strings.HasPrefix(contentType, "text/plain"),
	}
	id := identifier{t: t, builder: labels.NewBuilder(labels.EmptyLabels())}
	for {
		entry, err := p.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return b.md, counts, fmt.Errorf("parse page: %w", err)
		}
		switch entry {
		case textparse.EntryType:
			name, typ := p.Type()
			c.describe(string(name)).typ = typ
		case textparse.EntryHelp:
			name, help := p.Help()
			if f := c.describe(string(name)); f.help != string(help) {
				f.help = string(help)
			}
		case textparse.EntryUnit:
			name, unit := p.Unit()
			if f := c.describe(string(name)); f.unit != string(unit) {
				f.unit = string(unit)
			}
		case textparse.EntrySeries, textparse.EntryHistogram:
			if counts.scraped++; counts.scraped > t.job.limits.samples {
				return b.md, counts, fmt.Errorf("the page has more samples than sample_limit, %d", t.job.limits.samples)
			}
			if err := t.sample(p, entry == textparse.EntryHistogram, how, &id, b, &counts); err != nil {
				return b.md, counts, err
			}
		case textparse.EntryComment, textparse.EntryInvalid:
		}
		if len(c.families) > t.job.limits.samples {
			return b.md, counts, fmt.Errorf("the page has more names than sample_limit, %d", t.job.limits.samples)
		}
	}
	counts.stale = b.end(func(s *series) bool { return s.seen != c.scrape })
	b.finish()
	return b.md, counts, nil
}

// reading says what a format has beside values.
type reading struct{ starts, exemplars bool }

// sample adds one line.
func (t *target) sample(p textparse.Parser, native bool, how reading, id *identifier, b *batch, counts *scrapeCounts) error {
	c := t.cache
	v := value{at: b.at}
	var text []byte
	var ts *int64
	if native {
		text, ts, v.integers, v.floats = p.Histogram()
	} else {
		text, ts, v.number = p.Series()
	}
	if ts != nil && t.job.timestamps {
		v.at = fromMillis(*ts)
	}
	s := c.series[string(text)]
	switch {
	case s != nil && s.seen == c.scrape:
		counts.duplicate++
		return nil
	case s == nil || s.typ != s.family.typ || native != (s.kind == kindNative) && s.kind > kindInfo:
		if s != nil {
			c.forget(string(text), s)
		}
		var ls labels.Labels
		p.Labels(&ls)
		var err error
		if s, err = id.identify(ls, native); err != nil {
			return err
		}
		c.series[string(text)] = s
		if s.kind != kindDropped {
			counts.added++
		}
	}
	s.seen = c.scrape
	if s.kind == kindDropped {
		return nil
	}
	counts.kept++
	if how.starts && s.kind != kindGauge && s.kind != kindState && s.kind != kindInfo {
		v.start = fromMillis(p.StartTimestamp())
	}
	if !b.add(s, &v) {
		counts.unsupported++
		return nil
	}
	if how.exemplars {
		var e exemplar.Exemplar
		for p.Exemplar(&e) {
			b.exemplar(s, &e, v.at)
			e = exemplar.Exemplar{}
		}
	}
	return nil
}

// metadataType is what a metric's metadata says of types that OpenTelemetry does not have.
var metadataType = map[model.MetricType]string{
	model.MetricTypeUnknown: "unknown", model.MetricTypeInfo: "info", model.MetricTypeStateset: "stateset", model.MetricTypeGaugeHistogram: "gaugehistogram",
}
