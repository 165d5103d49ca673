// Package stream finds the pattern changes in a stream of lines of several
// services, for use on files and in pipes.
package stream

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tidewatch/tidewatch/logpattern"
	"github.com/tidewatch/tidewatch/logpattern/change"
)

// step is how much time of the stream passes between two looks at all services.
const step = 5 * time.Second

// Options of a Detector. Zero values mean the defaults.
type Options struct {
	Patterns logpattern.Options
	Changes  change.Options
	// MaxServices is how many services are told apart; lines of others are not
	// looked at. Default 1000.
	MaxServices int
	// Since is the time before which nothing is written; earlier lines are learned
	// from.
	Since time.Time
}

// Alert is one change, as it is written. Times are of the stream.
type Alert struct {
	Time    int64  `json:"t_ms"` // when it was known, Unix ms
	Service string `json:"service"`
	// Kind is that of the change, or "info" for a notice that asks for nothing.
	Kind string `json:"kind"`
	// Line is the number of the pattern's newest line, from 0; nil if the change is
	// not about one pattern.
	Line     *uint64 `json:"line,omitempty"`
	Template string  `json:"template,omitempty"`
	Example  string  `json:"example,omitempty"`
	Position int     `json:"position,omitempty"` // of the value among the template's variables, from 1
	Value    string  `json:"value,omitempty"`
	Start    int64   `json:"start_ms"`
	// Observed and Expected are in the unit of the change.
	Observed float64 `json:"observed"`
	Expected float64 `json:"expected"`
	Unit     string  `json:"unit"`
	Score    float64 `json:"score"`
}

// Summary says what was read.
type Summary struct {
	Lines, Services uint64
	// Skipped are lines of services beyond MaxServices.
	Skipped uint64
	Alerts  uint64
}

// service is one service of the stream.
type service struct {
	miner    *logpattern.Miner
	detector *change.Detector
	raised   map[string]bool // notices that are open and may become alerts
}

// Detector reads a stream line by line. It is not safe for concurrent use.
type Detector struct {
	opt      Options
	services map[string]*service
	names    []string // sorted
	next     int64    // look at all at this time, Unix ns
	now      int64
	sum      Summary
	write    func(*Alert) error
}

// New returns a Detector that gives its alerts to write, oldest first.
func New(opt Options, write func(*Alert) error) *Detector {
	if opt.MaxServices <= 0 {
		opt.MaxServices = 1000
	}
	return &Detector{opt: opt, services: map[string]*service{}, write: write}
}

// Add reads one line `unix-ms TAB service TAB line`. An error names the line. Time
// should not go backwards; lines that are late count at their own time as far as
// the history allows. Nothing of line is kept.
func (d *Detector) Add(line string) error {
	if line == "" {
		d.sum.Lines++
		return nil
	}
	stamp, rest, _ := strings.Cut(line, "\t")
	name, text, ok := strings.Cut(rest, "\t")
	ms, err := strconv.ParseInt(stamp, 10, 64)
	if !ok || err != nil || ms <= 0 || ms > maxMilli {
		return fmt.Errorf("read line %d: it is not `unix-ms TAB service TAB line`", d.sum.Lines+1)
	}
	number := d.sum.Lines
	d.sum.Lines++
	t := time.UnixMilli(ms)
	if err := d.advance(t.UnixNano()); err != nil {
		return err
	}
	s := d.of(name)
	if s == nil {
		d.sum.Skipped++
		return nil
	}
	m := s.miner.Observe(text, t)
	if m.ID == logpattern.OtherID {
		return nil
	}
	if len(m.Merged) > 0 {
		s.detector.Join(m.ID, m.Merged...)
	}
	s.detector.Observe(change.Line{
		ID: m.ID, Template: m.Template, Text: text, Severity: change.SeverityOf(logpattern.LevelOf(text)), Time: t, Number: number,
	}, time.Unix(0, d.now))
	return nil
}

// maxMilli keeps times within what Unix nanoseconds can express.
const maxMilli = 9e12

func (d *Detector) of(name string) *service {
	s := d.services[name]
	if s == nil && len(d.services) < d.opt.MaxServices {
		name = strings.Clone(name)
		s = &service{miner: logpattern.New(d.opt.Patterns), detector: change.NewDetector(d.opt.Changes), raised: map[string]bool{}}
		d.services[name] = s
		d.names = slices.Sorted(maps.Keys(d.services))
		d.sum.Services++
	}
	return s
}

// advance lets time pass. A gap in the stream is looked at step by step for an
// hour: what is not known by then has not happened.
func (d *Detector) advance(ns int64) error {
	if ns <= d.now {
		return nil
	}
	d.next = max(d.next, ns-int64(time.Hour))
	for d.now = ns; d.next <= ns; d.next += int64(step) {
		for _, name := range d.names {
			if err := d.look(name, time.Unix(0, d.next)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *Detector) look(name string, now time.Time) error {
	s := d.services[name]
	for _, c := range s.detector.Advance(now) {
		if err := s.tell(d, name, &c); err != nil {
			return err
		}
	}
	return nil
}

// tell writes a change that opens, and a notice that becomes more than that.
func (s *service) tell(d *Detector, name string, c *change.Change) error {
	kind := c.Kind.String()
	key := kind + c.ID
	switch {
	case c.State == change.Resolved:
		delete(s.raised, key)
		return nil
	case c.Weight() == change.Notice:
		if c.State != change.Open {
			return nil
		}
		s.raised[key] = true
		kind = "info"
	case c.State == change.Updated && !s.raised[key]:
		return nil
	default:
		delete(s.raised, key)
	}
	if c.Time.Before(d.opt.Since) {
		return nil
	}
	d.sum.Alerts++
	a := &Alert{
		Time: c.Time.UnixMilli(), Service: name, Kind: kind, Template: c.Template, Example: c.Example, Position: c.Position, Value: c.Value,
		Start: c.Start.UnixMilli(), Observed: c.Observed, Expected: c.Expected, Unit: c.Kind.Unit(), Score: c.Score,
	}
	if c.ID != "" {
		a.Line = &c.Number
	}
	return d.write(a)
}

// Summary says what was read so far.
func (d *Detector) Summary() Summary { return d.sum }
