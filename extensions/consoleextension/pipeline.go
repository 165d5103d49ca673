package consoleextension

import (
	"cmp"
	"context"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tidewatch/tidewatch/internal/delivery"
	"github.com/tidewatch/tidewatch/internal/localstore"
	"github.com/tidewatch/tidewatch/internal/selfmetrics"
)

// maxCounters bounds the further counters of components that are shown.
const maxCounters = 200

// pipelineView is the health of the pipeline by the agent's own metrics. Rates
// are per second over the last interval, null before the second look.
type pipelineView struct {
	// Available is false until the own metrics were read; Error says why the last
	// look failed.
	Available bool   `json:"available"`
	Error     string `json:"error,omitempty"`
	// Time of the last look, Unix seconds.
	Time       int64       `json:"time"`
	Process    processView `json:"process"`
	Receivers  []flowView  `json:"receivers"`
	Processors []flowView  `json:"processors"`
	Exporters  []flowView  `json:"exporters"`
	// Pipelines are the ways through the agent, in the order in which data takes them.
	Pipelines []pipelineRoute `json:"pipelines"`
	// Ledger says where every record is, Edges how the way to each exporter does.
	Ledger delivery.Ledger `json:"ledger"`
	Edges  []delivery.Edge `json:"edges"`
	// Counters are the components' own, by name.
	Counters []counterView `json:"counters"`

	strain []string // what the agent does without, as sentences
}

type processView struct {
	// CPU is in cores: 1 is one core fully used.
	CPU           localstore.Number `json:"cpu"`
	MemoryRSS     localstore.Number `json:"memory_rss"`
	Heap          localstore.Number `json:"heap"`
	UptimeSeconds localstore.Number `json:"uptime_seconds"`
}

// flowView is one component and signal. Items is what it accepted, let through
// or sent; Refused what it turned back, Failed what it could not deliver.
type flowView struct {
	ID      string            `json:"id"`
	Signal  string            `json:"signal"`
	Items   float64           `json:"items"`
	Rate    localstore.Number `json:"rate"`
	In      float64           `json:"in,omitempty"`
	Refused float64           `json:"refused"`
	Failed  float64           `json:"failed"`
	// FailedRate is that of Refused and Failed together.
	FailedRate localstore.Number `json:"failed_rate"`
	// QueueSize and QueueCapacity are null without a queue.
	QueueSize     localstore.Number `json:"queue_size"`
	QueueCapacity localstore.Number `json:"queue_capacity"`
}

type counterView struct {
	Name   string            `json:"name"`
	Labels map[string]string `json:"labels"`
	Value  float64           `json:"value"`
	Rate   localstore.Number `json:"rate"`
}

// pipelineWatch reads the agent's own metrics at intervals.
type pipelineWatch struct {
	url    string
	client *http.Client

	mu    sync.Mutex // guards the rest
	last  pipelineView
	edges delivery.Edges
}

func newPipelineWatch(url string) *pipelineWatch {
	v := pipelineView{Process: unknownProcess()}
	if url == "" {
		v.Error = "telemetry_url of the console extension is empty: the pipeline is not watched"
	}
	return &pipelineWatch{url: url, client: &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{MaxIdleConns: 1}}, last: v.filled()}
}

// run looks at once a second after the start and then at every interval, until
// ctx ends.
func (p *pipelineWatch) run(ctx context.Context, interval time.Duration) {
	var before sampleSet
	timer := time.NewTimer(time.Second)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			before = p.look(ctx, before, time.Now())
			timer.Reset(interval)
		}
	}
}

func (p *pipelineWatch) close() { p.client.CloseIdleConnections() }

// pipelineView is the last look, with the ways that data takes.
func (a *api) pipelineView(*query) (any, error) {
	v := a.pipeline.view()
	v.Pipelines, _ = a.running.view()
	return v, nil
}

// view is the last look.
func (p *pipelineWatch) view() pipelineView {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

func (p *pipelineWatch) look(ctx context.Context, before sampleSet, now time.Time) sampleSet {
	samples, err := selfmetrics.Scrape(ctx, p.client, p.url)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		p.last.Error = err.Error()
		return before
	}
	set := newSampleSet(samples, now)
	p.last = summarize(set, before)
	p.last.Edges = p.edges.Follow(&p.last.Ledger, now)
	return set
}

