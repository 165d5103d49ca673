package kafkaexporter_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/goleak"

	"github.com/tidewatch/tidewatch/exporters/kafkaexporter"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = time.Minute

func brokers(t testing.TB) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(8, "tidewatch.logs", "tidewatch.metrics", "tidewatch.traces"))
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// direct is a configuration without queue and retries, so that a push shows its error.
func direct(c *kfake.Cluster) *kafkaexporter.Config {
	cfg := kafkaexporter.NewFactory().CreateDefaultConfig().(*kafkaexporter.Config)
	cfg.Client.Brokers = c.ListenAddrs()
	cfg.QueueConfig = configoptional.None[exporterhelper.QueueBatchConfig]()
	cfg.RetryConfig.Enabled = false
	return cfg
}

// retrying is direct with quick retries.
func retrying(c *kfake.Cluster) *kafkaexporter.Config {
	cfg := direct(c)
	cfg.RetryConfig.Enabled = true
	cfg.RetryConfig.InitialInterval = 5 * time.Millisecond
	cfg.RetryConfig.MaxInterval = 20 * time.Millisecond
	return cfg
}

func settings(tel *componenttest.Telemetry) exporter.Settings {
	set := exportertest.NewNopSettings(kafkaexporter.NewFactory().Type())
	if tel != nil {
		set.TelemetrySettings = tel.NewTelemetrySettings()
	}
	return set
}

func run[C component.Component](t *testing.T, c C, err error) C {
	t.Helper()
	require.NoError(t, err)
	require.NoError(t, c.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, c.Shutdown(context.Background())) })
	return c
}

func logsTo(t *testing.T, cfg *kafkaexporter.Config, tel *componenttest.Telemetry) exporter.Logs {
	t.Helper()
	require.NoError(t, cfg.Validate())
	e, err := kafkaexporter.NewFactory().CreateLogs(t.Context(), settings(tel), cfg)
	return run(t, e, err)
}

// topic reads n messages of a topic.
func topic(t *testing.T, c *kfake.Cluster, name string, n int) []*kgo.Record {
	t.Helper()
	var all []*kgo.Record
	until(t, c, name, n, func(r *kgo.Record) int {
		all = append(all, r)
		return 1
	})
	return all
}

// until reads messages of a topic from its beginning until their sizes add up to n.
func until(t *testing.T, c *kfake.Cluster, name string, n int, size func(*kgo.Record) int) {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.ConsumeTopics(name), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	require.NoError(t, err)
	defer cl.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	got := 0
	for got < n {
		f := cl.PollFetches(ctx)
		require.NoError(t, f.Err0(), "%d of %d", got, n)
		for _, r := range f.Records() {
			got += size(r)
		}
	}
	require.Equal(t, n, got)
}

func host(n int) string { return fmt.Sprint("host-", n) }

// hosts returns logs of some hosts, each with some lines.
func hosts(n, lines int) plog.Logs {
	ld := plog.NewLogs()
	for h := range n {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("host.name", host(h))
		rl.Resource().Attributes().PutStr("service.name", "shop")
		sl := rl.ScopeLogs().AppendEmpty()
		for i := range lines {
			sl.LogRecords().AppendEmpty().Body().SetStr(fmt.Sprintf("%s line %d", host(h), i))
		}
	}
	return ld
}

func bodies(t *testing.T, r *kgo.Record) (host string, lines []string) {
	t.Helper()
	ld, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(r.Value)
	require.NoError(t, err)
	for _, rl := range ld.ResourceLogs().All() {
		v, _ := rl.Resource().Attributes().Get("host.name")
		host = v.Str()
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				lines = append(lines, lr.Body().Str())
			}
		}
	}
	return host, lines
}

func TestLogsGoByTheirResource(t *testing.T) {
	c := brokers(t)
	e := logsTo(t, direct(c), nil)
	ld := hosts(20, 3)
	require.NoError(t, e.ConsumeLogs(t.Context(), ld))
	require.NoError(t, e.ConsumeLogs(t.Context(), ld))
	require.Equal(t, 60, ld.LogRecordCount(), "the data is not changed")
	at, keys, used := map[string]int32{}, map[string]string{}, map[int32]bool{}
	for _, r := range topic(t, c, "tidewatch.logs", 40) {
		h, lines := bodies(t, r)
		require.Equal(t, []string{h + " line 0", h + " line 1", h + " line 2"}, lines)
		if p, ok := at[h]; ok {
			require.Equal(t, p, r.Partition, "one host, one partition")
			require.Equal(t, keys[h], string(r.Key))
		}
		at[h], keys[h], used[r.Partition] = r.Partition, string(r.Key), true
	}
	require.Greater(t, len(used), 3, "hosts are spread")
}

