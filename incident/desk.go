package incident

import "time"

// Desk is where people see to incidents: what serves them offers it to a page and to
// commands. It is safe for concurrent use, and its errors wrap ErrUnknown, ErrState or
// ErrInvalid where the one who asked can do better.
type Desk interface {
	Incidents() []Incident
	Incident(id string) (Incident, bool)
	Stats() Stats
	Acknowledge(id, by string) error
	Resolve(id, by, text string) error
	Noise(id string, n Noise) ([]Suppression, error)
	Cause(id string, l Lesson) (Entry, error)
	Suppressions() []Suppression
}

// Noise is "this was noise": the cause's findings, or the one that is named, will make
// no incident until it expires.
type Noise struct {
	Finding string    `json:"finding,omitempty"`
	Owner   string    `json:"owner"`
	Reason  string    `json:"reason,omitempty"`
	Expires time.Time `json:"expires"`
}
