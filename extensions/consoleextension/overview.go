package consoleextension

import (
	"fmt"
	"math"

	"github.com/tidewatch/tidewatch/incident"
	"github.com/tidewatch/tidewatch/internal/localstore"
	"github.com/tidewatch/tidewatch/signals"
)

// overview is the answer to "is this host well?".
type overview struct {
	Host    hostInfo `json:"host"`
	Version string   `json:"version"`
	// Time and Started are Unix seconds.
	Time          int64  `json:"time"`
	Started       int64  `json:"started"`
	UptimeSeconds int64  `json:"uptime_seconds"`
	Status        status `json:"status"`
	// Delivery says whether what was read reaches its backends.
	Delivery status `json:"delivery"`
	// OpenFindings and OpenIncidents are counted by severity.
	OpenFindings  map[string]int `json:"open_findings"`
	OpenIncidents map[string]int `json:"open_incidents"`
	SeriesStates  map[string]int `json:"series_states"`
	// Learned is the mean share that learning series have of the history they need, 0
	// to 1; null if none is learning.
	Learned localstore.Number `json:"learned"`
	Totals  localstore.Totals `json:"totals"`
}

type hostInfo struct {
	Name string `json:"name"`
	OS   string `json:"os"`
	Arch string `json:"arch"`
}

// status is one word for machines and one sentence for people.
type status struct {
	// Level is starting, learning, ok, info, warning or critical; that of the delivery
	// is unknown, local, ok, warning or critical.
	Level    string `json:"level"`
	Sentence string `json:"sentence"`
	// Since is when what is wrong began, Unix seconds; 0 if nothing is.
	Since int64 `json:"since,omitempty"`
	// Finding or Incident is the id of what the sentence is about.
	Finding  string `json:"finding,omitempty"`
	Incident string `json:"incident,omitempty"`
}

func (a *api) overview(*query) (any, error) {
	now := a.now()
	series := a.store.SeriesSummary()
	o := overview{
		Host:          a.host,
		Version:       a.version,
		Time:          now.Unix(),
		Started:       a.started.Unix(),
		UptimeSeconds: int64(now.Sub(a.started).Seconds()),
		Delivery:      delivered(a.pipeline.view()),
		OpenFindings:  map[string]int{signals.SeverityCritical: 0, signals.SeverityWarning: 0, signals.SeverityInfo: 0},
		OpenIncidents: map[string]int{signals.SeverityCritical: 0, signals.SeverityWarning: 0, signals.SeverityInfo: 0},
		SeriesStates:  series.States,
		Learned:       localstore.Number(series.Learned),
		Totals:        a.store.Totals(),
	}
	var worst *localstore.FindingView
	for _, f := range a.store.Findings() { // the open ones first, the worst before the others
		if !f.Open() {
			break
		}
		o.OpenFindings[knownSeverity(f.Severity)]++
		if worst == nil {
			worst = &f
		}
	}
	var broken *incident.Incident
	if desk, err := a.desk(); err == nil {
		for _, i := range desk.Incidents() {
			if !i.Open() {
				continue
			}
			o.OpenIncidents[knownSeverity(i.Severity)]++
			if broken == nil || weight(i.Severity) > weight(broken.Severity) {
				broken = &i
			}
		}
	}
	o.Status = o.judge(worst, broken)
	return o, nil
}

func knownSeverity(s string) string {
	switch s {
	case signals.SeverityCritical, signals.SeverityWarning:
		return s
	default:
		return signals.SeverityInfo
	}
}

func weight(severity string) int {
	switch severity {
	case signals.SeverityCritical:
		return 2
	case signals.SeverityWarning:
		return 1
	}
	return 0
}

// judge says in one sentence how the host is: the worst incident or finding that needs
// somebody, else how much is watched and learned.
func (o *overview) judge(worst *localstore.FindingView, broken *incident.Incident) status {
	states := o.SeriesStates
	learning := states["learning"]
	settled := states["normal"] + states["anomalous"] + states["adapting"]
	switch {
	case broken != nil && weight(broken.Severity) > 0 && (worst == nil || weight(broken.Severity) >= weight(worst.Severity)):
		return status{Level: knownSeverity(broken.Severity), Sentence: broken.Title, Since: broken.Start.Unix(), Incident: broken.ID}
	case worst != nil && weight(worst.Severity) > 0:
		return status{Level: knownSeverity(worst.Severity), Sentence: worst.Summary, Since: int64(worst.Start), Finding: worst.ID}
	case o.Totals.Points == 0 && o.Totals.Logs == 0:
		return status{Level: "starting", Sentence: "Collecting. The first charts come within a minute or two."}
	case settled == 0 && learning > 0:
		return status{Level: "learning", Sentence: fmt.Sprintf("Nothing found. %s still being learned%s; a young series never raises a finding.", seriesAre(learning), o.learned())}
	case worst != nil:
		return status{Level: signals.SeverityInfo, Sentence: worst.Summary, Since: int64(worst.Start), Finding: worst.ID}
	case settled == 0:
		return status{Level: "ok", Sentence: "Nothing found in the logs. No series is watched yet."}
	case learning > 0:
		return status{Level: "ok", Sentence: fmt.Sprintf("All is normal. %s watched; of these, %d still being learned%s.", seriesAre(settled+learning), learning, o.learned())}
	default:
		return status{Level: "ok", Sentence: fmt.Sprintf("All is normal. %s watched, and what is usual of each is learned.", seriesAre(settled))}
	}
}

// learned is how far learning is, empty where it is not known.
func (o *overview) learned() string {
	if math.IsNaN(float64(o.Learned)) {
		return ""
	}
	return fmt.Sprintf(" (%.0f %% of the history they need)", math.Floor(100*float64(o.Learned)))
}

func seriesAre(n int) string {
	if n == 1 {
		return "1 series is"
	}
	return fmt.Sprintf("%d series are", n)
}
