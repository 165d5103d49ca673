package incident

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Errors of what people ask for.
var (
	ErrUnknown = errors.New("there is no such incident; it may have been evicted")
	ErrState   = errors.New("the incident's state does not allow it")
	ErrInvalid = errors.New("what was asked for is not usable")
)

func (e *Engine) find(id string) (*group, error) {
	g := e.groups[id]
	if g == nil {
		return nil, fmt.Errorf("%w: %s", ErrUnknown, clip(id, 64))
	}
	return g, nil
}

// Acknowledge says that by takes care of an incident.
func (e *Engine) Acknowledge(id, by string, now time.Time) error {
	g, err := e.find(id)
	switch {
	case err != nil:
		return err
	case by == "":
		return fmt.Errorf("%w: by must say who acknowledges", ErrInvalid)
	case !g.live():
		return fmt.Errorf("acknowledge %s: %w: it is %s", id, ErrState, g.State)
	}
	g.State, g.Owner, g.urgent, g.dirty = StateAcknowledged, clip(by, maxName), ChangeAcknowledged, true
	g.note(now, ChangeAcknowledged, g.Owner, "")
	return nil
}

// Resolve says that an incident is over, whatever its findings say. It opens again if
// one of them begins anew.
func (e *Engine) Resolve(id, by, text string, now time.Time) error {
	g, err := e.find(id)
	switch {
	case err != nil:
		return err
	case by == "":
		return fmt.Errorf("%w: by must say who resolves", ErrInvalid)
	case !g.live():
		return fmt.Errorf("resolve %s: %w: it is %s", id, ErrState, g.State)
	}
	e.end(g, now, ResolutionPerson, clip(by, maxName), text)
	return nil
}

// Noise says that the cause's findings, or the one that is named, are noise until
// expires. The suppressions hold at once; they are returned to be written for review.
// The incident ends.
func (e *Engine) Noise(id string, n Noise, now time.Time) ([]Suppression, error) {
	finding, owner, reason, expires := n.Finding, n.Owner, n.Reason, n.Expires
	g, err := e.find(id)
	switch {
	case err != nil:
		return nil, err
	case owner == "":
		return nil, fmt.Errorf("%w: owner must say who is answerable for it", ErrInvalid)
	case !expires.After(now):
		return nil, fmt.Errorf("%w: expires must be in the future: nothing is noise for ever", ErrInvalid)
	case finding != "" && g.members[finding] == nil:
		return nil, fmt.Errorf("%w: the incident has no finding %s", ErrInvalid, clip(finding, 64))
	}
	var out []Suppression
	for _, m := range g.sorted() {
		if finding == "" && m.Role != RoleCause || finding != "" && m.ID != finding {
			continue
		}
		s := suppressionOf(m)
		s.Owner, s.Reason, s.Created, s.Expires, s.Incident = clip(owner, maxName), clip(reason, maxText), now.UTC(), expires.UTC(), g.ID
		if s.Validate() == nil && !slices.ContainsFunc(out, func(o Suppression) bool { return o.ID == s.ID }) {
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%w: no finding of the cause says what it is about; name one", ErrInvalid)
	}
	e.Suppress(append(e.Suppressions(), out...))
	if finding == "" && g.live() {
		e.end(g, now, ResolutionNoise, clip(owner, maxName), reason)
	}
	return out, nil
}

// Suppress replaces the suppressions. Of those with an id that was there before the
// hits go on; beyond the limit the ones that expire first are left out.
func (e *Engine) Suppress(all []Suppression) {
	before := map[string]*Suppression{}
	for _, s := range e.suppressed {
		before[s.ID] = s
	}
	byID := map[string]*Suppression{}
	e.suppressed = nil
	for i := range all {
		s := all[i]
		if s.ID == "" {
			s.ID = s.hash()
		}
		if o := byID[s.ID]; o != nil {
			*o = s
			continue
		}
		byID[s.ID] = &s
		e.suppressed = append(e.suppressed, &s)
	}
	for id, o := range before {
		if s := byID[id]; s != nil {
			s.Hits, s.Last = o.Hits, o.Last
		}
	}
	if n := len(e.suppressed) - e.set.MaxSuppressions; n > 0 {
		slices.SortStableFunc(e.suppressed, func(a, b *Suppression) int { return a.Expires.Compare(b.Expires) })
		e.suppressed = slices.Delete(e.suppressed, 0, n)
	}
}

// Suppressions returns copies, with their hits.
func (e *Engine) Suppressions() []Suppression {
	out := make([]Suppression, 0, len(e.suppressed))
	for _, s := range e.suppressed {
		out = append(out, *s)
	}
	return out
}

// suppress says whether a finding is noise, and counts it.
func (e *Engine) suppress(f *Finding, now time.Time) bool {
	for _, s := range e.suppressed {
		if s.Matches(f, now) {
			s.Hits++
			s.Last = now
			e.stats.Suppressed++
			return true
		}
	}
	return false
}

// Lesson is what a person teaches of an incident: "this was it".
type Lesson struct {
	// Finding or Node names the cause; both empty keep the one that the engine found.
	Finding string `json:"finding,omitempty"`
	Node    Node   `json:"node,omitempty"`
	By      string `json:"by"`
	// Entry is what goes to the catalogue; what is empty is filled in from the incident.
	Entry Entry `json:"entry"`
}

// Cause sets the cause of an incident for good and returns the entry by which it is
// known again.
func (e *Engine) Cause(id string, l Lesson, now time.Time) (Entry, error) {
	g, err := e.find(id)
	if err != nil {
		return Entry{}, err
	}
	node := g.Cause
	switch m := g.members[l.Finding]; {
	case l.By == "":
		return Entry{}, fmt.Errorf("%w: by must say who knows", ErrInvalid)
	case l.Finding != "" && m == nil:
		return Entry{}, fmt.Errorf("%w: the incident has no finding %s", ErrInvalid, clip(l.Finding, 64))
	case l.Finding != "":
		node = m.Node
	case l.Node != "":
		node = Node(clip(string(l.Node), maxName))
	}
	var members []*Member
	entry := l.Entry
	entry.Learned = Learned{Incident: g.ID, By: clip(l.By, maxName), At: now.UTC()}
	for _, m := range g.sorted() {
		if m.Node == node && (l.Finding == "" || m.ID == l.Finding) {
			members = append(members, m)
			entry.Learned.Findings = append(entry.Learned.Findings, m.ID)
		}
	}
	entry.complete(members)
	if err := entry.Validate(); err != nil {
		return Entry{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	g.Cause, g.CauseBy, g.CauseWhy = node, entry.Learned.By, entry.Learned.By+" says so"
	g.dirty, g.urgent = true, ChangeUpdated
	if g.State == StateResolved {
		g.urgent = ""
	}
	g.note(now, "cause", entry.Learned.By, entry.Code)
	for _, f := range entry.Learned.Findings {
		if _, ok := e.lessons[f]; ok || len(e.lessons) < e.set.MaxSuppressions {
			e.lessons[f] = entry.Code
		}
	}
	e.judge(g)
	return entry, nil
}
