package incident

import "time"

// Settings are the engine's times and bounds. The zero value of a field stands for
// its default.
type Settings struct {
	// Settle is how long what began is gathered before an incident opens, so that it
	// opens with its symptoms and, mostly, its cause.
	Settle time.Duration
	// Together is how far apart the beginnings of findings of one fault may be before
	// anything is known of it.
	Together time.Duration
	// JoinWithin is how long after an incident grew last what hangs together with it
	// still joins it.
	JoinWithin time.Duration
	// Burst is how far apart findings without a place in the graph may begin to be
	// taken for one storm, BurstNodes how many places it takes.
	Burst      time.Duration
	BurstNodes int
	// Persist is how long a lone finding must last to be an incident.
	Persist time.Duration
	// ResolveAfter is how long all findings must be resolved. It doubles with each
	// return, up to sixteen times.
	ResolveAfter time.Duration
	// ReopenWithin is how long after its end an incident is opened again by what
	// belonged to it.
	ReopenWithin time.Duration
	// UpdateInterval is the shortest time between two updates that are not a change of
	// state, severity or cause.
	UpdateInterval time.Duration
	// StaleAfter and AlertStaleAfter are how long a finding that is not heard of is
	// taken to hold.
	StaleAfter, AlertStaleAfter time.Duration
	// EdgeExpiry is how long an edge of the graph lasts that is not seen.
	EdgeExpiry time.Duration
	// MaxHops is how far trouble is taken to travel along calls.
	MaxHops int

	// MaxIncidents, MaxGathering, MaxFindings (of one incident), MaxEdges and
	// MaxSuppressions bound what is kept.
	MaxIncidents, MaxGathering, MaxFindings, MaxEdges, MaxSuppressions int
}

// DefaultSettings returns the defaults.
func DefaultSettings() Settings {
	return Settings{
		Settle:          15 * time.Second, // with a check every 5 s a storm is one incident within 30 s
		Together:        2 * time.Minute,  // detectors differ in how long they look
		JoinWithin:      10 * time.Minute, // pools and queues fill slowly
		Burst:           30 * time.Second, // one round of most rule evaluations
		BurstNodes:      5,                // four by chance within half a minute is rare
		Persist:         10 * time.Minute, // the length of a coffee: shorter ones are told by the finding
		ResolveAfter:    5 * time.Minute,  // as findings
		ReopenWithin:    30 * time.Minute, // later it is another occasion
		UpdateInterval:  time.Minute,      // people read these
		StaleAfter:      time.Hour,        // detectors repeat themselves every 5 minutes
		AlertStaleAfter: 12 * time.Hour,   // Alertmanager repeats itself every 4 hours
		EdgeExpiry:      24 * time.Hour,   // a nightly job calls once a day
		MaxHops:         5,                // deeper chains answer before they time out
		MaxIncidents:    500,              // a year of a bad month; about 2 kB each, more with findings
		MaxGathering:    1000,             // places that may be in trouble at once
		MaxFindings:     500,              // of one incident
		MaxEdges:        5000,             // some hundred services
		MaxSuppressions: 1000,             // more than anyone reviews
	}
}

func (s Settings) withDefaults() Settings {
	d := DefaultSettings()
	for _, p := range []struct{ v, d *time.Duration }{
		{&s.Settle, &d.Settle},
		{&s.Together, &d.Together},
		{&s.JoinWithin, &d.JoinWithin},
		{&s.Burst, &d.Burst},
		{&s.Persist, &d.Persist},
		{&s.ResolveAfter, &d.ResolveAfter},
		{&s.ReopenWithin, &d.ReopenWithin},
		{&s.UpdateInterval, &d.UpdateInterval},
		{&s.StaleAfter, &d.StaleAfter},
		{&s.AlertStaleAfter, &d.AlertStaleAfter},
		{&s.EdgeExpiry, &d.EdgeExpiry},
	} {
		if *p.v == 0 {
			*p.v = *p.d
		}
	}
	for _, p := range []struct{ v, d *int }{
		{&s.BurstNodes, &d.BurstNodes},
		{&s.MaxHops, &d.MaxHops},
		{&s.MaxIncidents, &d.MaxIncidents},
		{&s.MaxGathering, &d.MaxGathering},
		{&s.MaxFindings, &d.MaxFindings},
		{&s.MaxEdges, &d.MaxEdges},
		{&s.MaxSuppressions, &d.MaxSuppressions},
	} {
		if *p.v == 0 {
			*p.v = *p.d
		}
	}
	return s
}
