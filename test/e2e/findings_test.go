//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// pageFinding is a finding as the page's API tells it.
type pageFinding struct {
	Kind, State, Severity, Summary, Metric string

	Receipt    json.RawMessage
	Attributes []struct{ Key, Value string }
}

// quotes tells whether the finding shows a text: in its sentence, its receipt or
// its subject.
func (f *pageFinding) quotes(text string) bool {
	if strings.Contains(f.Summary, text) || strings.Contains(string(f.Receipt), text) {
		return true
	}
	for _, a := range f.Attributes {
		if strings.Contains(a.Value, text) {
			return true
		}
	}
	return false
}

// A dependency of the application fails and a queue grows tenfold: both become
// findings, on the page and in the backends.
func TestFloodAndAnomalyBecomeFindings(t *testing.T) {
	warmUp(t, "elasticsearch", "loki")
	es, loki := sharedBackend(t, "elasticsearch"), sharedBackend(t, "loki")
	begin := time.Now()
	a := newAgent(t)
	a.exportTo(es.url, loki.url, "")
	a.set = append(a.set, "connectors::anomaly::min_history=20s", "connectors::pattern::learning=20s")
	a.start()
	app := newApplication(t, a.logDir)
	shop := newInstrumented(t, app, a)
	// A name of this run, so that its finding cannot be another's.
	name := "shop." + app.marker + ".depth"
	depth, err := shop.meter.Float64Gauge(name)
	require.NoError(t, err)

	// For a minute all is well; then the flood and the jump come together.
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	level, second := 100.0, 0
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	live := func(seconds, lines, refused int) {
		for range seconds {
			<-tick.C
			app.now()
			app.writePlain(lines)
			app.writeRefused(refused)
			depth.Record(ctx, level+float64(second*7%5))
			shop.push()
			second++
		}
	}
	live(60, 20, 0)
	level = 1000
	live(10, 20, 500)
	live(20, 20, 0)

	findings := func(kind string, fits func(pageFinding) bool) {
		t.Helper()
		eventually(t, 60*time.Second, kind+" is on the page", func() error {
			var page struct{ Findings []pageFinding }
			if err := a.api("/api/v1/findings?limit=1000", &page); err != nil {
				return err
			}
			for _, f := range page.Findings {
				if f.Kind == kind && fits(f) {
					t.Logf("%s %s: %s\n%s", f.Kind, f.State, f.Summary, f.Receipt)
					return nil
				}
			}
			return fmt.Errorf("not among %d findings: %+v", len(page.Findings), page.Findings)
		})
	}
	refused := func(f pageFinding) bool { return f.quotes("Connection refused") }
	findings("pattern_new", refused)
	findings("pattern_flood", refused)
	findings("metric_anomaly", func(f pageFinding) bool { return f.Metric == name })

	for kind, subject := range map[string]map[string]string{
		"metric_anomaly": {"es": "finding.metric.name", "loki": "finding_metric_name", "value": name},
		"pattern_flood":  {"es": "finding.kind", "loki": "finding_kind", "value": "pattern_flood"},
	} {
		eventually(t, 60*time.Second, kind+" is in Elasticsearch", func() error {
			n, err := esCount(es.url, map[string]any{"bool": map[string]any{"filter": []any{
				map[string]any{"term": map[string]any{"finding.kind": kind}},
				map[string]any{"term": map[string]any{subject["es"]: subject["value"]}},
				map[string]any{"range": map[string]any{"@timestamp": map[string]any{"gte": begin.UTC().Format(time.RFC3339Nano)}}},
			}}})
			if err == nil && n == 0 {
				err = fmt.Errorf("no document")
			}
			return err
		})
		eventually(t, 60*time.Second, kind+" is in Loki", func() error {
			n, err := lokiCount(loki.url, fmt.Sprintf(`{service_name=~".+"} | finding_kind=%q | %s=%q`, kind, subject["loki"], subject["value"]), begin)
			if err == nil && n == 0 {
				err = fmt.Errorf("no line")
			}
			return err
		})
	}

	// The flood itself was delivered to the last line.
	var table tally
	app.arriveIn(t, &table, "Elasticsearch", func() (map[string]found, error) { return app.elasticsearch(es.url) })
	app.arriveIn(t, &table, "Loki", func() (map[string]found, error) { return app.loki(loki.url) })
	table.print(t)
	require.NoError(t, a.stop())
}
