package backtest

import (
	"errors"
	"time"

	"github.com/tidewatch/tidewatch/anomaly"
)

// Options of a backtest.
type Options struct {
	Grid
	// Learn is the beginning of the history, in which the learned band only learns: the
	// rule and the band are compared in the rest.
	Learn time.Duration
	// CallsPerWeek is how often a rule may call somebody.
	CallsPerWeek float64
	// Join is how far apart alarms of a rule are still one call: Alertmanager gathers them.
	Join time.Duration
	// Pad is how far from an incident, or from an alarm of the band, a call still belongs
	// to it.
	Pad time.Duration
	// MaxSeries bounds the series of a rule that are looked at; the rest is counted.
	MaxSeries int
	// Incidents are times at which something was really wrong.
	Incidents []Incident
	// Settings of the learned band. Its direction is that of the rule.
	Settings anomaly.Settings
}

// DefaultOptions for a history.
func DefaultOptions(g Grid) Options {
	return Options{
		Grid:         g,
		Learn:        min(7*24*time.Hour, g.End.Sub(g.Start)/4), // a band knows days and weekends after a week
		CallsPerWeek: 2,                                         // what people on call still take seriously, says the SRE book: two incidents a shift
		Join:         5 * time.Minute,                           // group_interval of Alertmanager
		Pad:          10 * time.Minute,                          // an alarm that comes so early or late still tells
		MaxSeries:    5000,                                      // 20 MB
		Settings:     anomaly.DefaultSettings(),
	}
}

// mostSteps bounds a history: 4 months at every 10 seconds.
const mostSteps = 1 << 20

// Validate names what is wrong.
func (o *Options) Validate() error {
	switch {
	case o.Step < time.Second:
		return errors.New("the step must be a second or more")
	case !o.End.After(o.Start):
		return errors.New("the history must end after it begins")
	case o.End.Sub(o.Start)/o.Step > mostSteps:
		return errors.New("the history has more than a million steps: take a longer step or fewer days")
	case o.Learn < 0 || o.Learn >= o.End.Sub(o.Start):
		return errors.New("learning must be shorter than the history")
	case !(o.CallsPerWeek > 0):
		return errors.New("the calls a week must be positive")
	case o.Join < 0 || o.Pad < 0:
		return errors.New("the joining of calls and the padding of incidents must not be negative")
	case o.MaxSeries < 1:
		return errors.New("at least one series must be looked at")
	}
	return o.Settings.Validate()
}

// Rule is an alert rule as Prometheus has it.
type Rule struct {
	// ID is the alertname; Severity, Owner and Group are its labels.
	ID       string `json:"id"`
	Group    string `json:"group,omitempty"`
	Owner    string `json:"owner,omitempty"`
	Severity string `json:"severity,omitempty"`
	Expr     string `json:"expr"`
	// For and KeepFiringFor are as in rule files.
	For           time.Duration `json:"-"`
	KeepFiringFor time.Duration `json:"-"`
	// Tunable says that expr is written by a person, with a threshold that may be moved,
	// and not made from an objective or a baseline.
	Tunable bool `json:"-"`
	// Absence says that the rule fires when something is not there.
	Absence bool `json:"-"`
}
