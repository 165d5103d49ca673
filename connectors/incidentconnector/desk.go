package incidentconnector

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tidewatch/tidewatch/incident"
)

// Incidents returns all incidents, open ones first.
func (c *incidents) Incidents() []incident.Incident {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.engine.Incidents()
}

// Incident returns one incident.
func (c *incidents) Incident(id string) (incident.Incident, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.engine.Incident(id)
}

// Stats returns the engine's counters.
func (c *incidents) Stats() incident.Stats { return c.stats() }

// Suppressions returns what was called noise, with its hits.
func (c *incidents) Suppressions() []incident.Suppression {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.engine.Suppressions()
}

// Acknowledge says that somebody takes care of an incident.
func (c *incidents) Acknowledge(id, by string) error {
	defer c.tellSoon()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.engine.Acknowledge(id, by, c.now())
}

// Resolve ends an incident.
func (c *incidents) Resolve(id, by, text string) error {
	defer c.tellSoon()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.engine.Resolve(id, by, text, c.now())
}

// Noise writes suppressions into the file.
func (c *incidents) Noise(id string, n incident.Noise) ([]incident.Suppression, error) {
	defer c.tellSoon()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.files.bad { // what is written there must not be lost
		return nil, fmt.Errorf("%w: %s cannot be read: mend it first", incident.ErrState, c.files.suppressions())
	}
	more, err := c.engine.Noise(id, n, c.now())
	if err != nil {
		return nil, err
	}
	return more, c.files.add(more)
}

// Cause writes what was taught into the folder of the catalogue.
func (c *incidents) Cause(id string, l incident.Lesson) (incident.Entry, error) {
	defer c.tellSoon()
	c.mu.Lock()
	defer c.mu.Unlock()
	entry, err := c.engine.Cause(id, l, c.now())
	if err != nil {
		return incident.Entry{}, err
	}
	return entry, c.files.teach(&entry)
}

// tellSoon tells at once what a person did.
func (c *incidents) tellSoon() {
	select {
	case c.wake <- struct{}{}:
	default: // it is about to be told
	}
}

// around is how much before the start and after the end a link shows.
const around = 10 * time.Minute

func (c *incidents) links(i *incident.Incident) []string {
	end := i.Changed
	if !i.Resolved.IsZero() {
		end = i.Resolved
	}
	service, host := "", ""
	if i.Cause.Service() {
		service = i.Cause.Name()
	} else if len(i.Hosts) > 0 {
		host = i.Hosts[0]
	}
	values := strings.NewReplacer(
		"{incident.id}", i.ID,
		"{service}", url.QueryEscape(service),
		"{host}", url.QueryEscape(host),
		"{start_ms}", strconv.FormatInt(i.Start.Add(-around).UnixMilli(), 10),
		"{end_ms}", strconv.FormatInt(end.Add(around).UnixMilli(), 10),
	)
	out := make([]string, 0, len(c.cfg.Links))
	for _, l := range c.cfg.Links {
		out = append(out, values.Replace(l))
	}
	return out
}