func TestLogsGoByWhatTheKeyNames(t *testing.T) {
	c := brokers(t)
	cfg := direct(c)
	cfg.Key.Logs = []string{"service.name", "not.there"}
	e := logsTo(t, cfg, nil)
	require.NoError(t, e.ConsumeLogs(t.Context(), hosts(5, 2)))
	_, lines := bodies(t, topic(t, c, "tidewatch.logs", 1)[0])
	require.Len(t, lines, 10, "resources of one key are one message")
}

func TestMetricsGoByTheirResource(t *testing.T) {
	c := brokers(t)
	e, err := kafkaexporter.NewFactory().CreateMetrics(t.Context(), settings(nil), direct(c))
	run(t, e, err)
	md := pmetric.NewMetrics()
	for h := range 3 {
		rm := md.ResourceMetrics().AppendEmpty()
		rm.Resource().Attributes().PutStr("host.name", host(h))
		allKinds(rm.ScopeMetrics().AppendEmpty(), 1)
	}
	md.ResourceMetrics().AppendEmpty() // without points there is nothing to send
	require.NoError(t, e.ConsumeMetrics(t.Context(), md))
	for _, r := range topic(t, c, "tidewatch.metrics", 3) {
		got, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(r.Value)
		require.NoError(t, err)
		require.Equal(t, 5, got.DataPointCount())
	}
}

// allKinds adds one metric of each kind, with n points each.
func allKinds(sm pmetric.ScopeMetrics, n int) {
	add := func(name string) pmetric.Metric {
		m := sm.Metrics().AppendEmpty()
		m.SetName(name)
		return m
	}
	gauge, counter, histogram := add("gauge").SetEmptyGauge(), add("counter").SetEmptySum(), add("histogram").SetEmptyHistogram()
	exponential, summary := add("exponential").SetEmptyExponentialHistogram(), add("summary").SetEmptySummary()
	for i := range n {
		id := func(a pcommon.Map) { a.PutInt("n", int64(i)) }
		id(gauge.DataPoints().AppendEmpty().Attributes())
		id(counter.DataPoints().AppendEmpty().Attributes())
		id(histogram.DataPoints().AppendEmpty().Attributes())
		id(exponential.DataPoints().AppendEmpty().Attributes())
		id(summary.DataPoints().AppendEmpty().Attributes())
	}
}

func TestSpansGoByTheirTrace(t *testing.T) {
	c := brokers(t)
	e, err := kafkaexporter.NewFactory().CreateTraces(t.Context(), settings(nil), direct(c))
	run(t, e, err)
	td := ptrace.NewTraces()
	for _, service := range []string{"shop", "stock"} { // each trace has spans of both
		rs := td.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr("service.name", service)
		for _, scope := range []string{"http", "sql"} {
			ss := rs.ScopeSpans().AppendEmpty()
			ss.Scope().SetName(scope)
			for trace := range byte(10) {
				s := ss.Spans().AppendEmpty()
				s.SetTraceID(pcommon.TraceID{15: trace}) // the first has no id
				s.SetName(fmt.Sprint(service, scope, trace))
			}
		}
	}
	require.NoError(t, e.ConsumeTraces(t.Context(), td))
	for _, r := range topic(t, c, "tidewatch.traces", 10) {
		got, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(r.Value)
		require.NoError(t, err)
		require.Equal(t, 4, got.SpanCount())
		require.Equal(t, 2, got.ResourceSpans().Len())
		last := got.ResourceSpans().At(1)
		service, _ := last.Resource().Attributes().Get("service.name")
		require.Equal(t, "stock", service.Str())
		require.Equal(t, 2, last.ScopeSpans().Len())
		s := last.ScopeSpans().At(1).Spans().At(0)
		require.Equal(t, fmt.Sprint("stocksql", s.TraceID()[15]), s.Name())
		if id := s.TraceID(); id.IsEmpty() {
			require.Nil(t, r.Key)
		} else {
			require.Equal(t, id[:], r.Key)
		}
	}
}

func dropped(t *testing.T, tel *componenttest.Telemetry) map[string]int64 {
	t.Helper()
	m, err := tel.GetMetric("tidewatch_exporter_dropped_items")
	if err != nil {
		return nil
	}
	out := map[string]int64{}
	for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
		v, ok := p.Attributes.Value("reason")
		require.True(t, ok)
		out[v.AsString()] += p.Value
	}
	return out
}

func TestLargeBatchesAreSplitAndLargeRecordsDropped(t *testing.T) {
	c := brokers(t)
	cfg := direct(c)
	cfg.MaxMessageBytes = 2000
	cfg.Compression = "none"
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	e := logsTo(t, cfg, tel)
	ld := hosts(1, 500)
	ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(123).Body().SetStr(strings.Repeat("x", 3000))
	require.NoError(t, e.ConsumeLogs(t.Context(), ld))
	require.Equal(t, map[string]int64{"too_large": 1}, dropped(t, tel))
	lines := map[string]bool{}
	until(t, c, "tidewatch.logs", 499, func(r *kgo.Record) int {
		require.LessOrEqual(t, len(r.Value), 2000)
		_, some := bodies(t, r)
		for _, l := range some {
			require.False(t, lines[l], l)
			lines[l] = true
		}
		return len(some)
	})
}

