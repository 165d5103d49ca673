package alertmanagerexporter

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/goleak"

	"github.com/tidewatch/tidewatch/incident"
	"github.com/tidewatch/tidewatch/internal/finding"
	"github.com/tidewatch/tidewatch/internal/incidentlog"
	"github.com/tidewatch/tidewatch/signals"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var start = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

func load(t *testing.T, id string) *Config {
	t.Helper()
	all, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	sub, err := all.Sub(id)
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, sub.Unmarshal(cfg))
	require.NoError(t, cfg.Validate())
	return cfg
}

func TestConfig(t *testing.T) {
	want := createDefaultConfig().(*Config)
	want.Endpoints = []string{"http://localhost:9093"}
	require.Equal(t, want, load(t, "alertmanager"))
	cfg := load(t, "alertmanager/all")
	urls, err := cfg.urls()
	require.NoError(t, err)
	require.Equal(t, []string{"http://a:9093/prefix/api/v2/alerts", "https://b/api/v2/alerts", "http://c:9093/api/v2/alerts"}, urls)
	require.False(t, cfg.Queue.HasValue())
	for key, change := range map[string]func(*Config){
		"endpoints must name":          func(c *Config) { c.Endpoints = []string{" , "} },
		"endpoints must be URLs":       func(c *Config) { c.Endpoints = []string{"alice:secret@host"} },
		"endpoint must be written":     func(c *Config) { c.Endpoint = "http://x" },
		"compression":                  func(c *Config) { c.Compression = "gzip" },
		"timeout must":                 func(c *Config) { c.Timeout = 0 },
		"resend_interval":              func(c *Config) { c.ResendInterval = 0 },
		"resolve_timeout":              func(c *Config) { c.ResolveTimeout = c.ResendInterval },
		"resolved_for":                 func(c *Config) { c.ResolvedFor = -1 },
		"max_alerts":                   func(c *Config) { c.MaxAlerts = 0 },
		"labels":                       func(c *Config) { c.Labels = map[string]string{"0x": "y"} },
		"sending_queue::num_consumers": func(c *Config) { c.Queue.Get().NumConsumers = 2 },
	} {
		cfg := load(t, "alertmanager")
		change(cfg)
		err := cfg.Validate()
		require.ErrorContains(t, err, key)
		require.NotContains(t, err.Error(), "secret")
	}
}

// server is an Alertmanager that keeps what it is sent.
type server struct {
	*httptest.Server

	mu       sync.Mutex // guards all below
	status   int
	requests [][]alert
	header   http.Header
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{status: http.StatusOK}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var alerts []alert
		if r.URL.Path != path || r.Method != http.MethodPost || json.NewDecoder(r.Body).Decode(&alerts) != nil {
			http.Error(w, "not the API", http.StatusNotFound)
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.status == http.StatusTooManyRequests {
			w.Header().Set("Retry-After", "7")
		}
		if s.status != http.StatusOK {
			http.Error(w, "no\nsecond line", s.status)
			return
		}
		s.requests, s.header = append(s.requests, alerts), r.Header.Clone()
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) answer(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status = status
}

// taken returns all alerts since the last call.
func (s *server) taken() []alert {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []alert
	for _, r := range s.requests {
		out = append(out, r...)
	}
	s.requests = nil
	return out
}

// rig is an exporter whose clock the test moves.
type rig struct {
	*alertExporter

	at  time.Time
	tel *componenttest.Telemetry
}

func newRig(t *testing.T, change func(*Config), endpoints ...string) *rig {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	cfg.Endpoints = endpoints
	cfg.ResendInterval, cfg.ResolveTimeout = time.Hour, 3*time.Hour // the test calls resend
	if change != nil {
		change(cfg)
	}
	require.NoError(t, cfg.Validate())
	r := &rig{at: start, tel: componenttest.NewTelemetry()}
	set := exportertest.NewNopSettings(componentType)
	set.TelemetrySettings = r.tel.NewTelemetrySettings()
	e, err := newExporter(cfg, set)
	require.NoError(t, err)
	e.now = func() time.Time { return r.at }
	r.alertExporter = e
	require.NoError(t, e.start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() {
		require.NoError(t, e.shutdown(context.Background()))
		require.NoError(t, r.tel.Shutdown(context.Background()))
	})
	return r
}

func (r *rig) dropped(t *testing.T) int64 {
	t.Helper()
	m, err := r.tel.GetMetric("tidewatch_exporter_dropped_items")
	if err != nil {
		return 0
	}
	total := int64(0)
	for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
		total += p.Value
	}
	return total
}

