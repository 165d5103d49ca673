package ticketexporter

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/tidewatch/tidewatch/incident"
	"github.com/tidewatch/tidewatch/internal/incidentlog"
	"github.com/tidewatch/tidewatch/signals"
)

var update = flag.Bool("update", false, "rewrite testdata")

var start = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

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
	want.Endpoint = "http://localhost:8080/hook"
	require.Equal(t, want, load(t, "ticket"))
	cfg := load(t, "ticket/all")
	require.Equal(t, "OPS", cfg.Project)
	require.Equal(t, "31", cfg.Parameters["close_transition"])
	require.NotContains(t, fmt.Sprintf("%+v %s", cfg.Password, cfg.Password), "secret")
	for key, change := range map[string]func(*Config){
		"system must be":       func(c *Config) { c.System = "trac" },
		"endpoint must be set": func(c *Config) { c.Endpoint = "" },
		"exclude each other":   func(c *Config) { c.SecretEndpoint = "https://hooks.example/secret" },
		"endpoint must be a":   func(c *Config) { c.Endpoint = "secret" },
		"project must":         func(c *Config) { c.System = "github" },
		"token must":           func(c *Config) { c.System, c.Project = "gitlab", "x" },
		"user and password":    func(c *Config) { c.User = "x" },
		"token and user":       func(c *Config) { c.User, c.Password, c.Token = "x", "y", "z" },
		"compression":          func(c *Config) { c.Compression = "gzip" },
		"timeout must":         func(c *Config) { c.Timeout = 0 },
		"min_severity":         func(c *Config) { c.MinSeverity = "info" },
		"update_interval":      func(c *Config) { c.UpdateInterval = -1 },
		"max_tickets":          func(c *Config) { c.MaxTickets = 0 },
		"num_consumers":        func(c *Config) { c.Queue.Get().NumConsumers = 3 },
		"must be create":       func(c *Config) { c.Templates = map[string]Template{"delete": {Method: "POST"}} },
		"::method":             func(c *Config) { c.Templates = map[string]Template{"create": {Method: "GET"}} },
		"body must be JSON": func(c *Config) {
			c.Templates = map[string]Template{"create": {Method: "POST", Body: `{"t":{{.Title}}}`}}
		},
		"read body":              func(c *Config) { c.Templates = map[string]Template{"create": {Method: "POST", Body: `{{`}} },
		"can't evaluate field X": func(c *Config) { c.Templates = map[string]Template{"create": {Method: "POST", Path: `{{.X}}`}} },
	} {
		cfg := load(t, "ticket")
		change(cfg)
		err := cfg.Validate()
		require.ErrorContains(t, err, key)
		require.NotContains(t, err.Error(), "secret.")
	}
}

// server is a ticket system: it writes down what it is asked and answers with a script.
type server struct {
	*httptest.Server

	mu     sync.Mutex // guards all below
	asked  bytes.Buffer
	n      int
	answer func(n int, r *http.Request) (status int, body string)
}

func newServer(t *testing.T, answer func(n int, r *http.Request) (int, string)) *server {
	t.Helper()
	s := &server{answer: answer}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.n++
		fmt.Fprintf(&s.asked, "%s %s\n", r.Method, r.URL.RequestURI())
		for _, h := range []string{"Authorization", "Private-Token", "Idempotency-Key"} {
			if v := r.Header.Get(h); v != "" {
				fmt.Fprintf(&s.asked, "%s: %s\n", h, v)
			}
		}
		if b, err := io.ReadAll(r.Body); err == nil && len(b) > 0 {
			var pretty bytes.Buffer
			if json.Indent(&pretty, b, "", "  ") == nil {
				b = pretty.Bytes()
			}
			fmt.Fprintf(&s.asked, "%s\n", b)
		}
		fmt.Fprintln(&s.asked)
		status, body := s.answer(s.n, r)
		if status == http.StatusTooManyRequests {
			w.Header().Set("Retry-After", "9")
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) requests() (int, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n, s.asked.String()
}

// memory is a storage extension that outlives its clients.
type memory struct {
	component.StartFunc
	component.ShutdownFunc
	storage.Client
	mu   sync.Mutex // guards data
	data map[string][]byte
}

func (m *memory) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	return m, nil
}

func (m *memory) Get(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.data[key], nil
}

func (m *memory) Set(_ context.Context, key string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.data[key] = value
	return nil
}
func (m *memory) Close(context.Context) error { return nil }

type host struct {
	component.Host
	extensions map[component.ID]component.Component
}

func (h host) GetExtensions() map[component.ID]component.Component { return h.extensions }

type rig struct {
	*ticketExporter

	tel  *componenttest.Telemetry
	logs *observer.ObservedLogs
}

