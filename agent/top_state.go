package agent

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/tidewatch/tidewatch/incident"
	"github.com/tidewatch/tidewatch/internal/delivery"
)

// topState is what a running agent says of itself at one time.
type topState struct {
	at       time.Time
	overview struct {
		Host struct {
			Name string `json:"name"`
		} `json:"host"`
		Version string `json:"version"`
		Status  struct {
			Level    string `json:"level"`
			Sentence string `json:"sentence"`
		} `json:"status"`
		Delivery struct {
			Sentence string `json:"sentence"`
		} `json:"delivery"`
	}
	pipeline  topPipeline
	patterns  []topPattern
	found     int // patterns there are, of which patterns are those with the most lines of late
	findings  []topFinding
	incidents []incident.Incident
	// lost is why the agent does not answer, since when; the rest is then what it said last.
	lost      string
	lostSince time.Time
}

type topPipeline struct {
	Available bool `json:"available"`
	Process   struct {
		CPU    float64 `json:"cpu"`
		RSS    float64 `json:"memory_rss"`
		Heap   float64 `json:"heap"`
		Uptime float64 `json:"uptime_seconds"`
	} `json:"process"`
	Receivers []topComponent  `json:"receivers"`
	Exporters []topComponent  `json:"exporters"`
	Ledger    delivery.Ledger `json:"ledger"`
	Edges     []topEdge       `json:"edges"`
}

type topComponent struct {
	ID       string   `json:"id"`
	Signal   string   `json:"signal"`
	Items    float64  `json:"items"`
	Rate     *float64 `json:"rate"`
	Refused  float64  `json:"refused"`
	Failed   float64  `json:"failed"`
	Queue    *float64 `json:"queue_size"`
	Capacity *float64 `json:"queue_capacity"`
}

type topEdge struct {
	Exporter string `json:"exporter"`
	Pressure string `json:"pressure"`
}

type topPattern struct {
	ID        string   `json:"id"`
	Template  string   `json:"template"`
	Count     uint64   `json:"count"`
	LastHour  uint64   `json:"last_hour"`
	PerMinute []uint64 `json:"per_minute"`
	Services  []string `json:"services"`
}

// now is the rate of the last whole minute, usual the mean of those before it.
func (p *topPattern) now() (now, usual float64) {
	n := len(p.PerMinute)
	if n < 2 {
		return 0, 0
	}
	now = float64(p.PerMinute[n-1])
	sum := uint64(0)
	for _, m := range p.PerMinute[:n-1] {
		sum += m
	}
	return now, float64(sum) / float64(n-1)
}

type topFinding struct {
	Kind     string `json:"kind"`
	State    string `json:"state"`
	Severity string `json:"severity"`
	Start    int64  `json:"start"`
	Summary  string `json:"summary"`
}

// topPatterns is how many patterns are shown: who looks for another one filters on the page.
const topPatterns = 200

// read asks the agent for everything; an error leaves s as it was.
func (s *topState) read(ctx context.Context, p *page, now time.Time) error {
	next := topState{at: now}
	var patterns struct {
		Found    int          `json:"found"`
		Patterns []topPattern `json:"patterns"`
	}
	var findings struct {
		Findings []topFinding `json:"findings"`
	}
	var incidents struct {
		Incidents []incident.Incident `json:"incidents"`
	}
	for _, question := range []struct {
		path string
		to   any
	}{
		{"overview", &next.overview},
		{"pipeline", &next.pipeline},
		{fmt.Sprintf("patterns?order=recent&limit=%d", topPatterns), &patterns},
		{"findings?state=open&limit=200", &findings},
		{"incidents?limit=200", &incidents},
	} {
		answer, err := p.ask(ctx, http.MethodGet, question.path, nil)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(answer, question.to); err != nil {
			return fmt.Errorf("read the agent's answer to %s: %w", question.path, err)
		}
	}
	next.patterns, next.found, next.findings = patterns.Patterns, patterns.Found, findings.Findings
	next.incidents = slices.DeleteFunc(incidents.Incidents, func(i incident.Incident) bool { return i.State == incident.StateResolved })
	slices.SortStableFunc(next.patterns, func(a, b topPattern) int {
		x, _ := a.now()
		y, _ := b.now()
		return cmp.Or(cmp.Compare(y, x), cmp.Compare(b.LastHour, a.LastHour))
	})
	*s = next
	return nil
}
