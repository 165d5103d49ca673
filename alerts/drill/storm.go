package drill

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tidewatch/tidewatch/alerts"
)

// Scenarios.
const (
	ScenarioSingle    = "single"     // one cause, among its symptoms
	ScenarioSeveral   = "several"    // several causes at several places at once
	ScenarioLateCause = "late-cause" // the cause fires when its symptoms were told already
	ScenarioFlapping  = "flapping"   // one cause; the conditions of a third of the symptoms come and go
)

// Scenarios in the order in which they are run.
var Scenarios = []string{ScenarioSingle, ScenarioSeveral, ScenarioLateCause, ScenarioFlapping}

// Settings of a storm.
type Settings struct {
	Scenario string
	Seed     uint64
	// Alerts is how many there are in all.
	Alerts int
	// Causes is how many true ones there are; zero is one, and three for ScenarioSeveral.
	Causes int
	// Cause is the ID of the rule to be the cause; empty lets the seed choose.
	Cause string
	// Bystanders are alerts at other places, which no cause explains: they must be told.
	Bystanders int
	// Spread is within which time the storm begins, Late how long after that a late cause
	// fires, Length when it all ends.
	Spread, Late, Length time.Duration
}

// DefaultSettings of a scenario.
func DefaultSettings(scenario string, seed uint64) Settings {
	s := Settings{
		Scenario: scenario, Seed: seed,
		Alerts:     500,              // what a rack or a node pool does
		Causes:     1,                //
		Bystanders: 2,                // enough to see that inhibition is not too wide
		Spread:     10 * time.Second, // rules are evaluated at different times of a minute; the first ones count
		Late:       45 * time.Second, // beyond a group_wait of 30 s
		Length:     7 * time.Minute,  // group_wait, group_interval, and some more
	}
	if scenario == ScenarioSeveral {
		s.Causes = 3
	}
	return s
}

// Validate names what is wrong.
func (s *Settings) Validate() error {
	switch {
	case !slices.Contains(Scenarios, s.Scenario):
		return fmt.Errorf("scenario %q is none of single, several, late-cause and flapping", s.Scenario)
	case s.Causes < 1 || s.Causes > 50:
		return errors.New("causes must be from 1 to 50")
	case s.Alerts < 2*s.Causes+s.Bystanders || s.Alerts > 20000:
		return errors.New("alerts must be at least two a cause with the bystanders added, and at most 20000")
	case s.Bystanders < 0:
		return errors.New("bystanders must not be negative")
	case s.Spread <= 0 || s.Late <= 0 || s.Length <= s.Spread+s.Late:
		return errors.New("the storm must last for longer than it takes to begin")
	}
	return nil
}

// Roles of alerts.
const (
	RoleCause     = "cause"
	RoleSymptom   = "symptom"
	RoleBystander = "bystander"
)

// Alert of a storm.
type Alert struct {
	Labels, Annotations map[string]string
	Rule                *alerts.Rule
	Role                string
	// Cause is the number of the cause that explains it, -1 for a bystander.
	Cause int
	// On is when it fires, since the storm began: one interval, or several where it flaps.
	On []Interval
	// Flaps says that its condition comes and goes, whether or not keep_firing_for hides it.
	Flaps bool
}

// Interval of a storm; an end of zero is that of the storm.
type Interval struct{ From, To time.Duration }

// Storm is what fires.
type Storm struct {
	Settings

	Alerts []Alert
	causes []int // indexes of the causes' alerts
}

// Generate makes a storm out of a ledger. The same settings and ledger make the same storm.
func Generate(l alerts.Ledger, s Settings) (Storm, error) {
	if err := s.Validate(); err != nil {
		return Storm{}, err
	}
	g := generator{ledger: l, rng: rand.New(rand.NewPCG(s.Seed, 0x5707)), storm: Storm{Settings: s}, seen: map[string]bool{}}
	roots, err := g.roots()
	if err != nil {
		return Storm{}, err
	}
	var chains []*chain
	for i := 0; len(chains) < s.Causes && i < s.Causes+len(roots); i++ {
		c := g.chainOf(len(chains), roots[i%len(roots)])
		if !slices.ContainsFunc(chains, func(o *chain) bool { return o.explains(c.cause) || c.explains(o.cause) }) {
			chains = append(chains, c) // else one would be the other's symptom
		}
	}
	g.causes(chains)
	g.bystanders(chains)
	g.symptoms(chains)
	return g.storm, nil
}

