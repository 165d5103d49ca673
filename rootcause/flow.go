package rootcause

import "fmt"

// Call says that a service calls another.
type Call struct{ Caller, Callee string }

// serviceState is what the series say of one service.
type serviceState struct {
	requests               float64
	latency, failures      level
	hasLatency, hasFailure bool
}

// flowClues attribute lost time and lost requests where services are known from
// outside only. What a service loses passes on to its callers; the cause is where
// more is lost than its callees explain.
func flowClues(series []Series, calls []Call) []Clue {
	states := states(series)
	callees, callers := map[string][]string{}, map[string][]string{}
	for _, c := range calls {
		if c.Caller != c.Callee {
			callees[c.Caller] = append(callees[c.Caller], c.Callee)
			callers[c.Callee] = append(callers[c.Callee], c.Caller)
		}
	}
	below := reach(calls)
	time := flow{
		loss:  func(s *serviceState) (level, bool) { return s.latency, s.hasLatency },
		whole: func(s *serviceState) float64 { return s.latency.usual },
	}
	failed := flow{
		loss:  func(s *serviceState) (level, bool) { return s.failures, s.hasFailure },
		whole: func(*serviceState) float64 { return 0.1 },
	}
	felt := frontDoor(states, callers, below)
	clues := transferClues(series, felt)
	for _, x := range time.own(states, callees, callers) {
		x.clue.Strength *= felt[x.clue.service]
		x.clue.Channel, x.clue.fault, x.clue.Unit = LostTime, SlowService, "s"
		x.clue.Text = fmt.Sprintf("its requests take %s, usually %s, and what it calls does not explain that", span(x.clue.Now), span(x.clue.Usual))
		clues = append(clues, x.clue)
	}
	for _, x := range failed.own(states, callees, callers) {
		x.clue.Strength *= felt[x.clue.service]
		x.clue.Channel, x.clue.fault, x.clue.Unit = LostRequests, Availability, "share"
		x.clue.Text = fmt.Sprintf("%.2g %% of its requests fail, usually %.2g %%, and what it calls does not explain that", 100*x.clue.Now, 100*x.clue.Usual)
		clues = append(clues, x.clue)
	}
	return clues
}

// unfelt is what remains of the strength of a loss that no user notices.
const unfelt = 0.3

// frontDoor is by how much each service's trouble counts: all of it if the
// services at which users come in lose too.
func frontDoor(states map[string]*serviceState, callers map[string][]string, below map[string]map[string]bool) map[string]float64 {
	var most float64
	for _, s := range states {
		most = max(most, s.requests)
	}
	felt := make(map[string]float64, len(states))
	for name := range states {
		felt[name] = unfelt
	}
	known := false
	for door, s := range states {
		if len(callers[door]) > 0 || s.requests < most/10 || !s.hasLatency && !s.hasFailure {
			continue
		}
		known = true
		z := max(s.latency.z, s.failures.z)
		share := unfelt + (1-unfelt)*min(1, max(0, z-1)/2)
		felt[door] = max(felt[door], share)
		for name := range below[door] {
			felt[name] = max(felt[name], share)
		}
	}
	if !known {
		for name := range felt {
			felt[name] = 1
		}
	}
	return felt
}

// states collects the series of each service; of several instances, the one that
// is worst.
func states(series []Series) map[string]*serviceState {
	out := map[string]*serviceState{}
	for i := range series {
		s := &series[i]
		if s.Callee != "" || s.Role != Latency && s.Role != Failures && s.Role != Requests {
			continue
		}
		l, ok := s.read()
		if !ok {
			continue
		}
		st := out[s.Service]
		if st == nil {
			st = &serviceState{}
			out[s.Service] = st
		}
		switch s.Role {
		case Latency:
			if !st.hasLatency || l.z > st.latency.z {
				st.latency, st.hasLatency = l, true
			}
		case Failures:
			if !st.hasFailure || l.z > st.failures.z {
				st.failures, st.hasFailure = l, true
			}
		case Requests:
			st.requests += max(quantile(values(s.Now), 0.5), 0)
		}
	}
	for _, st := range out {
		if st.hasLatency {
			st.latency = st.latency.of(st.requests, Latency)
		}
		if st.hasFailure {
			st.failures = st.failures.of(st.requests, Failures)
		}
	}
	return out
}

type flow struct {
	loss  func(*serviceState) (level, bool)
	whole func(*serviceState) float64
}

type owned struct {
	clue Clue
	lost float64
}

// own is what each service loses beyond what its callees lose.
func (f flow) own(states map[string]*serviceState, callees, callers map[string][]string) []owned {
	lost, z := map[string]float64{}, map[string]float64{}
	tests, most, biggest := 0, 0.0, 0.0
	for name, s := range states {
		l, ok := f.loss(s)
		if !ok {
			continue
		}
		tests++
		most = max(most, s.requests*f.whole(s))
		if l.z > 0 {
			lost[name], z[name] = (l.now-l.usual)*s.requests, l.z
		}
	}
	var out []owned
	for name, total := range lost {
		s := states[name]
		l, _ := f.loss(s)
		strength := surprise(z[name], tests*4)
		if strength < hint/10 {
			continue
		}
		explained := 0.0
		for _, c := range callees[name] {
			if surprise(z[c], tests*4) > hint {
				explained += lost[c] * share(states, name, callers[c])
			}
		}
		own := max(0, total-explained)
		biggest = max(biggest, own)
		out = append(out, owned{lost: own, clue: Clue{
			service: name, Sigmas: l.z, Usual: l.usual, Now: l.now, Strength: strength * material(total/max(most, 1e-12)),
		}})
	}
	for i := range out {
		out[i].clue.Strength *= out[i].lost / max(biggest, 1e-12)
	}
	return out
}

// share is how much of what a callee loses is this caller's: by requests.
func share(states map[string]*serviceState, caller string, callers []string) float64 {
	var all float64
	for _, c := range callers {
		if s := states[c]; s != nil {
			all += s.requests
		}
	}
	if all == 0 {
		return 1
	}
	return states[caller].requests / all
}
