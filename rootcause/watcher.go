package rootcause

import (
	"cmp"
	"slices"
	"time"
)

// WatcherOptions say what a Watcher compares. Zero values mean the defaults.
type WatcherOptions struct {
	// Step is how often Check is called. Default 10 s.
	Step time.Duration
	// Window is what is compared with the past. Default 60 s: long enough for some
	// dozen requests of each kind, short enough that half of it shows a fault soon.
	Window time.Duration
	// Blocks is how many recent windows are kept as the past, and as many again that
	// are each Blocks windows apart. Default 8: an hour and a quarter.
	Blocks int
	// Streak is how many checks in a row must agree. Default 2.
	Streak int
	// ResolveAfter is how long requests must be as usual. Default 2 minutes.
	ResolveAfter time.Duration
	// AcceptAfter is when what lasts is taken to be usual. Default 1 hour.
	AcceptAfter time.Duration
	// UpdateEvery is the time between updates of an open verdict. Default 1 minute.
	UpdateEvery time.Duration
	// Notes is how many notes are kept. Default 500.
	Notes  int
	Bounds Bounds
}

func (o WatcherOptions) withDefaults() WatcherOptions {
	o.Step = cmp.Or(o.Step, 10*time.Second)
	o.Window = cmp.Or(o.Window, time.Minute)
	o.Blocks = cmp.Or(o.Blocks, 8)
	o.Streak = cmp.Or(o.Streak, 2)
	o.ResolveAfter = cmp.Or(o.ResolveAfter, 2*time.Minute)
	o.AcceptAfter = cmp.Or(o.AcceptAfter, time.Hour)
	o.UpdateEvery = cmp.Or(o.UpdateEvery, time.Minute)
	o.Notes = cmp.Or(o.Notes, 500)
	return o
}

// Watcher compares the last minute of traces with the time before, again and again.
// It answers when users notice something and the same suspect leads for some
// checks. It is not safe for concurrent use.
type Watcher struct {
	opt          WatcherOptions
	now          *Summary
	steps        []*Summary // the last ones, the oldest first
	pending      *Summary   // the window before, not yet known to be ordinary
	recent, past []*Summary
	baseline     *Baseline // of recent and past; nil when these changed
	closed       int       // steps since the last block
	blocks       int       // that were added to recent
	notes        map[Note]time.Time
	lost         uint64

	leader  string
	streak  int
	since   time.Time // of the trouble
	last    time.Time // when trouble was last seen
	open    *Verdict
	updated time.Time
}

// NewWatcher returns a Watcher that knows nothing yet.
func NewWatcher(opt WatcherOptions) *Watcher {
	opt = opt.withDefaults()
	return &Watcher{opt: opt, now: NewSummary(opt.Bounds), notes: map[Note]time.Time{}}
}

// Add counts a trace that has come to rest.
func (w *Watcher) Add(t *Trace) { w.now.Add(t) }

// Note keeps what another detector found, until it is over or ten minutes old. The
// oldest gives way when there are too many.
func (w *Watcher) Note(n Note, at time.Time, over bool) {
	if over {
		delete(w.notes, n)
		return
	}
	if _, ok := w.notes[n]; !ok && len(w.notes) >= w.opt.Notes {
		var oldest Note
		first := at.Add(time.Hour)
		for k, t := range w.notes {
			if t.Before(first) {
				oldest, first = k, t
			}
		}
		delete(w.notes, oldest)
		w.lost++
	}
	w.notes[n] = at
}

// Lost is how many notes gave way, and how many events there was no room to tell apart
// in the summaries that are kept.
func (w *Watcher) Lost() (notes, events uint64) {
	for _, s := range w.recent {
		events += s.Dropped
	}
	return w.lost, events
}

// Check closes a step and says what began, changed or ended.
func (w *Watcher) Check(now time.Time) []Verdict {
	w.steps = append(w.steps, w.now)
	w.now = NewSummary(w.opt.Bounds)
	if n := max(1, int(w.opt.Window/w.opt.Step)); len(w.steps) > n {
		w.steps = slices.Delete(w.steps, 0, len(w.steps)-n)
	}
	window := w.window(len(w.steps))
	w.closed++
	troubles, suspects := w.both(window, now)
	out := w.decide(troubles, suspects, now)
	if w.closed >= int(w.opt.Window/w.opt.Step) {
		w.closed = 0
		w.learn(window, w.last.Equal(now))
	}
	return out
}

// Explain ranks the suspects of the window as it is now, whether users notice or not.
func (w *Watcher) Explain(now time.Time) ([]Trouble, []Suspect) {
	return w.both(w.window(len(w.steps)), now)
}

// Story explains one trace by what is usual now.
func (w *Watcher) Story(t *Trace) Story { return Explain(t, w.usual()) }