func change(what, state, severity string, at time.Time) incident.Change {
	c := incident.Change{What: what, Time: at, Incident: incident.Incident{
		ID: "a1", State: state, Severity: severity, Title: "The pool is exhausted.", Start: start, Opened: start, Cause: incident.ServiceNode("inventory"),
		CauseWhy: "1 of 1 places in trouble need it", Services: []string{"inventory", "web"},
	}}
	if state == incident.StateResolved {
		c.Incident.Resolved = at
	}
	return c
}

func logs(changes ...incident.Change) plog.Logs {
	ld := plog.NewLogs()
	for i := range changes {
		incidentlog.Append(ld, &changes[i], []string{"http://127.0.0.1:4320/#/incidents/a1"})
	}
	return ld
}

func TestLifeOfAnIncident(t *testing.T) {
	am := newServer(t)
	r := newRig(t, func(c *Config) {
		c.Labels = map[string]string{"team": "shop", "severity": "none"}
		c.Headers = configopaque.MapList{{Name: "X-Scope-OrgID", Value: "t"}}
	}, am.URL)
	require.NoError(t, r.push(t.Context(), logs(change(incident.ChangeOpened, incident.StateOpen, signals.SeverityWarning, start))))
	got := am.taken()
	require.Len(t, got, 1)
	labels := map[string]string{"alertname": "TidewatchIncident", "tidewatch_incident": "a1", "severity": "warning", "team": "shop"}
	require.Equal(t, labels, got[0].Labels)
	require.Equal(t, start, got[0].StartsAt)
	require.Equal(t, start.Add(3*time.Hour), got[0].EndsAt)
	require.Equal(t, "http://127.0.0.1:4320/#/incidents/a1", got[0].GeneratorURL)
	require.Equal(t, "The pool is exhausted.", got[0].Annotations["summary"])
	require.Equal(t, "t", am.header.Get("X-Scope-OrgID"))

	// What changes is not in the labels.
	r.at = start.Add(time.Minute)
	update := change(incident.ChangeUpdated, incident.StateAcknowledged, signals.SeverityWarning, r.at)
	update.Incident.Cause, update.Incident.Owner, update.Incident.Services = incident.ServiceNode("db"), "alice", []string{"db"}
	require.NoError(t, r.push(t.Context(), logs(update)))
	got = am.taken()
	require.Len(t, got, 1)
	require.Equal(t, labels, got[0].Labels)
	require.Equal(t, "alice", got[0].Annotations["owner"])

	// It is sent again, with a later end.
	r.at = start.Add(time.Hour)
	r.resend(t.Context())
	got = am.taken()
	require.Len(t, got, 1)
	require.Equal(t, r.at.Add(3*time.Hour), got[0].EndsAt)

	// Critical is another alert, and the first one ends.
	require.NoError(t, r.push(t.Context(), logs(change(incident.ChangeUpdated, incident.StateOpen, signals.SeverityCritical, r.at))))
	got = am.taken()
	require.Len(t, got, 2)
	require.Equal(t, "critical", got[0].Labels["severity"])
	require.Equal(t, labels, got[1].Labels)
	require.Equal(t, r.at, got[1].EndsAt)

	// An older record that the queue held back is left out.
	require.NoError(t, r.push(t.Context(), logs(update)))
	require.Empty(t, am.taken())

	// It ends, and the end is sent again for a while.
	r.at = start.Add(2 * time.Hour)
	require.NoError(t, r.push(t.Context(), logs(change(incident.ChangeResolved, incident.StateResolved, signals.SeverityCritical, r.at))))
	got = am.taken()
	require.Len(t, got, 1)
	require.Equal(t, r.at, got[0].EndsAt)
	r.at = r.at.Add(10 * time.Minute)
	r.resend(t.Context())
	require.Len(t, am.taken(), 1, "the warning ended long ago")
	r.at = r.at.Add(10 * time.Minute)
	r.resend(t.Context())
	require.Empty(t, am.taken())
	open, ended := r.held()
	require.Zero(t, open+ended)
}

