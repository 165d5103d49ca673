package rootcause

// Note is what another detector found in the window: an unusual metric, a change in
// the log. It supports a suspect; alone it is a hint.
type Note struct {
	Service, Instance, Host string
	// Channel is Resource or LogLines.
	Channel Channel
	// Score is how unusual it is, 0 to 1, as far as the detector knows.
	Score float64
	Text  string
}

// clue weighs a note by what spans say of the service, or of those on its host.
func (n Note) clue(clues []Clue) []Clue {
	supported := map[string]float64{}
	for _, c := range clues {
		if n.Service == "" && n.Host != "" && c.Host == n.Host || n.Service == c.service {
			supported[c.service] = max(supported[c.service], c.Strength)
		}
	}
	if n.Service != "" && len(supported) == 0 {
		supported[n.Service] = 0
	}
	out := make([]Clue, 0, len(supported))
	for service, s := range supported {
		out = append(out, Clue{
			Channel: n.Channel, Strength: n.Score * (0.1 + 0.4*min(1, s/0.3)), Unit: "score", Now: n.Score,
			Instance: n.Instance, Host: n.Host, Text: n.Text, service: service,
		})
	}
	return out
}
