package ticketexporter

import (
	"cmp"
	"encoding/json"
	"fmt"
	"time"
)

// ticket is what is known of the ticket of an incident.
type ticket struct {
	// ID is the system's; empty before there is one.
	ID string `json:"id,omitempty"`
	// Begun says that a create was sent whose answer is not known: the ticket may be there.
	Begun bool `json:"begun,omitempty"`
	// Closed, Severity and State are as the system was told last, Time is that of the last
	// record and Sent that of the last that was sent.
	Closed   bool      `json:"closed,omitempty"`
	Severity string    `json:"severity,omitempty"`
	State    string    `json:"state,omitempty"`
	Time     time.Time `json:"time"`
	Sent     time.Time `json:"sent"`
}

const stateVersion = 1

type saved struct {
	Version int                `json:"version"`
	Tickets map[string]*ticket `json:"tickets"`
}

// snapshot is called by the keeper.
func (e *ticketExporter) snapshot() ([]byte, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	b, err := json.Marshal(saved{stateVersion, e.tickets})
	if err != nil {
		return nil, fmt.Errorf("encode tickets: %w", err)
	}
	return b, nil
}

func (e *ticketExporter) restore(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	var in saved
	if err := json.Unmarshal(b, &in); err != nil {
		return fmt.Errorf("decode tickets: %w", err)
	}
	if in.Version != stateVersion {
		return fmt.Errorf("decode tickets: version %d, want %d", in.Version, stateVersion)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for id, t := range in.Tickets {
		if t != nil {
			e.tickets[id] = t
		}
	}
	e.bound()
	return nil
}

// bound forgets the tickets that were closed first, then those that are oldest. It
// returns how many.
func (e *ticketExporter) bound() int {
	n := 0
	for ; len(e.tickets) > e.cfg.MaxTickets; n++ {
		worst := ""
		for id, t := range e.tickets {
			w := e.tickets[worst]
			if w == nil || t.Closed && !w.Closed || t.Closed == w.Closed && cmp.Or(t.Sent.Compare(w.Sent), cmp.Compare(id, worst)) < 0 {
				worst = id
			}
		}
		delete(e.tickets, worst)
	}
	return n
}

// know returns what is known of an incident's ticket; the zero value if nothing is.
func (e *ticketExporter) know(id string) (ticket, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if t := e.tickets[id]; t != nil {
		return *t, true
	}
	return ticket{}, false
}