func newRig(t *testing.T, cfg *Config, kept *memory) *rig {
	t.Helper()
	require.NoError(t, cfg.Validate())
	id := component.MustNewID("memory")
	cfg.Storage = &id
	r := &rig{tel: componenttest.NewTelemetry()}
	set := exportertest.NewNopSettings(componentType)
	set.TelemetrySettings = r.tel.NewTelemetrySettings()
	core, logs := observer.New(zap.DebugLevel)
	set.Logger, r.logs = zap.New(core), logs
	e, err := newExporter(cfg, set)
	require.NoError(t, err)
	e.now = func() time.Time { return start }
	r.ticketExporter = e
	require.NoError(t, e.start(t.Context(), host{componenttest.NewNopHost(), map[component.ID]component.Component{id: kept}}))
	t.Cleanup(func() {
		require.NoError(t, e.shutdown(context.Background()))
		require.NoError(t, r.tel.Shutdown(context.Background()))
	})
	return r
}

func (r *rig) dropped(t *testing.T) map[string]int64 {
	t.Helper()
	out := map[string]int64{}
	m, err := r.tel.GetMetric("tidewatch_exporter_dropped_items")
	if err != nil {
		return out
	}
	for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
		reason, _ := p.Attributes.Value("reason")
		out[reason.AsString()] += p.Value
	}
	return out
}

func config(system, url string) *Config {
	cfg := createDefaultConfig().(*Config)
	cfg.Endpoint, cfg.System, cfg.Labels = url, system, []string{"tidewatch", "ops"}
	if s := systems()[system]; s.project {
		cfg.Project = map[string]string{"github": "acme/shop", "gitlab": "acme/shop", "jira": "OPS", "servicenow": "incident", "slack": "C024BE91L"}[system]
	}
	if systems()[system].token {
		cfg.Token = "s3cret"
	}
	if system == "jira" || system == "servicenow" {
		cfg.Token, cfg.User, cfg.Password = "", "bot", "s3cret"
	}
	if system == "jira" {
		cfg.Parameters = map[string]string{"close_transition": "31"}
	}
	return cfg
}

