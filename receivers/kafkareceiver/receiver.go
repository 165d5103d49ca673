package kafkareceiver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.uber.org/zap"

	"github.com/tidewatch/tidewatch/internal/contain"
	"github.com/tidewatch/tidewatch/internal/pressure"
)

const (
	retryFirst = 100 * time.Millisecond
	// farewell bounds the last commit and the goodbye to the group.
	farewell = 5 * time.Second
)

// place is a partition of a topic.
type place struct {
	topic     string
	partition int32
}

// kafkaReceiver is the receiver of one signal. One goroutine polls, delivers what it got
// and commits; the group's partitions are moved only while it polls.
type kafkaReceiver struct {
	cfg     *Config
	set     receiver.Settings
	topic   string
	signal  string
	consume consume
	report  *receiverhelper.ObsReport
	tel     *telemetry
	panics  *contain.Teller
	// pressure says whether reading has to wait.
	pressure pressure.Source
	client   *kgo.Client // from Start on

	polling    context.Context // ends when Shutdown begins
	stopPoll   context.CancelFunc
	delivering context.Context // ends when Shutdown has waited long enough
	abort      context.CancelFunc
	running    sync.WaitGroup
	once       sync.Once
	failing    bool // owned by run

	mu        sync.Mutex            // guards all below
	owned     map[place]*position   // the group's assignment
	delivered map[place]*kgo.Record // the last of each partition that is not committed yet
	giveUp    context.CancelFunc    // ends the delivery under way
	overdue   *time.Timer           // others wait for its partitions
	committed time.Time             // when the last commit was tried
}

// position is how far a partition was read.
type position struct {
	next int64 // offset after the last delivered message; -1 is not known yet
	end  int64 // offset after the last message there is
}

func newReceiver(set receiver.Settings, cfg *Config, topic, signal string, consumer func(*kafkaReceiver) consume) (*kafkaReceiver, error) {
	report, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{ReceiverID: set.ID, Transport: "kafka", ReceiverCreateSettings: set})
	if err != nil {
		return nil, fmt.Errorf("create receiver telemetry: %w", err)
	}
	r := &kafkaReceiver{
		cfg: cfg, set: set, topic: topic, signal: signal, report: report, pressure: pressure.None(),
		owned: map[place]*position{}, delivered: map[place]*kgo.Record{}, // bounded by the topic's partitions
	}
	if r.panics, err = contain.New(set.TelemetrySettings, "receiver", set.ID); err != nil {
		return nil, err
	}
	if r.tel, err = newTelemetry(set, signal, r); err != nil {
		return nil, err
	}
	r.consume = consumer(r)
	r.polling, r.stopPoll = context.WithCancel(context.Background())
	r.delivering, r.abort = context.WithCancel(context.Background())
	return r, nil
}

// Start begins to read. That brokers are away is no error: they are tried until they answer.
func (r *kafkaReceiver) Start(ctx context.Context, host component.Host) error {
	r.pressure = pressure.Of(host)
	opts, err := r.cfg.Client.Options(ctx, r.set.Logger)
	if err != nil {
		return err
	}
	start := kgo.NewOffset().AtStart()
	if r.cfg.InitialOffset == offsetLatest {
		start = kgo.NewOffset().AtEnd()
	}
	opts = append(opts,
		kgo.ConsumerGroup(r.cfg.Group+"."+r.signal),
		kgo.ConsumeTopics(r.topic),
		kgo.ConsumeResetOffset(start),
		kgo.SessionTimeout(r.cfg.SessionTimeout),
		kgo.HeartbeatInterval(min(3*time.Second, r.cfg.SessionTimeout/3)),
		kgo.FetchMaxWait(r.cfg.FetchWait),
		kgo.FetchMinBytes(int32(r.cfg.MinFetchBytes)),          //nolint:gosec // Validate bounds it
		kgo.FetchMaxPartitionBytes(int32(r.cfg.MaxFetchBytes)), //nolint:gosec // Validate bounds it
		kgo.DisableAutoCommit(),
		kgo.BlockRebalanceOnPoll(),
		kgo.AdjustFetchOffsetsFn(r.assigned),
		kgo.OnPartitionsRevoked(r.revoked),
		kgo.OnPartitionsLost(r.lost),
		kgo.OnPartitionsCallbackBlocked(r.hurry),
	)
	if r.cfg.Instance != "" {
		opts = append(opts, kgo.InstanceID(r.cfg.Instance))
	}
	if r.client, err = kgo.NewClient(opts...); err != nil {
		return fmt.Errorf("create Kafka client: %w", err)
	}
	r.running.Go(func() { r.panics.Run(r.polling.Done(), r.run) })
	return nil
}

