package consoleextension

import (
	"fmt"

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
	// OpenFindings and OpenIncidents are counted by severity.
	OpenFindings  map[string]int    `json:"open_findings"`
	OpenIncidents map[string]int    `json:"open_incidents"`
	SeriesStates  map[string]int    `json:"series_states"`
	Totals        localstore.Totals `json:"totals"`
}

type hostInfo struct {
	Name string `json:"name"`
	OS   string `json:"os"`
	Arch string `json:"arch"`
}

// status is one word for machines and one sentence for people.
type status struct {
	// Level is starting, learning, ok, info, warning or critical.
	Level    string `json:"level"`
	Sentence string `json:"sentence"`
}

func (a *api) overview(*query) (any, error) {
	now := a.now()
	o := overview{
		Host:          a.host,
		Version:       a.version,
		Time:          now.Unix(),
		Started:       a.started.Unix(),
		UptimeSeconds: int64(now.Sub(a.started).Seconds()),
		OpenFindings:  map[string]int{signals.SeverityCritical: 0, signals.SeverityWarning: 0, signals.SeverityInfo: 0},
		OpenIncidents: map[string]int{signals.SeverityCritical: 0, signals.SeverityWarning: 0, signals.SeverityInfo: 0},
		SeriesStates:  map[string]int{"learning": 0, "normal": 0, "anomalous": 0, "adapting": 0},
		Totals:        a.store.Totals(),
	}
	var worst string
	for _, f := range a.store.Findings() {
		if f.Open() {
			o.OpenFindings[knownSeverity(f.Severity)]++
			if worst == "" {
				worst = f.Summary
			}
		}
	}
	if desk, err := a.desk(); err == nil {
		for _, i := range desk.Incidents() {
			if i.Open() {
				o.OpenIncidents[knownSeverity(i.Severity)]++
			}
		}
	}
	for _, s := range a.store.Series() {
		o.SeriesStates[s.State]++
	}
	o.Status = judge(o.OpenFindings, o.SeriesStates, o.Totals, worst)
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

func judge(open, states map[string]int, totals localstore.Totals, worst string) status {
	critical, warning, info := open[signals.SeverityCritical], open[signals.SeverityWarning], open[signals.SeverityInfo]
	settled := states["normal"] + states["anomalous"] + states["adapting"]
	switch {
	case critical > 0:
		return status{signals.SeverityCritical, worst}
	case warning > 0:
		return status{signals.SeverityWarning, worst}
	case totals.Points == 0 && totals.Logs == 0:
		return status{"starting", "Collecting. The first charts come within a minute or two."}
	case settled == 0 && states["learning"] > 0:
		return status{"learning", fmt.Sprintf("Nothing found. %s still being learned; a young series never raises a finding.", seriesAre(states["learning"]))}
	case info > 0:
		return status{signals.SeverityInfo, worst}
	case settled == 0:
		return status{"ok", "Nothing found."}
	default:
		return status{"ok", fmt.Sprintf("Nothing found. %s watched.", seriesAre(settled+states["learning"]))}
	}
}

func seriesAre(n int) string {
	if n == 1 {
		return "1 series is"
	}
	return fmt.Sprintf("%d series are", n)
}
