package incidentconnector

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/goleak"

	"github.com/tidewatch/tidewatch/incident"
	"github.com/tidewatch/tidewatch/incident/catalogue"
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
	require.Equal(t, createDefaultConfig(), load(t, "incident"))
	id := component.MustNewID("file_storage")
	require.Equal(t, &Config{
		Storage: &id, SnapshotInterval: 2 * time.Minute, Directory: "/var/lib/tidewatch/incidents", Catalogue: "/var/lib/tidewatch/catalogue", Interval: time.Second,
		Links:  []string{"https://grafana.example.com/explore?service={service}&from={start_ms}"},
		Settle: time.Second, Together: 2 * time.Second, JoinWithin: 3 * time.Second, Persist: 4 * time.Second, ResolveAfter: 5 * time.Second,
		ReopenWithin: 6 * time.Second, UpdateInterval: 7 * time.Second, StaleAfter: 8 * time.Second, AlertStaleAfter: 9 * time.Second,
		MaxIncidents: 1, MaxFindings: 2, MaxEdges: 3, MaxPending: 4,
	}, load(t, "incident/all"))
	err := (&Config{SnapshotInterval: -1, Links: []string{"/explore"}}).Validate()
	for _, key := range []string{
		"snapshot_interval", "interval", "links[0]", "settle", "together", "join_within", "persist", "resolve_after", "reopen_within", "update_interval",
		"stale_after", "alert_stale_after", "max_incidents", "max_findings", "max_edges", "max_pending",
	} {
		require.ErrorContains(t, err, key)
	}
}

// sink takes records, or refuses them.
type sink struct {
	consumertest.LogsSink
	mu     sync.Mutex // guards refuse
	refuse bool
}

func (s *sink) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse {
		return errors.New("not now")
	}
	return s.LogsSink.ConsumeLogs(ctx, ld)
}

func (s *sink) records() []incidentlog.Record {
	var out []incidentlog.Record
	for _, ld := range s.AllLogs() {
		for _, rl := range ld.ResourceLogs().All() {
			if r, ok := incidentlog.Read(rl.ScopeLogs().At(0).LogRecords().At(0)); ok {
				out = append(out, r)
			}
		}
	}
	return out
}

// rig is a connector whose clock the test moves. Its own goroutine does not look.
type rig struct {
	*incidents

	edges *edges
	sink  *sink
	at    time.Time
}

func newRig(t *testing.T, cfg *Config) *rig {
	t.Helper()
	cfg.Interval = time.Hour
	r := &rig{sink: &sink{}, at: start}
	known := &calls{edges: map[component.ID][]incident.Edge{}}
	set := connectortest.NewNopSettings(componentType)
	set.ID = component.NewID(componentType) // as a configuration names it: storages know it by that
	c, err := newIncidents(set, cfg, known, r.sink)
	require.NoError(t, err)
	c.now = func() time.Time { return r.at }
	r.incidents, r.edges = c, &edges{id: set.ID, limit: cfg.MaxEdges, known: known}
	return r
}

func (r *rig) pass(t *testing.T, d time.Duration) {
	t.Helper()
	for end := r.at.Add(d); r.at.Before(end); {
		r.at = r.at.Add(min(5*time.Second, end.Sub(r.at)))
		r.check(t.Context())
	}
}

func (r *rig) finds(t *testing.T, service, rule, state string) {
	t.Helper()
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr(signals.AttrServiceName, service)
	f := finding.Finding{
		Kind: signals.KindAlert, State: state, Severity: signals.SeverityCritical, Start: r.at, Time: r.at, Summary: rule + " fires.",
		Subject: []finding.Attr{{Key: "alertname", Value: rule}},
	}
	f.AppendTo(rl.ScopeLogs().AppendEmpty().LogRecords(), rl.Resource().Attributes())
	rl.ScopeLogs().At(0).LogRecords().AppendEmpty().Body().SetStr("an ordinary line")
	require.NoError(t, r.ConsumeLogs(t.Context(), ld))
}

func graph(client, server, connection string) pmetric.Metrics {
	md := pmetric.NewMetrics()
	m := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName("traces_service_graph_request_total")
	a := m.SetEmptySum().DataPoints().AppendEmpty().Attributes()
	a.PutStr("client", client)
	a.PutStr("server", server)
	a.PutStr("connection_type", connection)
	return md
}