func change(what, state string, at time.Duration) incident.Change {
	c := incident.Change{What: what, Time: start.Add(at), Incident: incident.Incident{
		ID: "a1b2c3d4e5f60718", State: state, Severity: signals.SeverityCritical, Title: `inventory: connection pool "stock" exhausted.`,
		Start: start.Add(-time.Minute), Opened: start, Cause: incident.ServiceNode("inventory"), CauseWhy: "2 of 2 places in trouble need it",
		Services: []string{"checkout", "inventory", "web"}, Hosts: []string{"node-1"}, Findings: []incident.Member{{Finding: incident.Finding{ID: "f1"}}},
	}}
	switch state {
	case incident.StateResolved:
		c.Incident.Resolved, c.Incident.Resolution = c.Time, incident.ResolutionRecovered
	case incident.StateAcknowledged:
		c.Incident.Owner = "alice"
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

var answers = map[string]string{
	"github": `{"number":1347,"node_id":"x"}`, "gitlab": `{"id":9,"iid":14}`, "jira": `{"id":"10000","key":"OPS-24"}`,
	"servicenow": `{"result":{"sys_id":"9d385017c611228701d22104cc95c371","number":"INC0010001"}}`, "slack": `{"ok":true,"channel":"C024BE91L","ts":"1503435956.000247"}`,
	"slack_webhook": "ok", "pagerduty": `{"status":"success","dedup_key":"x"}`, "generic": `{"id":"T-1"}`,
}

// The requests of a whole life are as testdata/golden has them: opened, a small update
// that waits, acknowledged, resolved, and reopened.
func TestGoldenRequests(t *testing.T) {
	for system := range systems() {
		t.Run(system, func(t *testing.T) {
			s := newServer(t, func(int, *http.Request) (int, string) { return http.StatusCreated, answers[system] })
			r := newRig(t, config(system, s.URL), &memory{data: map[string][]byte{}})
			r.counter.Drop(t.Context(), "x", 0, "") // so that the metric is there
			require.NoError(t, r.push(t.Context(), logs(
				change(incident.ChangeOpened, incident.StateOpen, 0),
				change(incident.ChangeUpdated, incident.StateOpen, time.Minute),
				change(incident.ChangeAcknowledged, incident.StateAcknowledged, 2*time.Minute),
				change(incident.ChangeResolved, incident.StateResolved, 20*time.Minute),
				change(incident.ChangeReopened, incident.StateReopened, 30*time.Minute),
			)))
			_, got := s.requests()
			file := filepath.Join("testdata", "golden", system+".txt")
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, string(want), got)
			require.Equal(t, map[string]int64{"x": 0}, r.dropped(t))

			// All of it again, as a queue may after a restart, asks for nothing.
			n, _ := s.requests()
			require.NoError(t, r.push(t.Context(), logs(change(incident.ChangeOpened, incident.StateOpen, 0), change(incident.ChangeReopened, incident.StateReopened, 30*time.Minute))))
			again, _ := s.requests()
			require.Equal(t, n, again)
		})
	}
}

func TestRestartKnowsItsTickets(t *testing.T) {
	s := newServer(t, func(int, *http.Request) (int, string) { return http.StatusOK, answers["github"] })
	kept := &memory{data: map[string][]byte{}}
	require.NoError(t, newRig(t, config("github", s.URL), kept).push(t.Context(), logs(change(incident.ChangeOpened, incident.StateOpen, 0))))
	require.NoError(t, newRig(t, config("github", s.URL), kept).push(t.Context(), logs(change(incident.ChangeResolved, incident.StateResolved, time.Minute))))
	_, got := s.requests()
	require.Contains(t, got, "PATCH /repos/acme/shop/issues/1347\n")
	require.Equal(t, 1, strings.Count(got, "POST "))
}

// A create whose answer is lost is looked for before it is sent again.
func TestCreateWithoutAnswerIsLookedFor(t *testing.T) {
	lists := map[string]string{
		"github":     `[{"number":1,"body":"other"},{"number":7,"body":"Incident a1b2c3d4e5f60718 of Tidewatch"}]`,
		"gitlab":     `[{"iid":7,"description":"a1b2c3d4e5f60718"}]`,
		"jira":       `{"issues":[{"key":"7","fields":{"description":"a1b2c3d4e5f60718"}}]}`,
		"servicenow": `{"result":[{"sys_id":"7","correlation_id":"a1b2c3d4e5f60718"}]}`,
	}
	for system, list := range lists {
		for _, there := range []bool{true, false} {
			s := newServer(t, func(n int, r *http.Request) (int, string) {
				switch {
				case n == 1:
					return http.StatusBadGateway, ""
				case r.Method == http.MethodGet && there:
					return http.StatusOK, list
				case r.Method == http.MethodGet:
					return http.StatusOK, strings.ReplaceAll(list, "a1b2c3d4e5f60718", "another")
				default:
					return http.StatusOK, answers[system]
				}
			})
			kept := &memory{data: map[string][]byte{}}
			open := logs(change(incident.ChangeOpened, incident.StateOpen, 0))
			require.Error(t, newRig(t, config(system, s.URL), kept).push(t.Context(), open))
			r := newRig(t, config(system, s.URL), kept) // also after a restart
			require.NoError(t, r.push(t.Context(), open))
			known, ok := r.know("a1b2c3d4e5f60718")
			require.True(t, ok)
			require.Equal(t, there, known.ID == "7", "%s: %+v", system, known)
			require.False(t, known.Begun)
			_, got := s.requests()
			if there {
				require.Equal(t, 1, strings.Count(got, "POST "), got)
			} else {
				require.Equal(t, 2, strings.Count(got, "POST "), got)
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		system string
		status int
		body   string
		retry  bool
	}{
		{"github", http.StatusUnauthorized, "Bad credentials s3cret", true},
		{"github", http.StatusNotFound, "", true},
		{"github", http.StatusTooManyRequests, "", true},
		{"github", http.StatusInternalServerError, "", true},
		{"github", http.StatusFound, "", true},
		{"github", http.StatusUnprocessableEntity, "Validation Failed", false},
		{"slack", http.StatusOK, `{"ok":false,"error":"ratelimited"}`, true},
		{"slack", http.StatusOK, `{"ok":false,"error":"invalid_auth"}`, true},
		{"slack", http.StatusOK, `{"ok":false,"error":"msg_too_long"}`, false},
	} {
		s := newServer(t, func(int, *http.Request) (int, string) { return c.status, c.body })
		r := newRig(t, config(c.system, s.URL), &memory{data: map[string][]byte{}})
		second := change(incident.ChangeOpened, incident.StateOpen, time.Minute)
		second.Incident.ID = "second"
		err := r.push(t.Context(), logs(change(incident.ChangeOpened, incident.StateOpen, 0), second))
		if c.retry {
			require.Error(t, err, "%+v", c)
			require.NotContains(t, err.Error(), "s3cret")
			require.Empty(t, r.dropped(t))
		} else {
			require.NoError(t, err, "%+v", c)
			require.Equal(t, map[string]int64{"refused": 2}, r.dropped(t))
		}
	}
}

func TestSecretsAreNotSaid(t *testing.T) {
	cfg := config("slack_webhook", "")
	cfg.SecretEndpoint = "http://127.0.0.1:1/services/T0/s3cret"
	r := newRig(t, cfg, &memory{data: map[string][]byte{}})
	err := r.push(t.Context(), logs(change(incident.ChangeOpened, incident.StateOpen, 0)))
	require.Error(t, err)
	require.NotContains(t, err.Error(), "s3cret")
	for _, l := range r.logs.All() {
		require.NotContains(t, fmt.Sprint(l.Message, l.ContextMap()), "s3cret")
	}
}

func TestWhatHasNoTicket(t *testing.T) {
	s := newServer(t, func(_ int, r *http.Request) (int, string) {
		if r.Method == http.MethodPatch {
			return http.StatusGone, ""
		}
		return http.StatusOK, answers["github"]
	})
	cfg := config("github", s.URL)
	cfg.MinSeverity, cfg.MaxTickets = signals.SeverityCritical, 2
	r := newRig(t, cfg, &memory{data: map[string][]byte{}})
	mild := change(incident.ChangeOpened, incident.StateOpen, 0)
	mild.Incident.Severity = signals.SeverityWarning
	over := change(incident.ChangeResolved, incident.StateResolved, time.Minute)
	over.Incident.ID = "never opened"
	ld := logs(mild, over)
	ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().AppendEmpty().Body().SetStr("an ordinary line")
	require.NoError(t, r.push(t.Context(), ld))
	n, _ := s.requests()
	require.Zero(t, n)
	require.Equal(t, map[string]int64{"not_an_incident": 1}, r.dropped(t))

	// A ticket that a person deleted is let go.
	require.NoError(t, r.push(t.Context(), logs(change(incident.ChangeUpdated, incident.StateOpen, 2*time.Minute), change(incident.ChangeResolved, incident.StateResolved, 3*time.Minute))))
	require.EqualValues(t, 1, r.dropped(t)["ticket_gone"])
	for _, id := range []string{"x", "y", "z"} {
		c := change(incident.ChangeOpened, incident.StateOpen, 4*time.Minute)
		c.Incident.ID = id
		require.NoError(t, r.push(t.Context(), logs(c)))
	}
	_, known := r.know("a1b2c3d4e5f60718")
	require.False(t, known, "closed ones are forgotten first")
	require.EqualValues(t, 2, r.dropped(t)["max_tickets"])
}

// Through the factory: what a system refuses for now waits in the queue.
func TestQueueTriesAgain(t *testing.T) {
	s := newServer(t, func(n int, _ *http.Request) (int, string) {
		if n < 3 {
			return http.StatusServiceUnavailable, ""
		}
		return http.StatusOK, answers["generic"]
	})
	cfg := config("generic", s.URL)
	cfg.Retry.InitialInterval, cfg.Retry.MaxInterval = time.Millisecond, 5*time.Millisecond
	e, err := NewFactory().CreateLogs(t.Context(), exportertest.NewNopSettings(componentType), cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, e.ConsumeLogs(t.Context(), logs(change(incident.ChangeOpened, incident.StateOpen, 0))))
	require.Eventually(t, func() bool { n, _ := s.requests(); return n == 3 }, time.Minute, 5*time.Millisecond)
	require.NoError(t, e.Shutdown(t.Context()))
}

func FuzzAnswers(f *testing.F) {
	for system, a := range answers {
		f.Add(a, systems()[system].requests[actionCreate].ID)
	}
	f.Add(`[{"a":[1]}]`, "/*/a/0")
	f.Fuzz(func(_ *testing.T, body, pointer string) {
		_ = idIn([]byte(body), pointer)
		_ = findIn([]byte(body), pointer, "a")
		_ = slackRefusal([]byte(body))
	})
}

// Whatever an incident says, a body is JSON.
func FuzzTemplates(f *testing.F) {
	f.Add(`a "title" {{.X}}`, "service:\x00<cart>", "critical")
	var all []*compiled
	for _, s := range systems() {
		for _, action := range slices.Sorted(func(yield func(string) bool) {
			for a := range s.requests {
				if !yield(a) {
					return
				}
			}
		}) {
			c, err := compile(s.requests[action])
			require.NoError(f, err)
			all = append(all, c)
		}
	}
	f.Fuzz(func(t *testing.T, title, cause, severity string) {
		for _, c := range all {
			_, body, err := c.render(&values{Record: incidentlog.Record{ID: "1", Title: title, Cause: cause, Severity: severity, Links: []string{title}}, Parameters: map[string]string{}})
			require.NoError(t, err)
			require.True(t, json.Valid(body), string(body))
		}
	})
}
