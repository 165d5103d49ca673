package kafkareceiver_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/goleak"

	"github.com/tidewatch/tidewatch/receivers/kafkareceiver"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	patience   = time.Minute
	tick       = 5 * time.Millisecond
	partitions = 3
)

// brokers starts brokers in this process, with the three topics.
func brokers(t *testing.T) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(partitions, "tidewatch.logs", "tidewatch.metrics", "tidewatch.traces"))
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func client(t *testing.T, c *kfake.Cluster, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(append(opts, kgo.SeedBrokers(c.ListenAddrs()...), kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
	require.NoError(t, err)
	t.Cleanup(cl.Close)
	return cl
}

// writer writes numbered lines, a message for each.
type writer struct {
	t    *testing.T
	to   *kgo.Client
	next int
}

func (w *writer) write(n int) {
	w.t.Helper()
	var records []*kgo.Record
	for range n {
		records = append(records, &kgo.Record{Topic: "tidewatch.logs", Partition: int32(w.next % partitions), Value: line(w.t, fmt.Sprint(w.next))})
		w.next++
	}
	require.NoError(w.t, w.to.ProduceSync(w.t.Context(), records...).FirstErr())
}

func (w *writer) raw(partition int32, value string) {
	w.t.Helper()
	require.NoError(w.t, w.to.ProduceSync(w.t.Context(), &kgo.Record{Topic: "tidewatch.logs", Partition: partition, Value: []byte(value)}).FirstErr())
}

func line(t *testing.T, text string) []byte {
	t.Helper()
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("host.name", "web-1")
	rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr(text)
	b, err := (&plog.ProtoMarshaler{}).MarshalLogs(ld)
	require.NoError(t, err)
	return b
}

// sink counts how often each line came, and can refuse.
type sink struct {
	mu      sync.Mutex // guards all
	refuse  func(ctx context.Context) error
	lines   map[string]int
	order   []string
	batches int
}

func (*sink) Capabilities() consumer.Capabilities { return consumer.Capabilities{MutatesData: true} }

func (s *sink) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	s.mu.Lock()
	refuse := s.refuse
	s.mu.Unlock()
	if refuse != nil {
		if err := refuse(ctx); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lines == nil {
		s.lines = map[string]int{}
	}
	s.batches++
	for _, rl := range ld.ResourceLogs().All() {
		text := rl.ScopeLogs().At(0).LogRecords().At(0).Body().Str()
		s.lines[text]++
		s.order = append(s.order, text)
	}
	return nil
}

func (s *sink) setRefuse(f func(context.Context) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = f
}

func (s *sink) distinct() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.lines)
}

// doubled is how many lines came more than once.
func (s *sink) doubled() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, times := range s.lines {
		if times > 1 {
			n++
		}
	}
	return n
}

func config(c *kfake.Cluster) *kafkareceiver.Config {
	cfg := kafkareceiver.NewFactory().CreateDefaultConfig().(*kafkareceiver.Config)
	cfg.Client.Brokers = c.ListenAddrs()
	cfg.CommitInterval = 10 * time.Millisecond
	cfg.FetchWait = 10 * time.Millisecond
	cfg.MinFetchBytes = 1
	cfg.HandoverTimeout = 50 * time.Millisecond
	cfg.SessionTimeout = 6 * time.Second
	return cfg
}

func start(t *testing.T, cfg *kafkareceiver.Config, next consumer.Logs, tel *componenttest.Telemetry) receiver.Logs {
	t.Helper()
	require.NoError(t, cfg.Validate())
	f := kafkareceiver.NewFactory()
	set := receivertest.NewNopSettings(f.Type())
	set.ID = component.NewID(f.Type())
	if tel != nil {
		set.TelemetrySettings = tel.NewTelemetrySettings()
	}
	r, err := f.CreateLogs(t.Context(), set, cfg, next)
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, r.Shutdown(context.Background())) })
	return r
}