// both compares the window, and the later half of it alone: what has just begun is
// clear there first. The clearer one counts.
func (w *Watcher) both(window *Summary, now time.Time) ([]Trouble, []Suspect) {
	troubles, suspects := w.compare(window, now)
	half := w.window((len(w.steps) + 1) / 2)
	if half.Traces < 20 {
		return troubles, suspects
	}
	t, s := w.compare(half, now)
	if len(t) > 0 && len(s) > 0 && (len(troubles) == 0 || len(suspects) == 0 || s[0].Confidence > suspects[0].Confidence) {
		return t, s
	}
	return troubles, suspects
}

// window is the last steps together.
func (w *Watcher) window(steps int) *Summary {
	s := NewSummary(w.opt.Bounds)
	for _, x := range w.steps[len(w.steps)-steps:] {
		s.Merge(x)
	}
	return s
}

func (w *Watcher) compare(window *Summary, now time.Time) ([]Trouble, []Suspect) {
	if len(w.recent)+len(w.past) < 3 || window.Traces == 0 {
		return nil, nil
	}
	b := w.usual()
	in := Input{Window: window, Baseline: b}
	for n, at := range w.notes {
		if now.Sub(at) > 10*time.Minute {
			delete(w.notes, n)
			continue
		}
		in.Notes = append(in.Notes, n)
	}
	slices.SortFunc(in.Notes, func(a, b Note) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Host, b.Host), cmp.Compare(a.Text, b.Text))
	})
	return Troubles(window, b), Analyze(in)
}

func (w *Watcher) decide(troubles []Trouble, suspects []Suspect, now time.Time) []Verdict {
	leader, streak := leading(suspects), w.opt.Streak
	if len(troubles) == 0 && leader != "" {
		streak++ // no kind of request as a whole shows it: it takes more to believe it
	}
	if len(troubles) > 0 || leader != "" {
		if w.last.IsZero() || now.Sub(w.last) >= w.opt.ResolveAfter {
			w.since = now.Add(-w.opt.Step)
		}
		w.last = now
	}
	switch {
	case leader == "":
		w.leader, w.streak = "", 0
	case leader == w.leader:
		w.streak++
	default:
		w.leader, w.streak = leader, 1
	}
	agreed := w.streak >= streak
	var out []Verdict
	lasted := !w.last.IsZero() && now.Sub(w.since) >= w.opt.AcceptAfter
	if w.open != nil {
		other := agreed && w.leader != w.open.Suspects[0].Service
		if other || lasted || now.Sub(w.last) >= w.opt.ResolveAfter {
			v := *w.open
			v.State, v.At = Resolved, now
			out = append(out, v)
			w.open = nil
		}
	}
	if lasted { // it has become usual: learn anew
		w.recent, w.past, w.baseline, w.pending, w.last = nil, nil, nil, nil, time.Time{}
		return out
	}
	v := Verdict{State: Open, Start: w.since, At: now, Suspects: suspects, Troubles: troubles, History: w.history()}
	if agreed {
		v.Affects = w.usual().callers(w.leader)
	}
	switch {
	case agreed && w.open == nil:
		w.open, w.updated = &v, now
		out = append(out, v)
	case agreed && now.Sub(w.updated) >= w.opt.UpdateEvery:
		v.State, v.Start = Updated, w.open.Start
		w.open, w.updated = &v, now
		out = append(out, v)
	}
	return out
}

// usual is what is known of ordinary time.
func (w *Watcher) usual() *Baseline {
	if w.baseline == nil {
		w.baseline = NewBaseline(slices.Concat(w.past, w.recent)...)
	}
	return w.baseline
}

// leading is the first suspect if it is an answer.
func leading(suspects []Suspect) string {
	if len(suspects) == 0 || suspects[0].Confidence < Unknown {
		return ""
	}
	return suspects[0].Service
}

// learn makes the window before this one part of the past, unless one of the two
// was not ordinary.
func (w *Watcher) learn(window *Summary, trouble bool) {
	if trouble || w.open != nil {
		w.pending = nil
		return
	}
	if w.pending != nil && w.pending.Traces > 0 {
		w.recent = append(w.recent, w.pending)
		w.blocks++
		if len(w.recent) > w.opt.Blocks {
			if w.blocks%w.opt.Blocks == 0 {
				w.past = append(w.past, w.recent[0])
				if len(w.past) > w.opt.Blocks {
					w.past = slices.Delete(w.past, 0, 1)
				}
			}
			w.recent = slices.Delete(w.recent, 0, 1)
		}
		w.baseline = nil
	}
	w.pending = window
}

func (w *Watcher) history() time.Duration {
	return time.Duration(len(w.recent)+len(w.past)) * w.opt.Window
}