func TestFindingsAreAlerts(t *testing.T) {
	am := newServer(t)
	r := newRig(t, nil, am.URL)
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "cart")
	rl.Resource().Attributes().PutStr("host.name", "n1")
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	f := finding.Finding{Kind: signals.KindPatternFlood, State: signals.StateOpen, Severity: signals.SeverityCritical, Start: start, Time: start, Summary: "It pours.", Links: []string{"http://x/"}}
	f.AppendTo(records, rl.Resource().Attributes())
	records.AppendEmpty().Body().SetStr("an ordinary line")
	require.NoError(t, r.push(t.Context(), ld))
	got := am.taken()
	require.Len(t, got, 1)
	id := finding.ID(f.Kind, rl.Resource().Attributes(), nil)
	require.Equal(t, map[string]string{"alertname": "TidewatchFinding", "finding": id, "kind": "pattern_flood", "severity": "critical", "service": "cart", "host": "n1"}, got[0].Labels)
	require.EqualValues(t, 1, r.dropped(t), "what is neither")
}

func TestSeveralAlertmanagers(t *testing.T) {
	a, b := newServer(t), newServer(t)
	r := newRig(t, nil, a.URL+","+b.URL)
	open := logs(change(incident.ChangeOpened, incident.StateOpen, signals.SeverityCritical, start))
	b.answer(http.StatusServiceUnavailable)
	require.NoError(t, r.push(t.Context(), open), "one has it")
	require.Len(t, a.taken(), 1)
	b.answer(http.StatusOK)
	r.resend(t.Context())
	require.Len(t, b.taken(), 1, "the other gets it later")

	a.answer(http.StatusTooManyRequests)
	b.answer(http.StatusInternalServerError)
	err := r.push(t.Context(), open)
	require.Error(t, err)
	require.False(t, consumererror.IsPermanent(err))
	require.ErrorContains(t, err, "no")
	require.NotContains(t, err.Error(), "second line")

	a.answer(http.StatusBadRequest)
	b.answer(http.StatusBadRequest)
	require.Zero(t, r.dropped(t))
	require.True(t, consumererror.IsPermanent(r.push(t.Context(), open)))
	require.EqualValues(t, 1, r.dropped(t))
}

func TestPasswordsAreNotSaid(t *testing.T) {
	r := newRig(t, nil, "http://alice:secret@127.0.0.1:1/")
	err := r.push(t.Context(), logs(change(incident.ChangeOpened, incident.StateOpen, signals.SeverityCritical, start)))
	require.Error(t, err)
	require.NotContains(t, err.Error(), "secret")
}

func TestAlertsAreBounded(t *testing.T) {
	am := newServer(t)
	r := newRig(t, func(c *Config) { c.MaxAlerts = 2 }, am.URL)
	for i, id := range []string{"a", "b", "c", "d"} {
		at := start.Add(time.Duration(i) * time.Minute)
		c := change(incident.ChangeOpened, incident.StateOpen, signals.SeverityCritical, at)
		if id == "c" {
			c = change(incident.ChangeResolved, incident.StateResolved, signals.SeverityCritical, at)
		}
		c.Incident.ID = id
		require.NoError(t, r.push(t.Context(), logs(c)))
	}
	am.taken()
	r.resend(t.Context())
	var ids []string
	for _, a := range am.taken() {
		ids = append(ids, a.Labels[signals.LabelIncident])
	}
	require.ElementsMatch(t, []string{"b", "d"}, ids)
}

// Through the factory, with queue and timer: an incident stays alive without a word.
func TestIsSentAgainByItself(t *testing.T) {
	am := newServer(t)
	cfg := createDefaultConfig().(*Config)
	cfg.Endpoints, cfg.ResendInterval = []string{am.URL}, 10*time.Millisecond
	e, err := NewFactory().CreateLogs(t.Context(), exportertest.NewNopSettings(componentType), cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, e.ConsumeLogs(t.Context(), logs(change(incident.ChangeOpened, incident.StateOpen, signals.SeverityCritical, time.Now()))))
	n := 0
	require.Eventually(t, func() bool { n += len(am.taken()); return n > 3 }, time.Minute, 5*time.Millisecond)
	require.NoError(t, e.Shutdown(t.Context()))
	require.True(t, strings.HasPrefix(am.header.Get("Content-Type"), "application/json"))
}
