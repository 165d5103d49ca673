package rootcause

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Fault is the class of a cause.
type Fault string

// Classes of causes; empty is one that is not known.
const (
	Busy         Fault = "cpu"
	Network      Fault = "network"
	Code         Fault = "code"
	SlowService  Fault = "latency"
	Availability Fault = "availability"
)

// Suspect is a service that may be the cause.
type Suspect struct {
	Service   string `json:"service"`
	Operation string `json:"operation,omitempty"`
	// Instance and Host are set if the evidence is about one of them.
	Instance string `json:"instance,omitempty"`
	Host     string `json:"host,omitempty"`
	Version  string `json:"version,omitempty"`
	// Separates says what tells its bad requests from its good ones.
	Separates []string `json:"separates,omitempty"`
	Fault     Fault    `json:"fault,omitempty"`
	// Confidence is about how often a suspect with such evidence is the cause, 0 to 1.
	Confidence float64 `json:"confidence"`
	Clues      []Clue  `json:"clues,omitempty"`

	score float64
}

// Input is what is known of a window. Everything but Window and Baseline may be
// missing, and these may be empty.
type Input struct {
	Window   *Summary
	Baseline *Baseline
	Series   []Series
	// Notes are what other detectors found.
	Notes []Note
	// Calls is the graph of services where spans do not show it.
	Calls []Call
}

// Unknown is the confidence below which a suspect is no answer.
const Unknown = 0.5

// Analyze ranks the suspects, the likeliest first. None, or a first one below
// Unknown, says that the cause is not known or that nothing is wrong.
func Analyze(in Input) []Suspect {
	var clues []Clue
	calls := in.Calls
	if in.Window != nil && in.Baseline != nil && in.Window.Traces > 0 {
		clues = append(clues, timeClues(in.Window, in.Baseline)...)
		clues = append(clues, courseClues(in.Window, in.Baseline)...)
		for from, to := range in.Baseline.calls {
			for callee := range to {
				calls = append(calls, Call{from, callee})
			}
		}
	} else {
		clues = append(clues, flowClues(in.Series, calls)...)
	}
	clues = append(clues, resourceClues(in.Series, in.Window, clues)...)
	for _, n := range in.Notes {
		clues = append(clues, n.clue(clues)...)
	}
	out := rank(clues, calls)
	if in.Window != nil && in.Baseline != nil {
		host := slowHost(in.Window, in.Baseline)
		for i := range out[:min(len(out), 10)] {
			out[i].separate(in.Window, in.Baseline, host)
		}
		sharedHost(out)
	}
	return out
}

// sharedHost lets suspects that are all bad on one host count as one: what they have
// in common is the cause, and the first of them stands for it.
func sharedHost(all []Suspect) {
	if len(all) == 0 || all[0].Host == "" {
		return
	}
	first := &all[0]
	open, rival, others := 1-first.score, 0.0, 0
	for _, s := range all[1:] {
		if s.Host == first.Host {
			open *= 1 - s.score
			others++
		} else {
			rival = max(rival, s.score)
		}
	}
	if others > 0 {
		first.Separates = append(first.Separates, fmt.Sprintf("so are %d other services on %s", others, first.Host))
		first.Confidence = confidence(1-open, rival)
	}
}

// weights are how far a channel's strongest evidence alone may carry.
var weights = map[Channel]float64{
	OwnTime: 0.9, OwnErrors: 0.9, Course: 0.8, LogLines: 0.8, GivenUp: 0.7, Resource: 0.9, LostTime: 0.9, LostRequests: 0.9,
}

// rank joins the clues about each service. Channels are taken to be independent:
// what all of them leave open multiplies. A service whose callees are suspects has
// its changed course and log lines from them.
func rank(clues []Clue, calls []Call) []Suspect {
	best := map[string]map[Channel]float64{}
	by := map[string][]Clue{}
	for _, c := range clues {
		if c.Strength <= hint/10 {
			continue
		}
		if best[c.service] == nil {
			best[c.service] = map[Channel]float64{}
		}
		best[c.service][c.Channel] = max(best[c.service][c.Channel], c.Strength)
		by[c.service] = append(by[c.service], c)
	}
	own := map[string]float64{}
	for s, channels := range best {
		own[s] = join(channels, 1)
	}
	below := reach(calls)
	var out []Suspect
	for s, channels := range best {
		deepest := 0.0
		for callee := range below[s] {
			if !below[callee][s] {
				deepest = max(deepest, own[callee])
			}
		}
		x := Suspect{Service: s, score: join(channels, 1-0.8*deepest), Clues: by[s]}
		x.describe()
		out = append(out, x)
	}
	slices.SortFunc(out, func(a, b Suspect) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.Service, b.Service))
	})
	for i := range out {
		rival := 0.0
		if i == 0 && len(out) > 1 {
			rival = out[1].score
		} else if i > 0 {
			rival = out[0].score
		}
		out[i].Confidence = confidence(out[i].score, rival)
	}
	return out
}

// symptoms are the channels in which a service may show what its callees did.
var symptoms = map[Channel]bool{Course: true, LogLines: true, OwnErrors: true}

func join(channels map[Channel]float64, symptom float64) float64 {
	open := 1.0
	for ch, s := range channels {
		if symptoms[ch] {
			s *= symptom
		}
		open *= 1 - weights[ch]*s
	}
	return 1 - open
}

// confidence is high for strong evidence that no other suspect has.
func confidence(score, rival float64) float64 {
	a, b := -math.Log1p(-min(score, 0.999)), -math.Log1p(-min(rival, 0.999))
	if a == 0 {
		return 0
	}
	return score * a * a / (a*a + b*b)
}

// reach is the services below each service.
func reach(calls []Call) map[string]map[string]bool {
	direct := map[string][]string{}
	for _, c := range calls {
		direct[c.Caller] = append(direct[c.Caller], c.Callee)
	}
	out := make(map[string]map[string]bool, len(direct))
	for s := range direct {
		seen := map[string]bool{}
		todo := slices.Clone(direct[s])
		for len(todo) > 0 {
			x := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			if !seen[x] && x != s {
				seen[x] = true
				todo = append(todo, direct[x]...)
			}
		}
		out[s] = seen
	}
	return out
}

// describe takes operation, instance and class from the strongest clues.
func (s *Suspect) describe() {
	slices.SortFunc(s.Clues, func(a, b Clue) int {
		return cmp.Or(cmp.Compare(b.Strength, a.Strength), cmp.Compare(a.Text, b.Text))
	})
	for _, c := range s.Clues {
		s.Operation = cmp.Or(s.Operation, c.Operation)
		s.Instance = cmp.Or(s.Instance, c.Instance)
		s.Host = cmp.Or(s.Host, c.Host)
		s.Fault = cmp.Or(s.Fault, c.fault)
		if c.fault == Busy && c.Strength > 0.3 {
			s.Fault = Busy
		}
	}
}