type generator struct {
	ledger alerts.Ledger
	rng    *rand.Rand
	storm  Storm
	seen   map[string]bool // label sets
}

// followers are the rules that name one in inhibited_by and can be seen to fire.
func (g *generator) followers(id string) (out []*alerts.Rule) {
	for _, r := range g.ledger.Enabled() {
		if slices.Contains(r.InhibitedBy, id) && r.ID != id && example(r) != nil {
			out = append(out, r)
		}
	}
	return out
}

// roots are rules that may be causes, in an order chosen by the seed; those of which much
// follows come first more often.
func (g *generator) roots() ([]*alerts.Rule, error) {
	if id := g.storm.Cause; id != "" {
		r, ok := g.ledger.Rule(id)
		if !ok || r.Disabled {
			return nil, fmt.Errorf("there is no rule %s", id)
		}
		if len(g.followers(id)) == 0 || example(r) == nil {
			return nil, fmt.Errorf("rule %s cannot be a cause: no rule names it in inhibited_by, or no test of it fires", id)
		}
		return []*alerts.Rule{r}, nil
	}
	type candidate struct {
		rule *alerts.Rule
		key  float64
	}
	var all []candidate
	for _, r := range g.ledger.Enabled() {
		if r.Severity == alerts.SeverityInfo || example(r) == nil {
			continue
		}
		if n := len(g.chainOf(0, r).links); n > 0 {
			all = append(all, candidate{r, g.rng.ExpFloat64() / float64(n)})
		}
	}
	if len(all) == 0 {
		return nil, errors.New("no rule has inhibited_by: a storm needs causes and what follows from them")
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return cmp.Compare(a.key, b.key) })
	out := make([]*alerts.Rule, len(all))
	for i, c := range all {
		out[i] = c.rule
	}
	return out, nil
}

// chain is a cause and what follows from it, also from what follows.
type chain struct {
	number int
	place  place
	cause  *alerts.Rule
	links  []link
}

// link is a rule of a chain and the labels that its alerts share with the one that they follow from.
type link struct {
	rule  *alerts.Rule
	fixed map[string]string
	n     int // alerts so far
}

// explains says whether the cause is about everything and a rule follows from it, wherever that fires.
func (c *chain) explains(r *alerts.Rule) bool {
	return c.place.wide && (c.cause == r || c.follows(r))
}

func (c *chain) follows(r *alerts.Rule) bool {
	return slices.ContainsFunc(c.links, func(l link) bool { return l.rule == r })
}

func (g *generator) chainOf(number int, cause *alerts.Rule) *chain {
	c := &chain{number: number, cause: cause, place: g.place(number)}
	c.place.wide = !placed(cause)
	labels := map[string]map[string]string{cause.ID: labelsOf(cause, c.place, 0, nil)}
	for queue := []*alerts.Rule{cause}; len(queue) > 0; queue = queue[1:] {
		by := queue[0]
		for _, r := range g.followers(by.ID) {
			if labels[r.ID] != nil {
				continue
			}
			fixed := map[string]string{}
			for _, name := range alerts.EqualLabels(r, by) {
				fixed[name] = labels[by.ID][name]
			}
			labels[r.ID] = labelsOf(r, c.place, 0, fixed)
			c.links = append(c.links, link{rule: r, fixed: fixed})
			queue = append(queue, r)
		}
	}
	return c
}

func (g *generator) causes(chains []*chain) {
	for _, c := range chains {
		from := time.Duration(g.rng.Int64N(int64(g.storm.Spread) / 2))
		if g.storm.Scenario == ScenarioLateCause {
			from = g.storm.Spread + g.storm.Late
		}
		a := Alert{Labels: labelsOf(c.cause, c.place, 0, nil), Rule: c.cause, Role: RoleCause, Cause: c.number, On: []Interval{{From: from}}}
		if g.add(a) {
			g.storm.causes = append(g.storm.causes, len(g.storm.Alerts)-1)
		}
	}
}

