package rootcause

import "fmt"

// resourceClues find instances that use unusually much CPU or memory. It is no
// cause while the service's own time, where spans show it, stays as it was.
func resourceClues(series []Series, w *Summary, times []Clue) []Clue {
	seen, slower := map[string]bool{}, map[string]float64{}
	if w != nil {
		for p := range w.times {
			seen[p.Service] = true
		}
	}
	for _, c := range times {
		slower[c.service] = max(slower[c.service], c.Strength)
	}
	var clues []Clue
	tests := 0
	for i := range series {
		s := &series[i]
		if s.Role != CPU && s.Role != Memory {
			continue
		}
		l, ok := s.read()
		if !ok || len(values(s.Past)) < 5 {
			continue
		}
		tests++
		if l.z <= 0 {
			continue
		}
		what := "CPU"
		if s.Role == Memory {
			what = "memory"
		}
		c := Clue{
			Channel: Resource, Sigmas: l.z, Usual: l.usual, Now: l.now, Unit: "share", Instance: s.Instance, Host: s.Host, service: s.Service,
			// What it has left matters more than how unusual it is.
			Strength: min(1, max(0, l.now-l.usual)/0.4),
			Text:     fmt.Sprintf("it uses %.0f %% of its %s, usually %.0f %%", 100*l.now, what, 100*l.usual),
		}
		if s.Role == CPU {
			c.fault = Busy
		}
		clues = append(clues, c)
	}
	for i := range clues {
		c := &clues[i]
		c.Strength *= surprise(c.Sigmas, tests)
		if seen[c.service] {
			c.Strength *= unfelt + (1-unfelt)*min(1, slower[c.service]/0.3)
		}
	}
	return clues
}

// transferClues find calls that are longer under way than usual, where that is
// known from outside.
func transferClues(series []Series, felt map[string]float64) []Clue {
	var clues []Clue
	tests := 0
	for i := range series {
		s := &series[i]
		if s.Role != Transfer || s.Callee == "" {
			continue
		}
		l, ok := s.read()
		if !ok {
			continue
		}
		tests++
		if l.z > 0 {
			clues = append(clues, Clue{
				Channel: OwnTime, Sigmas: l.z, Usual: l.usual, Now: l.now, Unit: "s", service: s.Callee, fault: Network,
				Text: fmt.Sprintf("calls from %s are %s under way, usually %s", s.Service, span(l.now), span(l.usual)),
			})
		}
	}
	for i := range clues {
		clues[i].Strength = surprise(clues[i].Sigmas, tests) * felt[clues[i].service]
	}
	return clues
}
