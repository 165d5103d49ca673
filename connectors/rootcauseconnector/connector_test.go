package rootcauseconnector

import (
	"context"
	"encoding/binary"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/storagetest"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/goleak"

	"github.com/tidewatch/tidewatch/internal/finding"
	"github.com/tidewatch/tidewatch/rootcause"
	"github.com/tidewatch/tidewatch/signals"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var start = time.Unix(1_772_359_200, 0).UTC()

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
	require.Equal(t, createDefaultConfig(), load(t, "root_cause"))
	id := component.MustNewID("segment_storage")
	require.Equal(t, &Config{
		Storage: &id, SnapshotInterval: time.Minute,
		Interval: 5 * time.Second, Window: 30 * time.Second, History: 4, ResolveAfter: time.Minute, AcceptAfter: 30 * time.Minute,
		UpdateInterval: 2 * time.Minute, MaxTraceBytes: 2 << 20, MaxOperations: 100, MaxEvidence: 50,
	}, load(t, "root_cause/all"))
	err := new(Config).Validate()
	for _, key := range []string{
		"interval", "history", "resolve_after", "accept_after", "update_interval", "max_trace_bytes", "max_operations", "max_evidence",
	} {
		require.ErrorContains(t, err, key)
	}
	require.ErrorContains(t, (&Config{Interval: time.Minute, Window: time.Minute}).Validate(), "window must be")
}

// system is two services under a connector whose time the test moves.
type system struct {
	*testing.T
	causes   *causes
	evidence connector.Logs
	sink     *consumertest.LogsSink
	now      time.Time
	serial   uint64
}

func newSystem(t *testing.T) *system {
	t.Helper()
	s := &system{T: t, sink: new(consumertest.LogsSink), now: start}
	f := NewFactory()
	set := connectortest.NewNopSettings(componentType)
	c, err := f.CreateTracesToLogs(t.Context(), set, createDefaultConfig(), s.sink)
	require.NoError(t, err)
	s.evidence, err = f.CreateLogsToLogs(t.Context(), set, createDefaultConfig(), s.sink)
	require.NoError(t, err)
	s.causes = c.(*causes)
	s.causes.now = func() time.Time { return s.now }
	return s
}

// request is one of shop that calls stock; it returns the id of its trace.
func (s *system) request(took time.Duration, failed bool, line string) pcommon.TraceID {
	s.serial++
	var id pcommon.TraceID
	binary.BigEndian.PutUint64(id[8:], s.serial)
	td := ptrace.NewTraces()
	begin := s.now.Add(-took - 20*time.Millisecond)
	span := func(service, name string, kind ptrace.SpanKind, n, parent byte, from, d time.Duration) ptrace.Span {
		rs := td.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr(signals.AttrServiceName, service)
		rs.Resource().Attributes().PutStr(signals.AttrHostName, "host-of-"+service)
		x := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		x.SetTraceID(id)
		x.SetSpanID(pcommon.SpanID{7: n})
		if parent > 0 {
			x.SetParentSpanID(pcommon.SpanID{7: parent})
		}
		x.SetName(name)
		x.SetKind(kind)
		x.SetStartTimestamp(pcommon.NewTimestampFromTime(begin.Add(from)))
		x.SetEndTimestamp(pcommon.NewTimestampFromTime(begin.Add(from + d)))
		if failed {
			x.Status().SetCode(ptrace.StatusCodeError)
		}
		return x
	}
	wobble := time.Duration(s.serial%7) * 100 * time.Microsecond
	span("shop", "POST /order", ptrace.SpanKindServer, 1, 0, 0, took+10*time.Millisecond+wobble)
	span("shop", "reserve", ptrace.SpanKindClient, 2, 1, 2*time.Millisecond, took+2*time.Millisecond)
	span("stock", "Reserve", ptrace.SpanKindServer, 3, 2, 3*time.Millisecond, took)
	require.NoError(s, s.causes.ConsumeTraces(s.Context(), td))

	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr(signals.AttrServiceName, "stock")
	r := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	r.SetTraceID(id)
	r.SetTimestamp(pcommon.NewTimestampFromTime(begin.Add(4 * time.Millisecond)))
	r.Attributes().PutStr(signals.AttrPatternID, line)
	r.Attributes().PutStr(signals.AttrTemplate, line)
	require.NoError(s, s.evidence.ConsumeLogs(s.Context(), ld))
	return id
}

// minutes lets requests come in, ten every ten seconds.
func (s *system) minutes(n float64, took time.Duration, failed func(i int) bool, line string) (last pcommon.TraceID) {
	for range int(n * 6) {
		for i := range 10 {
			s.now = s.now.Add(time.Second)
			last = s.request(took, failed(i), line)
		}
		s.causes.check(context.Background())
	}
	return last
}

func none(int) bool { return false }

type told struct{ state, service, trace, body, affects string }

func (s *system) told() []told {
	var out []told
	for _, ld := range s.sink.AllLogs() {
		for _, rl := range ld.ResourceLogs().All() {
			r := rl.ScopeLogs().At(0).LogRecords().At(0)
			require.Equal(s, signals.EventFinding, r.EventName())
			require.Equal(s, signals.KindRootCause, text(r.Attributes(), signals.AttrFindingKind))
			out = append(out, told{text(r.Attributes(), signals.AttrFindingState), text(rl.Resource().Attributes(), signals.AttrServiceName), r.TraceID().String(), r.Body().Str(), text(r.Attributes(), signals.AttrFindingAffects)})
		}
	}
	s.sink.Reset()
	return out
}