func TestFindingsBecomeOneIncident(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Links = []string{"http://127.0.0.1:4320/#/incidents/{incident.id}?service={service}"}
	r := newRig(t, cfg)
	require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
	for _, md := range []pmetric.Metrics{graph("web", "inventory", ""), graph("inventory", "stock", "database"), graph("user", "web", "virtual_node"), pmetric.NewMetrics()} {
		require.NoError(t, r.edges.ConsumeMetrics(t.Context(), md))
	}
	r.finds(t, "web", "Slow", signals.StateOpen)
	r.finds(t, "inventory", "PoolExhausted", signals.StateOpen)
	r.pass(t, 20*time.Second)
	got := r.sink.records()
	require.Len(t, got, 1)
	require.Equal(t, "service:inventory", got[0].Cause)
	require.Equal(t, []string{"http://127.0.0.1:4320/#/incidents/" + got[0].ID + "?service=inventory"}, got[0].Links)
	require.EqualValues(t, 2, got[0].Count)
	require.Equal(t, 2, r.Stats().Edges)

	r.finds(t, "web", "Slow", signals.StateResolved)
	r.finds(t, "inventory", "PoolExhausted", signals.StateResolved)
	r.pass(t, 6*time.Minute)
	got = r.sink.records()
	require.Equal(t, incident.StateResolved, got[len(got)-1].State)
	require.NoError(t, r.Shutdown(t.Context()))
	require.NoError(t, r.Shutdown(t.Context()))
}

// memory is a storage extension that outlives its clients.
type memory struct {
	component.StartFunc
	component.ShutdownFunc
	storage.Client
	data map[string][]byte
}

func (m *memory) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	return m, nil
}
func (m *memory) Get(_ context.Context, key string) ([]byte, error) { return m.data[key], nil }
func (m *memory) Set(_ context.Context, key string, value []byte) error {
	m.data[key] = value
	return nil
}
func (m *memory) Close(context.Context) error { return nil }

// A restart in the middle, with a next component that refuses everything, loses nothing.
func TestRestartLosesNothing(t *testing.T) {
	for _, orderly := range []bool{true, false} {
		id := component.MustNewID("memory")
		host := host{componenttest.NewNopHost(), map[component.ID]component.Component{id: &memory{data: map[string][]byte{}}}}
		cfg := createDefaultConfig().(*Config)
		cfg.Storage, cfg.SnapshotInterval = &id, 0
		r := newRig(t, cfg)
		require.NoError(t, r.Start(t.Context(), host))
		r.sink.refuse = true
		r.finds(t, "cart", "Slow", signals.StateOpen)
		r.pass(t, 20*time.Second)
		told := r.Incidents()[0].ID
		require.NoError(t, r.Resolve(told, "alice", "restarted it"))
		r.check(t.Context())
		if orderly {
			require.NoError(t, r.Shutdown(t.Context()))
		} else { // as if killed: what was told was saved before
			close(r.quit)
			r.wg.Wait()
			r.telemetry.close()
		}

		again := newRig(t, cfg)
		again.at = r.at
		require.NoError(t, again.Start(t.Context(), host))
		again.check(t.Context())
		got := again.sink.records()
		require.Len(t, got, 2)
		require.Equal(t, incident.ChangeOpened, got[0].Change)
		require.Equal(t, incident.ChangeResolved, got[1].Change)
		require.Equal(t, told, got[1].ID)
		require.NoError(t, again.Shutdown(t.Context()))
	}
}

