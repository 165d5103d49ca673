package casefile

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/tidewatch/tidewatch/logpattern"
	"github.com/tidewatch/tidewatch/rootcause"
)

// Fewer blocks than that say nothing of how much windows differ, more than that
// are too short to compare.
const minBlocks, maxBlocks = 4, 8

func readTraces(in *rootcause.Input, pastSpans, pastLogs, dir string) error {
	before, err := spans(pastSpans)
	if err != nil {
		return err
	}
	window, err := spans(filepath.Join(dir, "spans.jsonl.gz"))
	if err != nil {
		return err
	}
	m := &miners{byService: map[string]*logpattern.Miner{}}
	if err := m.read(before, pastLogs); err != nil {
		return err
	}
	if err := m.read(window, filepath.Join(dir, "logs.jsonl.gz")); err != nil {
		return err
	}
	m.resolve()
	n := 1
	if window.len() > 0 {
		n = min(max(before.len()/window.len(), minBlocks), maxBlocks)
	}
	blocks := make([]*rootcause.Summary, n)
	for i := range blocks {
		blocks[i] = rootcause.NewSummary(rootcause.Bounds{})
	}
	for i, t := range before.order {
		blocks[i*n/len(before.order)].Add(t)
	}
	in.Baseline = rootcause.NewBaseline(blocks...)
	in.Window = rootcause.NewSummary(rootcause.Bounds{})
	for _, t := range window.order {
		in.Window.Add(t)
	}
	return nil
}

// traces are in the order of their first spans.
type traces struct {
	byID  map[string]*rootcause.Trace
	order []*rootcause.Trace
}

func (t *traces) len() int { return len(t.order) }

func spans(name string) (*traces, error) {
	t := &traces{byID: map[string]*rootcause.Trace{}}
	kinds := map[string]rootcause.Kind{
		"server": rootcause.Server, "client": rootcause.Client, "producer": rootcause.Producer, "consumer": rootcause.Consumer,
	}
	err := lines(name, func(b []byte) error {
		var s struct {
			Trace     string `json:"trace_id"`
			ID        int64  `json:"span_id"`
			Parent    int64  `json:"parent_id"`
			Service   string `json:"service"`
			Pod       string `json:"pod"`
			Operation string `json:"operation"`
			Kind      string `json:"kind"`
			Start     int64  `json:"start_unix_ns"`
			Duration  int64  `json:"duration_ns"`
			Error     bool   `json:"error"`
		}
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		x := rootcause.Span{
			ID: strconv.FormatInt(s.ID, 10), Service: s.Service, Instance: s.Pod, Operation: s.Operation, Kind: kinds[s.Kind],
			Start: s.Start, Duration: time.Duration(s.Duration), Error: s.Error,
		}
		if s.Parent != 0 {
			x.Parent = strconv.FormatInt(s.Parent, 10)
		}
		tr := t.byID[s.Trace]
		if tr == nil {
			tr = &rootcause.Trace{ID: s.Trace}
			t.byID[s.Trace] = tr
			t.order = append(t.order, tr)
		}
		tr.Spans = append(tr.Spans, x)
		return nil
	})
	slices.SortStableFunc(t.order, func(a, b *rootcause.Trace) int { return int(a.Spans[0].Start/1e6 - b.Spans[0].Start/1e6) })
	return t, err
}

// miners find the patterns of lines. Patterns merge while lines are read, so that
// ids are made final at the end.
type miners struct {
	byService map[string]*logpattern.Miner
	seen      []*rootcause.Trace
}

func (m *miners) read(t *traces, name string) error {
	err := lines(name, func(b []byte) error {
		var l struct {
			Time     int64  `json:"time_unix_ns"`
			Service  string `json:"service"`
			Pod      string `json:"pod"`
			Severity string `json:"severity"`
			Body     string `json:"body"`
			Trace    string `json:"trace_id"`
		}
		if err := json.Unmarshal(b, &l); err != nil {
			return err
		}
		miner := m.byService[l.Service]
		if miner == nil {
			miner = logpattern.New(logpattern.Options{})
			m.byService[l.Service] = miner
		}
		match := miner.Observe(l.Body, time.Unix(0, l.Time))
		tr := t.byID[l.Trace]
		if tr == nil {
			return nil
		}
		tr.Lines = append(tr.Lines, rootcause.Line{
			Time: l.Time, Service: l.Service, Instance: l.Pod, Pattern: match.ID, Template: match.Template,
			Severe: l.Severity == "ERROR" || l.Severity == "FATAL",
		})
		return nil
	})
	m.seen = append(m.seen, t.order...)
	return err
}

func (m *miners) resolve() {
	for _, t := range m.seen {
		for i := range t.Lines {
			l := &t.Lines[i]
			miner := m.byService[l.Service]
			l.Pattern = miner.Resolve(l.Pattern)
			if text, ok := miner.Template(l.Pattern); ok {
				l.Template = text
			}
		}
	}
}