func TestCauseIsFoundUpdatedAndResolved(t *testing.T) {
	s := newSystem(t)
	s.minutes(8, 20*time.Millisecond, none, "reserved")
	require.Empty(t, s.told())
	last := s.minutes(1, 400*time.Millisecond, func(i int) bool { return i%8 == 0 }, "pool exhausted")
	got := s.told()
	require.Len(t, got, 1)
	require.Equal(t, "open", got[0].state)
	require.Equal(t, "stock", got[0].service)
	require.NotEmpty(t, got[0].trace)
	require.Contains(t, got[0].body, "stock is the likely cause that")
	require.Contains(t, got[0].body, "POST /order at shop")
	require.Equal(t, `["shop"]`, got[0].affects)

	story, ok := s.causes.Trace(last.String())
	require.True(t, ok)
	require.Equal(t, "stock", story.Culprit.Service)
	require.Equal(t, "host-of-stock", story.Culprit.Host)
	require.InDelta(t, 20*time.Millisecond, story.Culprit.Usual, float64(time.Millisecond))
	_, suspects := s.causes.Now()
	require.Equal(t, "stock", suspects[0].Service)

	s.minutes(1, 400*time.Millisecond, none, "pool exhausted")
	got = s.told()
	require.Len(t, got, 1)
	require.Equal(t, "updated", got[0].state)
	s.minutes(4, 20*time.Millisecond, none, "reserved")
	got = s.told()
	require.Equal(t, "resolved", got[len(got)-1].state)
	s.minutes(5, 20*time.Millisecond, none, "reserved")
	require.Empty(t, s.told())
}

// A process that is killed leaves a finding open; the next one ends it, and needs no
// history of its own.
func TestRestartGoesOn(t *testing.T) {
	host := storagetest.NewStorageHost().WithFileBackedStorageExtension("test", t.TempDir())
	id := storagetest.NewStorageID("test")
	s := newSystem(t)
	s.causes.cfg.Storage, s.causes.cfg.SnapshotInterval = &id, 0
	require.NoError(t, s.causes.restore(t.Context(), host))
	s.minutes(8, 20*time.Millisecond, none, "reserved")
	s.minutes(1, 400*time.Millisecond, none, "reserved")
	require.Equal(t, "open", s.told()[0].state)
	require.NoError(t, s.causes.keeper.Close(t.Context()))

	next := newSystem(t)
	next.now, next.serial, next.causes.set.ID = s.now, s.serial, s.causes.set.ID
	next.causes.cfg.Storage, next.causes.cfg.SnapshotInterval = &id, 0
	require.NoError(t, next.causes.restore(t.Context(), host))
	next.minutes(4, 20*time.Millisecond, none, "reserved")
	got := next.told()
	require.Len(t, got, 1)
	require.Equal(t, "resolved", got[0].state)
	next.minutes(1, 400*time.Millisecond, none, "reserved")
	require.Equal(t, "open", next.told()[0].state)
	require.NoError(t, next.causes.keeper.Close(t.Context()))
}

func TestRefusedFindingsAreSentAgain(t *testing.T) {
	s := newSystem(t)
	s.minutes(8, 20*time.Millisecond, none, "reserved")
	s.causes.next = consumertest.NewErr(errors.New("full"))
	s.minutes(0.7, 400*time.Millisecond, none, "reserved")
	s.causes.next = s.sink
	s.minutes(0.2, 400*time.Millisecond, none, "reserved")
	got := s.told()
	require.Len(t, got, 1)
	require.Equal(t, "open", got[0].state)
}

func TestFindingsOfOthersAreEvidence(t *testing.T) {
	s := newSystem(t)
	s.minutes(8, 20*time.Millisecond, none, "reserved")
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr(signals.AttrServiceName, "stock")
	f := finding.Finding{
		Kind: signals.KindMetricAnomaly, State: signals.StateOpen, Severity: signals.SeverityWarning, Score: 0.9,
		Subject: []finding.Attr{{Key: signals.AttrFindingMetric, Value: "process.cpu.utilization"}}, Summary: "CPU is busy",
		Start: s.now, Time: s.now,
	}
	f.AppendTo(rl.ScopeLogs().AppendEmpty().LogRecords(), rl.Resource().Attributes())
	require.NoError(t, s.evidence.ConsumeLogs(t.Context(), ld))
	s.minutes(1, 400*time.Millisecond, none, "reserved")
	_, suspects := s.causes.Now()
	require.Equal(t, "stock", suspects[0].Service)
	var texts []string
	for _, c := range suspects[0].Clues {
		if c.Channel == rootcause.Resource {
			texts = append(texts, c.Text)
		}
	}
	require.Equal(t, []string{"CPU is busy"}, texts)
}

func TestEvidenceIsBounded(t *testing.T) {
	s := newSystem(t)
	s.causes.inbox.limit = 3
	for range 10 {
		s.request(time.Millisecond, false, "x")
	}
	s.causes.inbox.mu.Lock()
	defer s.causes.inbox.mu.Unlock()
	require.Len(t, s.causes.inbox.lines, 3)
	require.Equal(t, 3, s.causes.inbox.count)
	require.EqualValues(t, 7, s.causes.inbox.dropped)
}

func TestLifecycle(t *testing.T) {
	f := NewFactory()
	require.NoError(t, componenttest.CheckConfigStruct(f.CreateDefaultConfig()))
	c, err := f.CreateTracesToLogs(t.Context(), connectortest.NewNopSettings(componentType), f.CreateDefaultConfig(), new(consumertest.LogsSink))
	require.NoError(t, err)
	require.NoError(t, c.Shutdown(t.Context()), "without Start")
	require.NoError(t, c.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, c.Shutdown(t.Context()))
	require.NoError(t, c.Shutdown(t.Context()), "twice")
	require.Equal(t, component.MustNewType("root_cause"), f.Type())
	_, ok := c.(*causes).Trace("none")
	require.False(t, ok)
}
