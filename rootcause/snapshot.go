package rootcause

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

const snapshotVersion = 1

// tooOld is the age at which what was usual says nothing of now: another time of day.
const tooOld = 6 * time.Hour

// ErrSnapshot is wrapped by every error of Restore.
var ErrSnapshot = errors.New("not a usable snapshot of causes")

type savedWatcher struct {
	Version int            `json:"version"`
	At      time.Time      `json:"at"`
	Recent  []savedSummary `json:"recent"`
	Past    []savedSummary `json:"past"`
	Blocks  int            `json:"blocks"`
	Open    *Verdict       `json:"open,omitempty"`
	Since   time.Time      `json:"since"`
}

// Snapshot returns what is usual and the verdict that is open. The last minute, which
// traces that come will tell anew, is left out.
func (w *Watcher) Snapshot(now time.Time) ([]byte, error) {
	b, err := json.Marshal(savedWatcher{
		Version: snapshotVersion, At: now, Recent: savedSummaries(w.recent), Past: savedSummaries(w.past), Blocks: w.blocks, Open: w.open, Since: w.since,
	})
	if err != nil {
		return nil, fmt.Errorf("take snapshot: %w", err)
	}
	return b, nil
}

// Restore goes on where Snapshot was taken; an empty b is a new beginning. What was
// usual more than six hours ago is forgotten. A verdict that is open stays so until
// requests have been as usual for as long as it takes. On error the Watcher knows nothing.
func (w *Watcher) Restore(b []byte, now time.Time) error {
	if len(b) == 0 {
		return nil
	}
	var in savedWatcher
	if err := json.Unmarshal(b, &in); err != nil {
		return fmt.Errorf("restore causes: %w: %w", ErrSnapshot, err)
	}
	if in.Version != snapshotVersion {
		return fmt.Errorf("restore causes: %w: version %d, want %d", ErrSnapshot, in.Version, snapshotVersion)
	}
	if in.Open != nil && len(in.Open.Suspects) > 0 {
		w.open, w.since, w.last, w.updated = in.Open, in.Since, now, now
	}
	if now.Sub(in.At) > tooOld || now.Before(in.At.Add(-tooOld)) {
		return nil
	}
	w.recent, w.past, w.blocks, w.baseline = w.restored(in.Recent), w.restored(in.Past), in.Blocks, nil
	return nil
}

// restored keeps the latest blocks.
func (w *Watcher) restored(saved []savedSummary) []*Summary {
	saved = saved[max(0, len(saved)-w.opt.Blocks):]
	out := make([]*Summary, 0, w.opt.Blocks)
	for i := range saved {
		out = append(out, saved[i].summary(w.opt.Bounds))
	}
	return out
}

type savedSummary struct {
	Traces    uint64          `json:"traces"`
	Spans     uint64          `json:"spans"`
	Dropped   uint64          `json:"dropped"`
	Busy      time.Duration   `json:"busy"`
	Times     []savedTiming   `json:"times"`
	Divisions []savedTiming   `json:"divisions"`
	Links     []savedLink     `json:"links"`
	Roots     []savedRoot     `json:"roots"`
	Templates []savedTemplate `json:"templates"`
}

// savedTiming is that of a Place or of a division.
type savedTiming struct {
	Place    *Place         `json:"place,omitempty"`
	Division *savedDivision `json:"division,omitempty"`
	Spans    float64        `json:"spans"`
	Log      [3]float64     `json:"log"`
	Seconds  float64        `json:"seconds"`
	Example  string         `json:"example,omitempty"`
	Longest  time.Duration  `json:"longest"`
}

type savedDivision struct {
	Service   string `json:"service"`
	Operation string `json:"operation,omitempty"`
	By        By     `json:"by,omitempty"`
	Value     string `json:"value,omitempty"`
}

type savedLink struct {
	Parent  Place      `json:"parent"`
	Sort    sort       `json:"sort"`
	Service string     `json:"service,omitempty"`
	What    string     `json:"what,omitempty"`
	Moments [3]float64 `json:"moments"`
	Example string     `json:"example,omitempty"`
}

