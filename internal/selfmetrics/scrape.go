// Package selfmetrics reads the agent's own metrics from its telemetry
// endpoint. Health and the local page judge the pipeline by the same numbers
// that an operator scrapes.
package selfmetrics

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// maxPage bounds the page that is read: a full agent writes about 100 KB.
const maxPage = 8 << 20

// Sample is one counter or gauge value.
type Sample struct {
	Name   string
	Labels map[string]string
	Value  float64
}

// Scrape gets url, without the network where this process publishes it, and returns its counters, gauges and untyped values, and the sums
// of its histograms, named with _sum; the rest of histograms, and summaries, are
// left out.
func Scrape(ctx context.Context, client *http.Client, url string) ([]Sample, error) {
	families, err := gather(ctx, client, url)
	if err != nil {
		return nil, err
	}
	var samples []Sample
	for _, family := range families {
		name := family.GetName()
		for _, m := range family.GetMetric() {
			if v, ok := value(m); ok {
				samples = append(samples, Sample{Name: name, Labels: labels(m), Value: v})
			} else if h := m.GetHistogram(); h != nil {
				samples = append(samples, Sample{Name: name + "_sum", Labels: labels(m), Value: h.GetSampleSum()})
			}
		}
	}
	return samples, nil
}

// gather asks this process where it serves what is asked for, and else the network.
func gather(ctx context.Context, client *http.Client, url string) ([]*dto.MetricFamily, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("scrape own metrics: %w", err)
	}
	if metrics := own(req.URL); metrics != nil {
		families, err := metrics.Gather()
		if err != nil {
			return nil, fmt.Errorf("gather own metrics: %w", err)
		}
		return families, nil
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("scrape own metrics: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("scrape own metrics: %s answers %s", url, resp.Status)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(io.LimitReader(resp.Body, maxPage))
	if err != nil {
		return nil, fmt.Errorf("parse own metrics of %s: %w", url, err)
	}
	return slices.Collect(maps.Values(families)), nil
}

func value(m *dto.Metric) (float64, bool) {
	switch {
	case m.GetCounter() != nil:
		return m.GetCounter().GetValue(), true
	case m.GetGauge() != nil:
		return m.GetGauge().GetValue(), true
	case m.GetUntyped() != nil:
		return m.GetUntyped().GetValue(), true
	default:
		return 0, false
	}
}

func labels(m *dto.Metric) map[string]string {
	set := make(map[string]string, len(m.GetLabel()))
	for _, l := range m.GetLabel() {
		set[l.GetName()] = l.GetValue()
	}
	return set
}
