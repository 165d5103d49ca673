//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/freeport"
)

// amAlert is an alert as the API of an Alertmanager has it.
type amAlert struct {
	Labels, Annotations map[string]string
	Fingerprint         string
	Status              struct{ State string }
}

// incidentAlerts are the alerts of an Alertmanager that are incidents.
func incidentAlerts(base string) ([]amAlert, error) {
	code, body, err := get(base + `/api/v2/alerts?filter=alertname=%22TidewatchIncident%22`)
	if err != nil {
		return nil, err
	}
	if code != http.StatusOK {
		return nil, fmt.Errorf("ask Alertmanager: %d %s", code, body)
	}
	var alerts []amAlert
	return alerts, json.Unmarshal(body, &alerts)
}

// tickets is a ticket system that takes webhooks.
type tickets struct {
	*httptest.Server

	mu      sync.Mutex // guards actions
	actions []string
}

func newTickets(t *testing.T) *tickets {
	t.Helper()
	s := &tickets{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked struct{ Action, Key string }
		if json.NewDecoder(r.Body).Decode(&asked) == nil {
			s.mu.Lock()
			s.actions = append(s.actions, asked.Action+" "+asked.Key)
			s.mu.Unlock()
		}
		_, _ = io.WriteString(w, `{"id":"T-1"}`)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *tickets) has(action string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.Contains(s.actions, action) {
		return nil
	}
	return fmt.Errorf("%q is not among %q", action, s.actions)
}

// notify sends what an Alertmanager sends to a webhook.
func notify(url, status string, begin time.Time) error {
	var alerts []map[string]any
	for _, s := range []string{"inventory", "checkout", "web"} {
		alerts = append(alerts, map[string]any{
			"status": status, "startsAt": begin, "endsAt": time.Now(),
			"labels":      map[string]string{"alertname": "HighLatency", "severity": "critical", "service": s, "node": "shop-1"},
			"annotations": map[string]string{"summary": s + " is slow."},
		})
	}
	body, err := json.Marshal(map[string]any{"version": "4", "alerts": alerts})
	if err != nil {
		return err
	}
	resp, err := client.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the webhook answers %s", resp.Status)
	}
	return nil
}

// Three alerts of one host are one incident: an alert in a real Alertmanager, a ticket,
// and a line on the command line, all of which survive a crash of the agent and end with
// it.
func TestIncidentBecomesAlertAndTicket(t *testing.T) {
	am, sink := startBackend(t, "alertmanager"), newTickets(t)
	a := newAgent(t)
	webhook := freeport.Port()
	a.env = append(a.env, "TIDEWATCH_ALERTMANAGER_URL="+am.url, fmt.Sprintf("TIDEWATCH_ALERT_WEBHOOK=127.0.0.1:%d", webhook),
		"TIDEWATCH_TICKET_SYSTEM=generic", "TIDEWATCH_TICKET_URL="+sink.URL)
	a.set = append(a.set, "connectors::incident::settle=500ms", "connectors::incident::interval=500ms", "connectors::incident::resolve_after=1s")
	a.start()

	begin := time.Now()
	url := fmt.Sprintf("http://127.0.0.1:%d/alerts", webhook)
	eventually(t, time.Minute, "the webhook takes alerts", func() error { return notify(url, "firing", begin) })
	var first amAlert
	active := func() error {
		alerts, err := incidentAlerts(am.url)
		if err != nil {
			return err
		}
		if len(alerts) != 1 || alerts[0].Status.State != "active" {
			return fmt.Errorf("%d incidents: %+v", len(alerts), alerts)
		}
		first = alerts[0]
		return nil
	}
	eventually(t, 2*time.Minute, "the incident is an alert", active)
	t.Logf("%s %v", first.Annotations["summary"], first.Labels)
	id, fingerprint := first.Labels["tidewatch_incident"], first.Fingerprint
	require.Equal(t, "checkout, inventory, web", first.Annotations["services"])
	require.Equal(t, "critical", first.Labels["severity"])
	eventually(t, 2*time.Minute, "it has a ticket", func() error { return sink.has("create " + id) })

	console := fmt.Sprintf("http://127.0.0.1:%d", a.console)
	out, err := exec.Command(binary, "incidents", "ack", id, "--by", "alice", "--console-url", console).CombinedOutput()
	require.NoError(t, err, string(out))
	eventually(t, 2*time.Minute, "the ticket knows who has it", func() error { return sink.has("update " + id) })

	a.kill()
	a.start()
	out, err = exec.Command(binary, "incidents", "list", "--console-url", console).CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), id)
	require.Contains(t, string(out), "acknowledged by alice")
	eventually(t, 2*time.Minute, "the alert is the same", func() error {
		if err := active(); err != nil {
			return err
		}
		if first.Fingerprint != fingerprint {
			return fmt.Errorf("the fingerprint was %s and is %s", fingerprint, first.Fingerprint)
		}
		return nil
	})

	eventually(t, time.Minute, "the webhook takes alerts", func() error { return notify(url, "resolved", begin) })
	eventually(t, 2*time.Minute, "the alert ends", func() error {
		alerts, err := incidentAlerts(am.url)
		if err == nil && len(alerts) > 0 {
			err = fmt.Errorf("%+v", alerts)
		}
		return err
	})
	eventually(t, 2*time.Minute, "the ticket is closed", func() error { return sink.has("close " + id) })
	sink.mu.Lock()
	require.Equal(t, 1, strings.Count(strings.Join(sink.actions, "\n"), "create"), "%q", sink.actions)
	sink.mu.Unlock()
	require.NoError(t, a.stop())
}