// sampleSet is one look, by identity.
type sampleSet struct {
	at      time.Time
	samples []selfmetrics.Sample
	byKey   map[string]float64
}

func newSampleSet(samples []selfmetrics.Sample, at time.Time) sampleSet {
	s := sampleSet{at: at, samples: samples, byKey: make(map[string]float64, len(samples))}
	for _, m := range samples {
		s.byKey[key(m)] = m.Value
	}
	return s
}

func key(m selfmetrics.Sample) string {
	names := make([]string, 0, len(m.Labels))
	for k, v := range m.Labels {
		names = append(names, k+"\xff"+v)
	}
	slices.Sort(names)
	return m.Name + "\xff" + strings.Join(names, "\xff")
}

// rate is the increase of a counter per second since before, NaN if unknown.
func (s sampleSet) rate(before sampleSet, m selfmetrics.Sample) float64 {
	was, ok := before.byKey[key(m)]
	elapsed := s.at.Sub(before.at).Seconds()
	if before.byKey == nil || elapsed <= 0 {
		return math.NaN()
	}
	if !ok || m.Value < was { // it is new, or the counter began again
		was = 0
	}
	return (m.Value - was) / elapsed
}

func summarize(now, before sampleSet) pipelineView {
	v := pipelineView{Available: true, Time: now.at.Unix(), Process: unknownProcess(), Ledger: delivery.Draw(now.samples), strain: delivery.Strain(now.samples)}
	receivers, processors, exporters := flows{}, flows{}, flows{}
	for _, m := range now.samples {
		name := strings.TrimPrefix(strings.TrimSuffix(m.Name, "_total"), "otelcol_")
		rate := now.rate(before, m)
		switch {
		case strings.HasPrefix(name, "process_"):
			v.Process.add(name, m.Value, rate)
		case strings.HasPrefix(name, "receiver_"):
			receivers.addReceiver(name, m, rate)
		case strings.HasPrefix(name, "processor_"):
			processors.addProcessor(name, m, rate)
		case strings.HasPrefix(name, "exporter_"):
			exporters.addExporter(name, m, rate)
		case strings.HasPrefix(name, "tidewatch_"):
			v.Counters = append(v.Counters, counterView{name, m.Labels, m.Value, localstore.Number(rate)})
		}
	}
	v.Receivers, v.Processors, v.Exporters = receivers.sorted(), processors.sorted(), exporters.sorted()
	slices.SortFunc(v.Counters, func(a, b counterView) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(b.Value, a.Value))
	})
	v.Counters = v.Counters[:min(len(v.Counters), maxCounters)]
	return v.filled()
}

// filled replaces nil lists, which JSON would call null.
func (v pipelineView) filled() pipelineView {
	v.Receivers = append([]flowView{}, v.Receivers...)
	v.Processors = append([]flowView{}, v.Processors...)
	v.Exporters = append([]flowView{}, v.Exporters...)
	v.Counters = append([]counterView{}, v.Counters...)
	v.Edges = append([]delivery.Edge{}, v.Edges...)
	v.Ledger.Sources = append([]delivery.Source{}, v.Ledger.Sources...)
	v.Ledger.Exporters = append([]delivery.Exporter{}, v.Ledger.Exporters...)
	return v
}

func unknownProcess() processView {
	nan := localstore.Number(math.NaN())
	return processView{nan, nan, nan, nan}
}

func (p *processView) add(name string, value, rate float64) {
	switch strings.TrimSuffix(name, "_bytes") {
	case "process_cpu_seconds":
		p.CPU = localstore.Number(rate)
	case "process_memory_rss":
		p.MemoryRSS = localstore.Number(value)
	case "process_runtime_heap_alloc":
		p.Heap = localstore.Number(value)
	case "process_uptime", "process_uptime_seconds":
		p.UptimeSeconds = localstore.Number(value)
	}
}