// bystanders are alerts at places where no cause is, of rules that notify somebody: of those that follow from the
// causes, or, where these are about everything, of others.
func (g *generator) bystanders(chains []*chain) {
	var rules, others []*alerts.Rule
	for _, r := range g.ledger.Enabled() {
		switch {
		case r.Severity == alerts.SeverityInfo || example(r) == nil || slices.ContainsFunc(chains, func(c *chain) bool { return c.cause == r || c.explains(r) }):
		case slices.ContainsFunc(chains, func(c *chain) bool { return c.follows(r) }):
			rules = append(rules, r)
		case placed(r):
			others = append(others, r)
		}
	}
	if len(rules) == 0 {
		rules = others
	}
	for i := range g.storm.Bystanders {
		if len(rules) == 0 {
			return
		}
		r := rules[g.rng.IntN(len(rules))]
		g.add(Alert{Labels: labelsOf(r, g.place(1000+i), 0, nil), Rule: r, Role: RoleBystander, Cause: -1, On: []Interval{{From: g.begin()}}})
	}
}

// symptoms fill the storm up, the same number for each cause and about the same for each rule. The first of each rule
// are those that others follow from.
func (g *generator) symptoms(chains []*chain) {
	for i, stuck := 0, 0; len(g.storm.Alerts) < g.storm.Settings.Alerts && stuck < 10000; i++ {
		c := chains[i%len(chains)]
		if len(c.links) == 0 {
			stuck++
			continue
		}
		l := &c.links[i/len(chains)%len(c.links)]
		a := Alert{Labels: labelsOf(l.rule, c.place, l.n, l.fixed), Rule: l.rule, Role: RoleSymptom, Cause: c.number}
		l.n++
		a.On, a.Flaps = g.on(l.rule)
		if !g.add(a) {
			stuck++
		}
	}
}

func (g *generator) begin() time.Duration { return time.Duration(g.rng.Int64N(int64(g.storm.Spread))) }

// on is when a symptom fires, and whether its condition comes and goes. A rule with keep_firing_for does not tell of
// pauses that are shorter.
func (g *generator) on(r *alerts.Rule) (on []Interval, flaps bool) {
	from := g.begin()
	if g.storm.Scenario != ScenarioFlapping || g.rng.IntN(3) > 0 {
		return []Interval{{From: from}}, false
	}
	keep := time.Duration(r.Trigger.KeepFiringFor)
	for at := from; at < g.storm.Length; {
		end := at + time.Duration(20+g.rng.IntN(40))*time.Second
		next := end + time.Duration(20+g.rng.IntN(160))*time.Second
		if n := len(on); n > 0 && on[n-1].To >= at {
			on[n-1].To = end + keep
		} else {
			on = append(on, Interval{at, end + keep})
		}
		at = next
	}
	if last := &on[len(on)-1]; last.To >= g.storm.Length {
		last.To = 0
	}
	return on, true
}

// add takes an alert unless there is one with the same labels.
func (g *generator) add(a Alert) bool {
	k := Key(a.Labels)
	if g.seen[k] {
		return false
	}
	g.seen[k] = true
	a.Annotations = map[string]string{"summary": a.Rule.ID + " of a drill: nothing is wrong", "drill": "true"}
	g.storm.Alerts = append(g.storm.Alerts, a)
	return true
}

// Event is a change of alerts.
type Event struct {
	At     time.Duration
	Alert  int
	Firing bool
}

// Events are all changes but the end of the storm, in order.
func (s *Storm) Events() (out []Event) {
	for i := range s.Alerts {
		for _, on := range s.Alerts[i].On {
			out = append(out, Event{on.From, i, true})
			if on.To > 0 {
				out = append(out, Event{on.To, i, false})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Event) int { return cmp.Compare(a.At, b.At) })
	return out
}
