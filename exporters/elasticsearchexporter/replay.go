package elasticsearchexporter

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pipeline"
)

// Replayed is what became of the letters of a file.
type Replayed struct {
	// Read is how many lines there were.
	Read int
	// Stored are on the server now; Repeated were there before.
	Stored, Repeated int
	// Refused are refused again, for the reasons in Reasons.
	Refused int
	// Unsent did not reach the server, or belong to no exporter.
	Unsent int
	// Reasons counts the refusals by Elasticsearch's own words, up to 20 different ones.
	Reasons map[string]int
}

const (
	maxReplayTries   = 6 // with waits of 1, 2, 4, 8 and 16 s between
	maxReplayReasons = 20
)

// letter is a line of a dead-letter file.
type letter struct {
	Exporter string          `json:"exporter"`
	Action   json.RawMessage `json:"action"`
	Document json.RawMessage `json:"document"`
}

// Replay sends the dead letters of in, as an exporter's dead_letter_file keeps
// them, to the exporters that wrote them, by their ids. Lines that the servers
// do not store go to rest as they were. The error is the first that kept letters
// from being sent, or one of in and rest.
func Replay(ctx context.Context, set component.TelemetrySettings, exporters map[component.ID]*Config, in io.Reader, rest io.Writer) (Replayed, error) {
	r := replay{telemetry: set, configs: exporters, rest: rest, senders: map[string]*replaySender{}}
	r.done.Reasons = map[string]int{}
	err := r.read(ctx, in)
	for _, s := range r.senders {
		err = cmp.Or(err, r.flush(ctx, s))
		err = cmp.Or(err, s.exporter.shutdown(context.WithoutCancel(ctx)))
	}
	return r.done, cmp.Or(err, r.first)
}

type replay struct {
	telemetry component.TelemetrySettings
	configs   map[component.ID]*Config
	rest      io.Writer
	senders   map[string]*replaySender
	done      Replayed
	first     error // that kept letters from being sent
}

// replaySender collects the letters of one exporter.
type replaySender struct {
	exporter *elasticsearchExporter
	body     *body
	lines    [][]byte
}

func (r *replay) read(ctx context.Context, in io.Reader) error {
	lines := bufio.NewReaderSize(in, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if line = bytes.TrimSpace(line); len(line) > 0 {
			r.done.Read++
			if err := r.add(ctx, line); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read dead letters: %w", err)
		}
	}
}

// add takes a line and sends those before where they fill a request.
func (r *replay) add(ctx context.Context, line []byte) error {
	var l letter
	if err := json.Unmarshal(line, &l); err != nil || len(l.Action) == 0 || len(l.Document) == 0 {
		return r.unsent(line, errors.New("read dead letters: a line is none"))
	}
	s, err := r.sender(ctx, l.Exporter)
	if err != nil {
		return r.unsent(line, err)
	}
	b := s.body
	it := item{start: len(b.buf)}
	b.buf = append(append(append(b.buf, `{"create":`...), l.Action...), "}\n"...)
	it.doc = len(b.buf)
	b.buf = append(append(b.buf, l.Document...), '\n')
	it.end = len(b.buf)
	b.items = append(b.items, it)
	s.lines = append(s.lines, line)
	if len(b.buf) < s.exporter.cfg.MaxRequestSize {
		return nil
	}
	return r.flush(ctx, s)
}

func (r *replay) sender(ctx context.Context, name string) (*replaySender, error) {
	if s := r.senders[name]; s != nil {
		return s, nil
	}
	var id component.ID
	if err := id.UnmarshalText([]byte(name)); err != nil {
		return nil, fmt.Errorf("find exporter %q: %w", name, err)
	}
	cfg := r.configs[id]
	if cfg == nil {
		return nil, fmt.Errorf("find exporter %q: the configuration has none of that name", name)
	}
	plain := *cfg
	plain.Setup, plain.DeadLetter, plain.DeadLetterFile.Path = setupOff, false, ""
	set := exporter.Settings{ID: id, TelemetrySettings: r.telemetry, BuildInfo: component.NewDefaultBuildInfo()}
	e, err := newExporter(&plain, set, pipeline.SignalLogs)
	if err != nil {
		return nil, err
	}
	if err := e.start(ctx, noExtensions{}); err != nil {
		return nil, err
	}
	s := &replaySender{exporter: e, body: newBody(encoding{})}
	r.senders[name] = s
	return s, nil
}

// flush sends what a sender has collected, again and again for a while.
func (r *replay) flush(ctx context.Context, s *replaySender) error {
	if len(s.lines) == 0 {
		return nil
	}
	b := s.exporter.bulk
	all := &sending{body: s.body}
	left := s.body.all()
	var err error
	for try := range maxReplayTries {
		if try > 0 && !sleep(ctx, time.Second<<(try-1)) {
			break
		}
		if left, err = r.attempt(ctx, b, all, left); len(left) == 0 {
			break
		}
	}
	for _, refused := range all.refused {
		r.refuse(refused)
		if err := r.keep(s.lines[refused.number]); err != nil {
			return err
		}
	}
	for _, i := range left {
		if err := r.unsent(s.lines[i], err); err != nil {
			return err
		}
	}
	r.done.Refused += len(all.refused)
	r.done.Repeated += all.repeated
	r.done.Stored += len(s.lines) - len(all.refused) - len(left) - all.repeated
	s.lines, s.body.buf, s.body.items = s.lines[:0], s.body.buf[:0], s.body.items[:0]
	return nil
}

// attempt sends the items and returns those left.
func (r *replay) attempt(ctx context.Context, b *bulk, all *sending, items []int) ([]int, error) {
	part := newBody(encoding{})
	defer part.release()
	part.add(all.body, items)
	s := &sending{body: part}
	b.sendAll(ctx, s)
	for _, refused := range s.refused {
		refused.number = items[refused.number]
		all.refused = append(all.refused, refused)
	}
	all.repeated += s.repeated
	left := make([]int, 0, len(s.left))
	for _, i := range s.left {
		left = append(left, items[i])
	}
	return left, s.err
}

func (r *replay) refuse(what refusal) {
	reason := cmp.Or(what.detail, what.reason, "unknown")
	if _, known := r.done.Reasons[reason]; !known && len(r.done.Reasons) >= maxReplayReasons {
		reason = "<other>"
	}
	r.done.Reasons[reason]++
}

func (r *replay) unsent(line []byte, err error) error {
	r.done.Unsent++
	r.first = cmp.Or(r.first, err)
	return r.keep(line)
}

func (r *replay) keep(line []byte) error {
	if _, err := r.rest.Write(append(bytes.Clone(line), '\n')); err != nil {
		return fmt.Errorf("keep dead letters: %w", err)
	}
	return nil
}

// noExtensions is the host of an exporter without a collector: one whose auth is
// an extension can't be started.
type noExtensions struct{}

// GetExtensions returns none.
func (noExtensions) GetExtensions() map[component.ID]component.Component { return nil }

// sleep reports false where ctx ends before.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
