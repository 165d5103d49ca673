package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/tidewatch/tidewatch/internal/delivery"
	"github.com/tidewatch/tidewatch/internal/selfmetrics"
)

// look is what the agent uses and holds at one moment.
type look struct {
	Seconds     float64 `json:"seconds"`      // since the load began
	Load        float64 `json:"load_seconds"` // of it made so far
	CPU         float64 `json:"cpu_seconds"`  // since the agent started
	RSS         float64 `json:"rss_bytes"`
	Anon        float64 `json:"rss_anon_bytes"`
	Heap        float64 `json:"heap_bytes"`
	Goroutines  float64 `json:"goroutines"`
	Descriptors float64 `json:"descriptors"`    // without the log files
	LogFiles    float64 `json:"open_log_files"` // as many as rotation leaves unread or young
	Threads     float64 `json:"threads"`
	State       float64 `json:"state_bytes"` // on disk, without queues
	Queues      float64 `json:"queue_bytes"` // on disk
	Queued      float64 `json:"queued_records"`
	Read        float64 `json:"read_records"`
	Refused     float64 `json:"refused_records"`
	Dropped     float64 `json:"dropped_records"`
	Saturated   int     `json:"saturated_exporters"` // as the page shows
	Waiting     int     `json:"waiting_exporters"`

	ledger  delivery.Ledger
	samples []selfmetrics.Sample
}

// look looks at the agent once.
func (a *agent) look(ctx context.Context) (l look, err error) {
	if l.samples, err = a.scrape(ctx); err != nil {
		return l, fmt.Errorf("scrape the agent's own metrics: %w", err)
	}
	l.ledger = delivery.Draw(l.samples)
	for _, s := range l.ledger.Sources {
		l.Read += s.Read
		l.Refused += s.Refused
	}
	for i := range l.ledger.Exporters {
		e := &l.ledger.Exporters[i]
		l.Queued += e.Queued
		l.Dropped += e.DroppedTotal()
	}
	l.Heap = sum(l.samples, "otelcol_process_runtime_heap_alloc_bytes")
	n, err := a.goroutines(ctx)
	if err != nil {
		return l, fmt.Errorf("count goroutines: %w", err)
	}
	l.Goroutines = float64(n)
	edges, err := a.edges(ctx)
	if err != nil {
		return l, fmt.Errorf("ask the page: %w", err)
	}
	for _, e := range edges {
		switch e.Pressure {
		case delivery.Saturated:
			l.Saturated++
		case delivery.Waiting:
			l.Waiting++
		}
	}
	if err := l.process(fmt.Sprintf("/proc/%d", a.cmd.Process.Pid)); err != nil {
		return l, err
	}
	l.LogFiles = sum(l.samples, "tidewatch_tail_open_files")
	l.Descriptors -= l.LogFiles
	l.State, l.Queues = sizes(a.state())
	return l, nil
}

// process reads what the kernel knows of a process.
func (l *look) process(dir string) error {
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return err
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 18 {
		return fmt.Errorf("read %s/stat: %d fields", dir, len(fields))
	}
	for _, f := range fields[11:13] { // user and system, in hundredths on all machines
		n, err := strconv.Atoi(f)
		if err != nil {
			return err
		}
		l.CPU += float64(n) / 100
	}
	status, err := os.ReadFile(filepath.Join(dir, "status"))
	if err != nil {
		return err
	}
	for line := range bytes.Lines(status) {
		name, value, _ := strings.Cut(string(line), ":")
		n, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 64)
		if err != nil {
			continue
		}
		switch name {
		case "VmRSS":
			l.RSS = n * 1024
		case "RssAnon":
			l.Anon = n * 1024
		case "Threads":
			l.Threads = n
		}
	}
	open, err := os.ReadDir(filepath.Join(dir, "fd"))
	l.Descriptors = float64(len(open))
	return err
}

// sizes returns the bytes of all files of the state, and apart from them those of the
// exporters' queues. What goes away meanwhile does not count.
func sizes(dir string) (state, queues float64) {
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil //nolint:nilerr // files come and go
		}
		info, err := d.Info()
		if err != nil {
			return nil //nolint:nilerr // as above
		}
		if strings.Contains(path, "/exporter_") {
			queues += float64(info.Size())
		} else {
			state += float64(info.Size())
		}
		return nil
	})
	return state, queues
}

// sum adds up the series of one of the agent's own metrics whose labels have all these
// pairs.
func sum(samples []selfmetrics.Sample, name string, pairs ...string) float64 {
	total := 0.0
next:
	for _, s := range samples {
		if s.Name != name {
			continue
		}
		for i := 0; i < len(pairs); i += 2 {
			if s.Labels[pairs[i]] != pairs[i+1] {
				continue next
			}
		}
		total += s.Value
	}
	return total
}

// watch looks at the agent at intervals until the context ends.
func (a *agent) watch(ctx context.Context, every time.Duration, seen func(look)) error {
	next := time.NewTicker(every)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-next.C:
		}
		l, err := a.look(ctx)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // it was told to end
		}
		if err != nil {
			if ended := a.alive(); ended != nil {
				return ended
			}
			return err
		}
		seen(l)
	}
}
