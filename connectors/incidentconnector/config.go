package incidentconnector

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"

	"github.com/tidewatch/tidewatch/incident"
)

// Config is the configuration of incident. Its use in a metrics pipeline reads edges of
// the service graph for the one in the logs pipeline of the same name.
type Config struct {
	// Storage names the storage extension that keeps incidents across restarts; without
	// one they are forgotten.
	Storage *component.ID `mapstructure:"storage"`
	// SnapshotInterval is how often everything is saved. A change of an incident is
	// saved before it is told, whatever the interval. Zero saves at changes and at
	// shutdown only.
	SnapshotInterval time.Duration `mapstructure:"snapshot_interval"`
	// Directory holds suppressions.yaml, what people called noise. Without one it is kept
	// with the incidents, and nobody can review it.
	Directory string `mapstructure:"directory"`
	// Catalogue is the folder for what people taught, as error_code reads it. Empty writes
	// nothing: incidents are known again, log lines are not.
	Catalogue string `mapstructure:"catalogue"`
	// Interval is how often incidents are looked at.
	Interval time.Duration `mapstructure:"interval"`
	// Links are URLs that incidents carry, most useful first. {incident.id}, {service},
	// {host}, {start_ms} and {end_ms} stand for their values.
	Links []string `mapstructure:"links"`

	// Settle is how long findings are gathered before an incident opens.
	Settle time.Duration `mapstructure:"settle"`
	// Together is how far apart findings of one fault may begin before anything is told
	// of it.
	Together time.Duration `mapstructure:"together"`
	// JoinWithin is how long after it grew last an incident is joined by what hangs
	// together with it.
	JoinWithin time.Duration `mapstructure:"join_within"`
	// Persist is how long a lone finding of severity warning must last to be an incident.
	Persist time.Duration `mapstructure:"persist"`
	// ResolveAfter is how long all findings must be resolved; it doubles with each
	// return of the incident.
	ResolveAfter time.Duration `mapstructure:"resolve_after"`
	// ReopenWithin is how long after its end an incident may be opened again.
	ReopenWithin time.Duration `mapstructure:"reopen_within"`
	// UpdateInterval is the shortest time between two updates that change neither state,
	// severity nor cause.
	UpdateInterval time.Duration `mapstructure:"update_interval"`
	// StaleAfter and AlertStaleAfter are how long a finding, or a firing alert, that is
	// not heard of is taken to hold.
	StaleAfter      time.Duration `mapstructure:"stale_after"`
	AlertStaleAfter time.Duration `mapstructure:"alert_stale_after"`

	// MaxIncidents is how many incidents are kept, resolved ones included.
	MaxIncidents int `mapstructure:"max_incidents"`
	// MaxFindings is how many findings of one incident are kept.
	MaxFindings int `mapstructure:"max_findings"`
	// MaxEdges is how many edges of the service graph are kept.
	MaxEdges int `mapstructure:"max_edges"`
	// MaxPending is how many changes wait for a next component that refuses them.
	MaxPending int `mapstructure:"max_pending"`
}

func createDefaultConfig() component.Config {
	s := incident.DefaultSettings() // its numbers have their reasons there
	return &Config{
		SnapshotInterval: time.Minute,     // what gathers is worth no more; changes are saved at once
		Interval:         5 * time.Second, // as findings are looked for
		Settle:           s.Settle,
		Together:         s.Together,
		JoinWithin:       s.JoinWithin,
		Persist:          s.Persist,
		ResolveAfter:     s.ResolveAfter,
		ReopenWithin:     s.ReopenWithin,
		UpdateInterval:   s.UpdateInterval,
		StaleAfter:       s.StaleAfter,
		AlertStaleAfter:  s.AlertStaleAfter,
		MaxIncidents:     s.MaxIncidents,
		MaxFindings:      s.MaxFindings,
		MaxEdges:         s.MaxEdges,
		MaxPending:       1000, // days of changes
	}
}

// Validate names the key and the fix.
func (c *Config) Validate() error {
	var errs []error
	for key, d := range map[string]time.Duration{
		"interval": c.Interval, "settle": c.Settle, "together": c.Together, "join_within": c.JoinWithin, "persist": c.Persist,
		"resolve_after": c.ResolveAfter, "reopen_within": c.ReopenWithin, "update_interval": c.UpdateInterval,
		"stale_after": c.StaleAfter, "alert_stale_after": c.AlertStaleAfter,
	} {
		if d <= 0 {
			errs = append(errs, fmt.Errorf("%s must be positive, e.g. 1m", key))
		}
	}
	for key, n := range map[string]int{"max_incidents": c.MaxIncidents, "max_findings": c.MaxFindings, "max_edges": c.MaxEdges, "max_pending": c.MaxPending} {
		if n <= 0 {
			errs = append(errs, fmt.Errorf("%s must be positive", key))
		}
	}
	if c.SnapshotInterval < 0 {
		errs = append(errs, errors.New("snapshot_interval must not be negative"))
	}
	for i, l := range c.Links {
		u, err := url.Parse(strings.NewReplacer("{", "", "}", "").Replace(l))
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			errs = append(errs, fmt.Errorf("links[%d] must be a URL with http or https", i))
		}
	}
	return errors.Join(errs...)
}

func (c *Config) settings() incident.Settings {
	return incident.Settings{
		Settle: c.Settle, Together: c.Together, JoinWithin: c.JoinWithin, Persist: c.Persist, ResolveAfter: c.ResolveAfter,
		ReopenWithin: c.ReopenWithin, UpdateInterval: c.UpdateInterval, StaleAfter: c.StaleAfter, AlertStaleAfter: c.AlertStaleAfter,
		MaxIncidents: c.MaxIncidents, MaxFindings: c.MaxFindings, MaxEdges: c.MaxEdges,
	}
}