func TestNoiseAndLessonsAreFiles(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Directory, cfg.Catalogue = filepath.Join(t.TempDir(), "incidents"), filepath.Join(t.TempDir(), "catalogue")
	r := newRig(t, cfg)
	require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
	r.finds(t, "batch", "Nightly", signals.StateOpen)
	r.pass(t, 20*time.Second)
	id := r.Incidents()[0].ID
	_, err := r.Cause(id, incident.Lesson{By: "alice", Entry: incident.Entry{Code: "nightly"}})
	require.NoError(t, err)
	c, err := catalogue.Load(os.DirFS(cfg.Catalogue))
	require.NoError(t, err)
	require.NotNil(t, c.Entry("learned.nightly"))

	_, err = r.Noise(id, incident.Noise{Owner: "alice", Expires: start.Add(time.Hour)})
	require.NoError(t, err)
	r.check(t.Context())
	require.Len(t, r.Suppressions(), 1)
	require.Equal(t, incident.StateResolved, r.sink.records()[len(r.sink.records())-1].State)
	r.finds(t, "batch", "Nightly", signals.StateOpen)
	require.EqualValues(t, 1, r.Stats().Suppressed)

	// A person makes a mistake: what held before does, and nothing is written over it.
	file := filepath.Join(cfg.Directory, "suppressions.yaml")
	require.NoError(t, os.WriteFile(file, nil, 0o600)) // as while an editor writes it
	r.check(t.Context())
	require.Len(t, r.Suppressions(), 1)
	require.NoError(t, replace(file, []byte("suppressions:\n- owner: bob\n")))
	r.check(t.Context())
	r.check(t.Context())
	require.Len(t, r.Suppressions(), 1)
	_, err = r.Noise(id, incident.Noise{Owner: "alice", Expires: start.Add(time.Hour)})
	require.ErrorIs(t, err, incident.ErrState)

	// And takes everything away.
	require.NoError(t, os.Remove(file))
	r.check(t.Context())
	require.Empty(t, r.Suppressions())
	require.ErrorIs(t, r.Acknowledge(id, "x"), incident.ErrState)
	require.NoError(t, r.Shutdown(t.Context()))
}

func TestPendingIsBounded(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.MaxPending = 3
	r := newRig(t, cfg)
	require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
	r.sink.refuse = true
	for _, s := range []string{"a", "b", "c", "d", "e"} {
		r.finds(t, s, "Down", signals.StateOpen)
		r.pass(t, time.Minute)
	}
	r.sink.refuse = false
	r.check(t.Context())
	got := r.sink.records()
	require.Len(t, got, 3)
	require.Equal(t, "service:e", got[2].Cause)
	require.NoError(t, r.Shutdown(t.Context()))
}

// desk is a console extension.
type desk struct {
	component.StartFunc
	component.ShutdownFunc
	incident.Desk
}

func (d *desk) ServeIncidents(served incident.Desk) { d.Desk = served }

type host struct {
	component.Host
	extensions map[component.ID]component.Component
}

func (h host) GetExtensions() map[component.ID]component.Component { return h.extensions }

// What a person does is told without waiting for the next look.
func TestDeskIsServedAndTellsAtOnce(t *testing.T) {
	d := &desk{}
	f := NewFactory()
	s := &sink{}
	set := connectortest.NewNopSettings(componentType)
	cfg := createDefaultConfig().(*Config)
	cfg.Interval, cfg.Settle = time.Hour, time.Nanosecond
	c, err := f.CreateLogsToLogs(t.Context(), set, cfg, s)
	require.NoError(t, err)
	m, err := f.CreateMetricsToLogs(t.Context(), set, cfg, consumertest.NewNop())
	require.NoError(t, err)
	require.False(t, m.Capabilities().MutatesData)
	require.False(t, c.Capabilities().MutatesData)
	require.NoError(t, c.Start(t.Context(), host{componenttest.NewNopHost(), map[component.ID]component.Component{component.MustNewID("console"): d}}))
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	(&finding.Finding{Kind: signals.KindAlert, State: signals.StateOpen, Severity: signals.SeverityCritical, Start: time.Now(), Time: time.Now(), Summary: "Down."}).AppendTo(records, pcommon.NewMap())
	require.NoError(t, c.(consumer.Logs).ConsumeLogs(t.Context(), ld))
	require.ErrorIs(t, d.Acknowledge("none", "alice"), incident.ErrUnknown) // makes it look, too
	require.Eventually(t, func() bool { _ = d.Acknowledge("none", "alice"); return len(s.records()) == 1 }, time.Minute, 10*time.Millisecond)
	id := d.Incidents()[0].ID
	require.NoError(t, d.Acknowledge(id, "alice"))
	require.Eventually(t, func() bool { return len(s.records()) == 2 }, time.Minute, 10*time.Millisecond)
	_, ok := d.Incident(id)
	require.True(t, ok)
	require.NoError(t, c.Shutdown(t.Context()))
}

func TestLifecycleWithoutStart(t *testing.T) {
	f := NewFactory()
	c, err := f.CreateLogsToLogs(t.Context(), connectortest.NewNopSettings(componentType), f.CreateDefaultConfig(), consumertest.NewNop())
	require.NoError(t, err)
	require.NoError(t, c.Shutdown(t.Context()))
}