// Shutdown waits for the delivery under way, commits, and leaves the group, unless the
// member has a lasting name. It may be called twice, and without Start.
func (r *kafkaReceiver) Shutdown(ctx context.Context) error {
	var err error
	r.once.Do(func() {
		err = r.tel.close()
		r.stopPoll()
		late := time.AfterFunc(r.cfg.HandoverTimeout, r.abort)
		unblock := context.AfterFunc(ctx, r.abort)
		r.running.Wait()
		late.Stop()
		unblock()
		r.abort()
		if r.client == nil {
			return
		}
		bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
		defer cancel()
		r.commit(bye)
		_ = r.client.LeaveGroupContext(bye) // brokers that do not hear it find out by themselves
		r.client.CloseAllowingRebalance()
	})
	return err
}

func (r *kafkaReceiver) run() {
	for r.polling.Err() == nil && pressure.Wait(r.pressure, r.polling.Done()) {
		ctx, giveUp := context.WithCancel(r.delivering)
		r.arm(giveUp)
		fetches := r.poll()
		r.notice(fetches)
		r.deliverAll(ctx, fetches)
		if r.due() || pressure.Paused(r.pressure) {
			r.commit(r.delivering)
		}
		r.disarm()
		giveUp()
		r.client.AllowRebalance()
	}
}

// poll waits for messages; not for longer than offsets may stay uncommitted.
func (r *kafkaReceiver) poll() kgo.Fetches {
	r.mu.Lock()
	uncommitted := len(r.delivered) > 0
	r.mu.Unlock()
	if !uncommitted {
		return r.client.PollFetches(r.polling)
	}
	ctx, cancel := context.WithTimeout(r.polling, r.cfg.CommitInterval)
	defer cancel()
	return r.client.PollFetches(ctx)
}

// notice says when reading begins to fail and when it goes on.
func (r *kafkaReceiver) notice(fetches kgo.Fetches) {
	var problem error
	for _, e := range fetches.Errors() {
		if !errors.Is(e.Err, context.Canceled) && !errors.Is(e.Err, context.DeadlineExceeded) && !errors.Is(e.Err, kgo.ErrClientClosed) {
			problem = e.Err
		}
	}
	switch {
	case problem != nil && !r.failing:
		r.failing = true
		r.set.Logger.Warn("Kafka cannot be read; it is tried again.", zap.String("topic", r.topic), zap.Error(problem))
	case problem == nil && r.failing && !fetches.Empty():
		r.failing = false
		r.set.Logger.Info("Kafka is read again.", zap.String("topic", r.topic))
	}
	if problem != nil && fetches.Empty() {
		sleep(r.polling, retryFirst) // the library comes back with some errors at once
	}
}

// due tells whether it is time to commit.
func (r *kafkaReceiver) due() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.delivered) > 0 && time.Since(r.committed) >= r.cfg.CommitInterval
}

// commit tells the brokers what was delivered. When they do not take it, the next commit
// does it.
func (r *kafkaReceiver) commit(ctx context.Context) {
	r.mu.Lock()
	records := make([]*kgo.Record, 0, len(r.delivered))
	for _, rec := range r.delivered {
		records = append(records, rec)
	}
	r.mu.Unlock()
	if len(records) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, farewell)
	defer cancel()
	err := r.client.CommitRecords(ctx, records...)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.committed = time.Now()
	if err != nil {
		r.set.Logger.Debug("commit offsets", zap.Error(err))
		return
	}
	for _, rec := range records {
		if p := (place{rec.Topic, rec.Partition}); r.delivered[p] == rec {
			delete(r.delivered, p)
		}
	}
}

// sleep waits and returns false if the context ended meanwhile.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