func arrive(t *testing.T, n int, sinks ...*sink) {
	t.Helper()
	require.Eventually(t, func() bool {
		all := map[string]bool{}
		for _, s := range sinks {
			s.mu.Lock()
			for text := range s.lines {
				all[text] = true
			}
			s.mu.Unlock()
		}
		return len(all) >= n
	}, patience, tick)
}

func sum(t *testing.T, tel *componenttest.Telemetry, name string) map[string]int64 {
	t.Helper()
	out := map[string]int64{}
	m, err := tel.GetMetric(name)
	if err != nil {
		return out
	}
	switch data := m.Data.(type) {
	case metricdata.Sum[int64]:
		for _, p := range data.DataPoints {
			v, _ := p.Attributes.Value("reason")
			out[v.AsString()] += p.Value
		}
	case metricdata.Gauge[int64]:
		for _, p := range data.DataPoints {
			out[""] += p.Value
		}
	}
	return out
}

func TestEachMessageComesOnceAndInTheOrderOfItsPartition(t *testing.T) {
	c := brokers(t)
	w := &writer{t: t, to: client(t, c)}
	w.write(3000) // before anybody reads
	s := &sink{}
	r := start(t, config(c), s, nil)
	arrive(t, 3000, s)
	w.write(300)
	arrive(t, 3300, s)
	require.NoError(t, r.Shutdown(t.Context()))
	require.Zero(t, s.doubled())
	require.Less(t, s.batches, 1000, "messages of a partition are handed on together")
	last := [partitions]int{-1, -1, -1}
	for _, text := range s.order {
		var n int
		_, err := fmt.Sscan(text, &n)
		require.NoError(t, err)
		require.Greater(t, n, last[n%partitions])
		last[n%partitions] = n
	}

	again := &sink{}
	w.write(30)
	start(t, config(c), again, nil)
	arrive(t, 30, again)
	require.Equal(t, 30, again.distinct(), "what was delivered was committed at shutdown")
}

func TestWhatIsRefusedIsTriedAgainAndNotCommitted(t *testing.T) {
	c := brokers(t)
	w := &writer{t: t, to: client(t, c)}
	w.write(100)
	refused := make(chan struct{}, 1000)
	s := &sink{refuse: func(context.Context) error {
		select {
		case refused <- struct{}{}:
		default:
		}
		return errors.New("the queue is full")
	}}
	r := start(t, config(c), s, nil)
	for range 2 * partitions {
		<-refused
	}
	require.Zero(t, s.distinct())
	require.NoError(t, r.Shutdown(t.Context()), "a shutdown does not wait for a pipeline that takes nothing")

	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	s.setRefuse(nil)
	start(t, config(c), s, tel)
	arrive(t, 100, s)
	require.Zero(t, s.doubled())
	require.Empty(t, sum(t, tel, "tidewatch_kafka_dropped_records"))
	require.Eventually(t, func() bool { return sum(t, tel, "tidewatch_kafka_lag")[""] == 0 }, patience, tick)
	require.EqualValues(t, partitions, sum(t, tel, "tidewatch_kafka_partitions")[""])
}

func TestAMessageThatIsNoOTLPIsDroppedAloneAndCounted(t *testing.T) {
	c := brokers(t)
	w := &writer{t: t, to: client(t, c)}
	w.write(30)
	w.raw(0, `{"not": "protobuf"}`)
	w.raw(1, "\x0a\x03\x12\x7f\x00") // whole from outside, broken inside
	w.raw(2, "")                     // an empty message is one without records
	w.write(30)
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	s := &sink{}
	start(t, config(c), s, tel)
	arrive(t, 60, s)
	require.Zero(t, s.doubled())
	require.Equal(t, map[string]int64{"not_otlp": 2}, sum(t, tel, "tidewatch_kafka_dropped_records"))
}