func TestMetricsAndSpansAreSplitToo(t *testing.T) {
	c := brokers(t)
	cfg := direct(c)
	cfg.MaxMessageBytes = 1024
	m, err := kafkaexporter.NewFactory().CreateMetrics(t.Context(), settings(nil), cfg)
	run(t, m, err)
	md := pmetric.NewMetrics()
	allKinds(md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty(), 32) // 160 points of about 20 bytes
	require.NoError(t, m.ConsumeMetrics(t.Context(), md))
	until(t, c, "tidewatch.metrics", 160, func(r *kgo.Record) int {
		require.LessOrEqual(t, len(r.Value), 1024)
		got, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(r.Value)
		require.NoError(t, err)
		return got.DataPointCount()
	})

	s, err := kafkaexporter.NewFactory().CreateTraces(t.Context(), settings(nil), cfg)
	run(t, s, err)
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for range 64 {
		span := spans.AppendEmpty()
		span.SetTraceID(pcommon.TraceID{1})
		span.SetName("a name of some length")
	}
	require.NoError(t, s.ConsumeTraces(t.Context(), td))
	until(t, c, "tidewatch.traces", 64, func(r *kgo.Record) int {
		require.LessOrEqual(t, len(r.Value), 1024)
		got, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(r.Value)
		require.NoError(t, err)
		return got.SpanCount()
	})
}

// answer makes the broker answer the next produce requests with an error; it says how often.
func answer(c *kfake.Cluster, times int, code *kerr.Error) {
	c.ControlKey(int16(kmsg.Produce), func(req kmsg.Request) (kmsg.Response, error, bool) {
		if times == 0 {
			c.DropControl()
			return nil, nil, false
		}
		times--
		c.KeepControl()
		in := req.(*kmsg.ProduceRequest)
		resp := in.ResponseKind().(*kmsg.ProduceResponse)
		for _, topic := range in.Topics {
			out := kmsg.NewProduceResponseTopic()
			out.Topic, out.TopicID = topic.Topic, topic.TopicID
			for _, p := range topic.Partitions {
				partition := kmsg.NewProduceResponseTopicPartition()
				partition.Partition, partition.ErrorCode = p.Partition, code.Code
				out.Partitions = append(out.Partitions, partition)
			}
			resp.Topics = append(resp.Topics, out)
		}
		return resp, nil, true
	})
}

func TestAnErrorSendsOnlyWhatFailedAgain(t *testing.T) {
	c := brokers(t)
	e := logsTo(t, retrying(c), nil)
	answer(c, 1, kerr.TopicAuthorizationFailed) // of one request, which has some of the partitions
	require.NoError(t, e.ConsumeLogs(t.Context(), hosts(20, 2)))
	seen := map[string]bool{}
	for _, r := range topic(t, c, "tidewatch.logs", 20) {
		h, lines := bodies(t, r)
		require.False(t, seen[h])
		require.Len(t, lines, 2)
		seen[h] = true
	}
}

func TestTheTopicsOwnLimitSplits(t *testing.T) {
	c := brokers(t)
	e := logsTo(t, direct(c), nil)
	answer(c, 1, kerr.MessageTooLarge)
	require.NoError(t, e.ConsumeLogs(t.Context(), hosts(1, 100)))
	n := 0
	for _, r := range topic(t, c, "tidewatch.logs", 2) {
		_, lines := bodies(t, r)
		n += len(lines)
	}
	require.Equal(t, 100, n)
}

func TestInvalidRecordsAreDroppedAndCounted(t *testing.T) {
	c := brokers(t)
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	e := logsTo(t, direct(c), tel)
	answer(c, 1, kerr.InvalidRecord)
	require.NoError(t, e.ConsumeLogs(t.Context(), hosts(1, 10)))
	require.Equal(t, map[string]int64{"invalid_record": 10}, dropped(t, tel))
}

func TestAMissingTopicIsAnErrorUntilItIsThere(t *testing.T) {
	c := brokers(t)
	cfg := direct(c)
	cfg.Topics.Logs = "nobody.made.it"
	e := logsTo(t, cfg, nil)
	require.ErrorContains(t, e.ConsumeLogs(t.Context(), hosts(1, 1)), "produce to nobody.made.it: UNKNOWN_TOPIC_OR_PARTITION")
}

func TestShutdownDoesNotWaitForBrokersThatAreAway(t *testing.T) {
	cfg := kafkaexporter.NewFactory().CreateDefaultConfig().(*kafkaexporter.Config)
	cfg.Client.Brokers = []string{"127.0.0.1:1"}
	cfg.QueueConfig.Get().Batch.Get().FlushTimeout = time.Millisecond
	e, err := kafkaexporter.NewFactory().CreateLogs(t.Context(), settings(nil), cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, e.ConsumeLogs(t.Context(), hosts(1, 1)))
	over, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, e.Shutdown(over))
}
