package scrapereceiver

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// maxKept is the largest buffer that is kept for the next page.
const maxKept = 4 << 20

// scrape reads the target's page and makes the metrics of it, those about the scrape
// included. It has some even where it fails: up is 0 then, and all series end.
func (t *target) scrape(ctx context.Context, now func() time.Time) (pmetric.Metrics, scrapeCounts, error) {
	at := now()
	body := bodies.Get().(*bytes.Buffer)
	body.Reset()
	defer func() {
		if body.Cap() <= maxKept {
			bodies.Put(body)
		}
	}()
	page, contentType, err := t.read(ctx, at, body)
	var md pmetric.Metrics
	var counts scrapeCounts
	if err == nil {
		md, counts, err = t.parse(page, contentType, at)
	}
	up := 1.0
	if err != nil {
		up = 0
		md, counts.stale = t.finish(at, err)
		counts.kept, counts.added = 0, 0
	}
	t.report(md, at, up, now().Sub(at), counts)
	return md, counts, err
}

// finish ends all series.
func (t *target) finish(at time.Time, cause error) (pmetric.Metrics, int) {
	if errors.Is(cause, errParserPanic) {
		t.cache = newCache()
	}
	b := newBatch(t, at)
	return b.md, b.end(func(*series) bool { return true })
}

// over are the metrics of a target that is no more: all its series, and those about its
// scrapes, end.
func (t *target) over(at time.Time) (pmetric.Metrics, int) {
	md, n := t.finish(at, nil)
	for _, p := range t.own(md, at) {
		p.SetFlags(noValue)
	}
	return md, n
}

// about are the metrics about a scrape.
var about = []struct{ name, help string }{
	{"up", "Whether the last scrape succeeded."},
	{"scrape_duration_seconds", "How long the last scrape took."},
	{"scrape_samples_scraped", "Samples on the page."},
	{"scrape_samples_post_metric_relabeling", "Samples that relabelling left."},
	{"scrape_series_added", "Series that the scrape before did not have."},
}

// own adds the metrics about a scrape, without values.
func (t *target) own(md pmetric.Metrics, at time.Time) []pmetric.NumberDataPoint {
	var rm pmetric.ResourceMetrics
	if all := md.ResourceMetrics(); all.Len() > 0 && t.owns(all.At(0)) {
		rm = all.At(0)
	} else {
		rm = all.AppendEmpty()
		t.describe(rm.Resource().Attributes(), t.name, t.instance)
	}
	sm := rm.ScopeMetrics().AppendEmpty()
	sm.Scope().SetName(scopeName)
	points := make([]pmetric.NumberDataPoint, 0, len(about))
	for _, a := range about {
		m := sm.Metrics().AppendEmpty()
		m.SetName(a.name)
		m.SetDescription(a.help)
		p := m.SetEmptyGauge().DataPoints().AppendEmpty()
		p.SetTimestamp(pcommon.NewTimestampFromTime(at))
		t.labels.Range(func(l labels.Label) {
			if l.Name != model.JobLabel && l.Name != model.InstanceLabel {
				p.Attributes().PutStr(l.Name, l.Value)
			}
		})
		points = append(points, p)
	}
	return points
}

// owns reports whether a resource is the target's own: with its job and instance.
func (t *target) owns(rm pmetric.ResourceMetrics) bool {
	for _, a := range t.identity(t.name, t.instance) {
		if v, ok := rm.Resource().Attributes().Get(a.key); a.value != "" && (!ok || v.Str() != a.value) {
			return false
		}
	}
	return true
}

func (t *target) report(md pmetric.Metrics, at time.Time, up float64, took time.Duration, counts scrapeCounts) {
	values := []float64{up, took.Seconds(), float64(counts.scraped), float64(counts.kept), float64(counts.added)}
	for i, p := range t.own(md, at) {
		p.SetDoubleValue(values[i])
	}
}