type savedRoot struct {
	Division savedDivision `json:"division"`
	Log      [3]float64    `json:"log"`
	Failed   [3]float64    `json:"failed"`
	Longest  time.Duration `json:"longest"`
	Example  string        `json:"example,omitempty"`
}

type savedTemplate struct {
	Pattern string `json:"pattern"`
	Text    string `json:"text"`
	Severe  bool   `json:"severe,omitempty"`
}

func (m *moments) saved() [3]float64 { return [3]float64{m.n, m.sum, m.sq} }

func restoredMoments(s [3]float64) moments { return moments{n: s[0], sum: s[1], sq: s[2]} }

func (t *timing) saved() savedTiming {
	return savedTiming{Spans: t.spans, Log: t.log.saved(), Seconds: t.seconds, Example: t.example, Longest: t.longest}
}

func (s *savedTiming) timing() *timing {
	return &timing{spans: s.Spans, log: restoredMoments(s.Log), seconds: s.Seconds, example: s.Example, longest: s.Longest}
}

func savedDivisionOf(d division) savedDivision {
	return savedDivision{Service: d.service, Operation: d.operation, By: d.by, Value: d.value}
}

func (s savedDivision) division() division {
	return division{service: s.Service, operation: s.Operation, by: s.By, value: s.Value}
}

func savedSummaries(all []*Summary) []savedSummary {
	out := make([]savedSummary, 0, len(all))
	for _, s := range all {
		out = append(out, s.saved())
	}
	return out
}

func (s *Summary) saved() savedSummary {
	out := savedSummary{Traces: s.Traces, Spans: s.Spans, Dropped: s.Dropped, Busy: s.busy}
	for p, t := range s.times {
		x := t.saved()
		x.Place = &p
		out.Times = append(out.Times, x)
	}
	for d, t := range s.divisions {
		x, of := t.saved(), savedDivisionOf(d)
		x.Division = &of
		out.Divisions = append(out.Divisions, x)
	}
	for l, e := range s.links {
		out.Links = append(out.Links, savedLink{Parent: l.parent, Sort: l.sort, Service: l.service, What: l.what, Moments: e.saved(), Example: e.example})
	}
	for d, r := range s.roots {
		out.Roots = append(out.Roots, savedRoot{Division: savedDivisionOf(d), Log: r.log.saved(), Failed: r.failed.saved(), Longest: r.longest, Example: r.example})
	}
	for p, t := range s.templates {
		out.Templates = append(out.Templates, savedTemplate{Pattern: p, Text: t.text, Severe: t.severe})
	}
	return out
}

// summary makes the maps again, within the bounds.
func (s *savedSummary) summary(b Bounds) *Summary {
	out := NewSummary(b)
	out.Traces, out.Spans, out.Dropped, out.busy = s.Traces, s.Spans, s.Dropped, s.Busy
	for i := range s.Times[:min(len(s.Times), out.bounds.Places)] {
		if t := &s.Times[i]; t.Place != nil {
			out.times[*t.Place] = t.timing()
		}
	}
	for i := range s.Divisions[:min(len(s.Divisions), out.bounds.Places)] {
		if t := &s.Divisions[i]; t.Division != nil {
			out.divisions[t.Division.division()] = t.timing()
		}
	}
	for _, l := range s.Links[:min(len(s.Links), out.bounds.Links)] {
		out.links[link{parent: l.Parent, sort: l.Sort, service: l.Service, what: l.What}] = &event{moments: restoredMoments(l.Moments), example: l.Example}
	}
	for _, r := range s.Roots[:min(len(s.Roots), out.bounds.Places)] {
		out.roots[r.Division.division()] = &root{log: restoredMoments(r.Log), failed: restoredMoments(r.Failed), longest: r.Longest, example: r.Example}
	}
	for _, t := range s.Templates[:min(len(s.Templates), out.bounds.Links)] {
		out.templates[t.Pattern] = template{text: t.Text, severe: t.Severe}
	}
	return out
}
