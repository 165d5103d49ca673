package kafkaexporter

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"
	"go.uber.org/zap"

	"github.com/tidewatch/tidewatch/internal/otlpwire"
	"github.com/tidewatch/tidewatch/internal/undelivered"
)

const (
	// lastWait is how long a request may still take when the shutdown has begun.
	lastWait = 5 * time.Second
	// patience is after how long without an answer the log says so.
	patience = 10 * time.Second
	// maxBuffered bounds what the client holds, in messages; a batch of traces has one
	// message for each.
	maxBuffered = 50_000
)

// message is encoded OTLP and its key.
type message struct {
	key   []byte
	value []byte
}

// signal is what is different between logs, metrics and traces.
type signal struct {
	topic string
	// halve splits an encoded message in two; it is false for a message of one record.
	halve func(value []byte) (first, second []byte, ok bool)
	// count is the number of records in an encoded message.
	count func(value []byte) int
}

type kafkaExporter struct {
	cfg     *Config
	logger  *zap.Logger
	counter *undelivered.Counter
	client  *kgo.Client // from start on

	stopping context.Context // ends lastWait after the shutdown began, or with its context
	stop     context.CancelFunc
	hurried  sync.Once
	silent   atomic.Bool // brokers do not answer, and the log said so
}

func newExporter(cfg *Config, set exporter.Settings) (*kafkaExporter, error) {
	counter, err := undelivered.NewCounter(set.TelemetrySettings, set.ID)
	if err != nil {
		return nil, err
	}
	e := &kafkaExporter{cfg: cfg, logger: set.Logger, counter: counter}
	e.stopping, e.stop = context.WithCancel(context.Background())
	return e, nil
}

func (e *kafkaExporter) start(ctx context.Context, _ component.Host) error {
	opts, err := e.cfg.Client.Options(ctx, e.logger)
	if err != nil {
		return err
	}
	opts = append(opts,
		kgo.RequiredAcks(kgo.AllISRAcks()), // with numbered messages, which is the client's default
		kgo.ProducerBatchCompression(e.cfg.codec()),
		kgo.ProducerBatchMaxBytes(int32(e.cfg.MaxMessageBytes+overhead)), //nolint:gosec // Validate bounds it
		kgo.ProducerLinger(e.cfg.Linger),
		kgo.MaxBufferedRecords(maxBuffered),
		kgo.AllowAutoTopicCreation(), // where the brokers do
	)
	if e.client, err = kgo.NewClient(opts...); err != nil {
		return fmt.Errorf("create Kafka client: %w", err)
	}
	return nil
}

// hurry lets requests that wait for the brokers end, a moment from now.
func (e *kafkaExporter) hurry(ctx context.Context) {
	e.hurried.Do(func() {
		timer := time.AfterFunc(lastWait, e.stop)
		context.AfterFunc(ctx, e.stop)
		context.AfterFunc(e.stopping, func() { timer.Stop() })
	})
}

func (e *kafkaExporter) shutdown(context.Context) error {
	e.stop()
	if e.client != nil {
		e.client.Close() // what has no answer by now comes again from the queue on disk
	}
	return nil
}

// send writes the messages and returns when each has its answer. Those that failed are
// returned, one message behind the other, and may be sent again.
func (e *kafkaExporter) send(ctx context.Context, s signal, messages []message) (failed []byte, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(e.stopping, cancel)()
	for len(messages) > 0 {
		var fits []message
		for _, m := range messages {
			fits = e.fit(ctx, s, fits, m, e.cfg.MaxMessageBytes)
		}
		errs := e.produce(ctx, s.topic, fits)
		messages = nil
		for i, m := range fits {
			switch {
			case errs[i] == nil:
			case errors.Is(errs[i], kerr.MessageTooLarge): // the topic's limit is below ours
				messages = e.fit(ctx, s, messages, m, len(m.value)*2/3) // halves with their resource
			case errors.Is(errs[i], kerr.InvalidRecord):
				e.counter.Drop(ctx, "invalid_record", s.count(m.value), errs[i].Error())
			default:
				failed, err = append(failed, m.value...), errs[i]
			}
		}
	}
	if err != nil {
		return failed, fmt.Errorf("produce to %s: %w", s.topic, err)
	}
	return nil, nil
}

// fit appends m to messages, in parts no larger than most. A single record that is larger
// is dropped.
func (e *kafkaExporter) fit(ctx context.Context, s signal, messages []message, m message, most int) []message {
	if len(m.value) <= most {
		return append(messages, m)
	}
	for left := m.value; ; {
		resource, rest, ok := otlpwire.Next(left)
		if !ok {
			return messages
		}
		for _, part := range otlpwire.Split(resource, most) {
			messages = e.halve(ctx, s, messages, message{m.key, part}, most)
		}
		left = rest
	}
}

// halve is for what is too large and yet one by its encoding, such as a metric of very many
// points.
func (e *kafkaExporter) halve(ctx context.Context, s signal, messages []message, m message, most int) []message {
	if len(m.value) <= most {
		return append(messages, m)
	}
	first, second, ok := s.halve(m.value)
	if !ok {
		e.counter.Drop(ctx, "too_large", s.count(m.value), fmt.Sprintf("a record of %d bytes", len(m.value)))
		return messages
	}
	return e.halve(ctx, s, e.halve(ctx, s, messages, message{m.key, first}, most), message{m.key, second}, most)
}

// produce waits for the answers. When the exporter stops before they are there, what
// became of the messages is not known, and they count as failed.
func (e *kafkaExporter) produce(ctx context.Context, topic string, messages []message) []error {
	var (
		mu      sync.Mutex // guards results and left
		results = make([]error, len(messages))
		left    = len(messages)
		done    = make(chan struct{})
	)
	for i := range results {
		results[i] = errUnanswered
	}
	if left == 0 {
		return nil
	}
	for i, m := range messages {
		// When the context ends, the client gives up what it has not sent yet. What it has
		// sent stays with it until there is an answer.
		e.client.Produce(ctx, &kgo.Record{Topic: topic, Key: m.key, Value: m.value}, func(_ *kgo.Record, err error) {
			mu.Lock()
			defer mu.Unlock()
			results[i] = err
			if left--; left == 0 {
				close(done)
			}
		})
	}
	e.wait(ctx, done)
	mu.Lock()
	defer mu.Unlock()
	return append([]error(nil), results...)
}

var errUnanswered = errors.New("the brokers have not answered")

// wait returns when all is answered or the exporter stops. If it takes long, it says why.
func (e *kafkaExporter) wait(ctx context.Context, done <-chan struct{}) {
	for timer := time.NewTimer(patience); ; {
		select {
		case <-done:
			timer.Stop()
			if e.silent.CompareAndSwap(true, false) {
				e.logger.Info("Kafka takes messages again.")
			}
			return
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		if !e.silent.Swap(true) {
			ask, cancel := context.WithTimeout(ctx, patience)
			e.logger.Warn("Kafka takes no messages; they wait and are sent when it does.", zap.Error(e.client.Ping(ask)))
			cancel()
		}
	}
}