func TestWhatIsRefusedForGoodIsCounted(t *testing.T) {
	c := brokers(t)
	w := &writer{t: t, to: client(t, c)}
	w.write(60)
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	s := &sink{refuse: func(context.Context) error { return consumererror.NewPermanent(errors.New("never")) }}
	start(t, config(c), s, tel)
	require.Eventually(t, func() bool { return sum(t, tel, "tidewatch_kafka_dropped_records")["rejected"] == 60 }, patience, tick)
}

func TestMessagesThatExpiredAreCounted(t *testing.T) {
	c := brokers(t)
	cl := client(t, c)
	w := &writer{t: t, to: cl}
	w.write(30)
	s := &sink{}
	r := start(t, config(c), s, nil)
	arrive(t, 30, s)
	require.NoError(t, r.Shutdown(t.Context()))
	w.write(30)
	deleteUpTo(t, cl, 0, 15) // of 20 messages of partition 0, of which 10 were read
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	start(t, config(c), s, tel)
	arrive(t, 55, s)
	require.Equal(t, map[string]int64{"expired": 5}, sum(t, tel, "tidewatch_kafka_dropped_records"))
}

func TestMembersShareThePartitionsAndNothingIsLostOrDoubledWhenTheyMove(t *testing.T) {
	c := brokers(t)
	w := &writer{t: t, to: client(t, c)}
	first, second := &sink{}, &sink{}
	a := start(t, config(c), first, nil)
	w.write(300)
	arrive(t, 300, first)

	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	start(t, config(c), second, tel)
	total := 300
	require.Eventually(t, func() bool { // until the second has some
		w.write(partitions)
		total += partitions
		return second.distinct() > 0
	}, patience, 20*time.Millisecond)
	arrive(t, total, first, second)
	require.NoError(t, a.Shutdown(t.Context()))
	w.write(300)
	total += 300
	arrive(t, total, first, second)
	require.EqualValues(t, partitions, sum(t, tel, "tidewatch_kafka_partitions")[""])
	requireOnce(t, first, second)
}

// requireOnce wants no line twice over all sinks.
func requireOnce(t *testing.T, sinks ...*sink) {
	t.Helper()
	times := map[string]int{}
	for _, s := range sinks {
		for text, n := range s.lines {
			times[text] += n
		}
	}
	for text, n := range times {
		require.Equal(t, 1, n, "line %s", text)
	}
}

func TestAPipelineThatHangsDoesNotHoldUpTheGroup(t *testing.T) {
	c := brokers(t)
	w := &writer{t: t, to: client(t, c)}
	w.write(90)
	// An exporter whose backend is away: it takes the batch and comes back when told to.
	hanging := &sink{refuse: func(ctx context.Context) error {
		<-ctx.Done()
		return consumererror.NewPermanent(ctx.Err())
	}}
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	start(t, config(c), hanging, tel)
	require.Eventually(t, func() bool { return sum(t, tel, "tidewatch_kafka_partitions")[""] == partitions }, patience, tick)

	healthy := &sink{}
	start(t, config(c), healthy, nil)
	require.Eventually(t, func() bool { return healthy.distinct() > 0 }, patience, tick, "it gets partitions")
	hanging.setRefuse(nil)
	arrive(t, 90, hanging, healthy)
	requireOnce(t, hanging, healthy)
	require.Empty(t, sum(t, tel, "tidewatch_kafka_dropped_records"))
	require.Positive(t, sum(t, tel, "tidewatch_kafka_returned_messages")[""])
}

func TestStopsWithoutStartAndTwice(t *testing.T) {
	cfg := kafkareceiver.NewFactory().CreateDefaultConfig().(*kafkareceiver.Config)
	cfg.Client.Brokers = []string{"127.0.0.1:1"}
	f := kafkareceiver.NewFactory()
	r, err := f.CreateLogs(t.Context(), receivertest.NewNopSettings(f.Type()), cfg, &sink{})
	require.NoError(t, err)
	require.NoError(t, r.Shutdown(t.Context()))
	require.NoError(t, r.Shutdown(t.Context()))
	away := start(t, cfg, &sink{}, nil) // nobody is there
	require.NoError(t, away.Shutdown(t.Context()))
}
