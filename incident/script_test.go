package incident_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/incident"
	"github.com/tidewatch/tidewatch/signals"
)

var update = flag.Bool("update", false, "rewrite the expected output of the scripts")

// TestScripts runs testdata/scripts. Each line is a time and what happens then; the
// engine is asked every five seconds between them. Behind ---- is what it told.
//
//	0s edge web cart                      web calls cart ("cart?": it tells nothing of itself)
//	10s open ID kind=alert on=cart ...    a finding; on=@node is a host, at=node where a service runs
//	40s resolved ID
//	50s ack|resolve|noise|cause N by      the Nth incident, in the order of their start
//	60s restart                           snapshot and restore
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/scripts/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			b, err := os.ReadFile(file)
			require.NoError(t, err)
			script, _, _ := strings.Cut(string(b), "----\n")
			p := player{t: t, engine: incident.NewEngine(incident.Settings{}), known: map[string]incident.Finding{}}
			got := script + "----\n" + p.run(script)
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
				return
			}
			require.Equal(t, string(b), got)
		})
	}
}

type player struct {
	t      *testing.T
	engine *incident.Engine
	known  map[string]incident.Finding
	ids    []string // of incidents, by their first change
	now    time.Duration
	out    strings.Builder
}

func (p *player) run(script string) string {
	for line := range strings.Lines(script) {
		fields := strings.Fields(line)
		if len(fields) < 2 || strings.HasPrefix(line, "#") {
			continue
		}
		at, err := time.ParseDuration(fields[0])
		require.NoError(p.t, err, line)
		for p.now+check <= at {
			p.now += check
			p.advance(p.now)
		}
		p.do(at, fields[1], fields[2:])
	}
	s := p.engine.Stats()
	fmt.Fprintf(&p.out, "opened %d reopened %d resolved %d merged %d dismissed %d suppressed %d stale %d; open %d gathering %d\n",
		s.Opened, s.Reopened, s.Resolved, s.Merged, s.Dismissed, s.Suppressed, s.Stale, s.Open, s.Gathering)
	return p.out.String()
}

func (p *player) advance(at time.Duration) {
	for _, c := range p.engine.Advance(begin.Add(at)) {
		i := c.Incident
		n := 0
		for n < len(p.ids) && p.ids[n] != i.ID {
			n++
		}
		if n == len(p.ids) {
			p.ids = append(p.ids, i.ID)
		}
		fmt.Fprintf(&p.out, "%s %d %s: %s, %s, cause %s (%s)\n", at, n, c.What, i.State, i.Severity, i.Cause, i.CauseWhy)
		if c.What == incident.ChangeOpened {
			for _, m := range i.Findings {
				fmt.Fprintf(&p.out, "    %s %s: %s\n", m.ID, m.Role, m.Why)
			}
		}
		if i.Resolution != "" {
			fmt.Fprintf(&p.out, "    %s\n", i.Resolution)
		}
	}
}

func (p *player) do(at time.Duration, what string, args []string) {
	now := begin.Add(at)
	switch what {
	case "edge":
		server, unwatched := strings.CutSuffix(args[1], "?")
		p.engine.Edge(incident.Edge{Client: incident.ServiceNode(args[0]), Server: incident.ServiceNode(server), Unwatched: unwatched}, now)
	case "open", "updated", "resolved":
		f, ok := p.known[args[0]]
		if !ok || what == "open" {
			f = incident.Finding{ID: args[0], Kind: signals.KindAlert, Severity: signals.SeverityWarning, Start: now, Summary: args[0] + " happens."}
		}
		f.State, f.Time = what, now
		for _, a := range args[1:] {
			key, value, _ := strings.Cut(a, "=")
			p.set(&f, key, value)
		}
		p.known[f.ID] = f
		p.engine.Observe(f, now)
	case "restart":
		b, err := p.engine.Snapshot()
		require.NoError(p.t, err)
		p.engine = incident.NewEngine(incident.Settings{})
		require.NoError(p.t, p.engine.Restore(b))
	case "wait":
	default:
		n, err := strconv.Atoi(args[0])
		require.NoError(p.t, err)
		require.Less(p.t, n, len(p.ids))
		p.act(now, what, p.ids[n], args[1])
	}
}

func (p *player) act(now time.Time, what, id, by string) {
	var err error
	switch what {
	case "ack":
		err = p.engine.Acknowledge(id, by, now)
	case "resolve":
		err = p.engine.Resolve(id, by, "", now)
	case "noise":
		_, err = p.engine.Noise(id, incident.Noise{Owner: by, Reason: "known", Expires: now.Add(24 * time.Hour)}, now)
	case "cause":
		_, err = p.engine.Cause(id, incident.Lesson{By: by, Entry: incident.Entry{Code: "KNOWN-1"}}, now)
	default:
		p.t.Fatalf("unknown command %q", what)
	}
	if err != nil {
		fmt.Fprintf(&p.out, "    error: %v\n", err)
	}
}

func (p *player) set(f *incident.Finding, key, value string) {
	switch key {
	case "kind":
		f.Kind = value
	case "severity":
		f.Severity = value
	case "metric":
		f.Kind = signals.KindMetricAnomaly
		f.Subject = append(f.Subject, incident.Attr{Key: signals.AttrFindingMetric, Value: value})
	case "on":
		k := "service.name"
		if host, ok := strings.CutPrefix(value, "@"); ok {
			k, value = "host.name", host
		}
		f.Entity = append(f.Entity, incident.Attr{Key: k, Value: value})
	case "at":
		f.Entity = append(f.Entity, incident.Attr{Key: "host.name", Value: value})
	case "trace":
		f.Traces = append(f.Traces, value)
	case "affects":
		f.Affects = strings.Split(value, ",")
	case "since":
		d, err := time.ParseDuration(value)
		require.NoError(p.t, err)
		f.Start = begin.Add(d)
	default:
		p.t.Fatalf("unknown attribute %q", key)
	}
}
