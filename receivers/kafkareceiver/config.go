package kafkareceiver

import (
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"

	"github.com/tidewatch/tidewatch/internal/kafkaclient"
)

// Where reading begins for a group that has committed nothing.
const (
	offsetEarliest = "earliest"
	offsetLatest   = "latest"
)

// Config of the receiver.
type Config struct {
	// Client holds brokers, client_id, tls and sasl.
	Client kafkaclient.Config `mapstructure:",squash"`

	// Topics by signal.
	Topics Topics `mapstructure:"topics"`
	// Group is the consumer group, whose members share the partitions. Each signal has
	// its own, with the signal's name behind a dot: tidewatch.logs.
	Group string `mapstructure:"group"`
	// Instance is the lasting name of this member, different from that of all others,
	// such as the name of a StatefulSet's pod. A member that comes back under its name
	// within SessionTimeout gets its partitions back. Empty is a new name at each start.
	Instance string `mapstructure:"instance"`
	// InitialOffset says where a new group begins: earliest or latest.
	InitialOffset string `mapstructure:"initial_offset"`

	// SessionTimeout is how long a member may be silent until its partitions are given to
	// others. The brokers allow 6s to 30m by default.
	SessionTimeout time.Duration `mapstructure:"session_timeout"`
	// HandoverTimeout is how long a delivery under way is waited for when others take over
	// partitions, or at shutdown. Then it is given up and comes again.
	HandoverTimeout time.Duration `mapstructure:"handover_timeout"`
	// CommitInterval is how often the offsets of what was delivered are committed. What
	// was delivered since comes twice after a crash.
	CommitInterval time.Duration `mapstructure:"commit_interval"`
	// MaxRetryInterval is the longest wait until a batch that the pipeline refused for
	// now is offered again. The first wait is 100ms, or this if it is shorter; each
	// further one is twice as long.
	MaxRetryInterval time.Duration `mapstructure:"max_retry_interval"`

	// MaxBatchBytes is up to how many bytes of one partition's messages are handed on as
	// one batch, before compression. A larger message is a batch by itself.
	MaxBatchBytes int `mapstructure:"max_batch_bytes"`
	// MaxFetchBytes bounds what one answer of a broker has of one partition, after
	// compression.
	MaxFetchBytes int `mapstructure:"max_fetch_bytes"`
	// FetchWait is how long a broker may wait until it has MinFetchBytes.
	FetchWait time.Duration `mapstructure:"fetch_wait"`
	// MinFetchBytes is how much makes a broker answer before FetchWait is over.
	MinFetchBytes int `mapstructure:"min_fetch_bytes"`
}

// Topics are the topic of each signal.
type Topics struct {
	Logs    string `mapstructure:"logs"`
	Metrics string `mapstructure:"metrics"`
	Traces  string `mapstructure:"traces"`
}

func createDefaultConfig() component.Config {
	return &Config{
		Client:           kafkaclient.DefaultConfig(),
		Topics:           Topics{Logs: "tidewatch.logs", Metrics: "tidewatch.metrics", Traces: "tidewatch.traces"},
		Group:            "tidewatch",
		InitialOffset:    offsetEarliest,         // what waits before the first gateway starts is wanted
		SessionTimeout:   45 * time.Second,       // Kafka's own default: a restart in less moves no partition
		HandoverTimeout:  20 * time.Second,       // an export takes less; a rebalance may take a minute
		CommitInterval:   time.Second,            // as many records may be doubled by a crash
		MaxRetryInterval: 30 * time.Second,       // soon enough after an outage, and rare enough not to be felt in one
		MaxBatchBytes:    1 << 20,                // about 4000 log lines: a request to Elasticsearch or Loki
		MaxFetchBytes:    512 << 10,              // about 5 MB of logs per partition in memory
		FetchWait:        500 * time.Millisecond, // how far behind the gateway may be when little comes in
		MinFetchBytes:    64 << 10,               // larger batches cost less
	}
}

// Validate names the key and the fix.
func (c *Config) Validate() error {
	if err := c.Client.Validate(); err != nil {
		return err
	}
	for _, t := range [...]struct{ key, topic string }{
		{"logs", c.Topics.Logs}, {"metrics", c.Topics.Metrics}, {"traces", c.Topics.Traces},
	} {
		if t.topic == "" {
			return fmt.Errorf("topics::%s must not be empty", t.key)
		}
	}
	if c.Group == "" {
		return errors.New("group must not be empty: the offsets are kept under it")
	}
	if c.InitialOffset != offsetEarliest && c.InitialOffset != offsetLatest {
		return fmt.Errorf("initial_offset: %q must be earliest or latest", c.InitialOffset)
	}
	for _, d := range [...]struct {
		key string
		d   time.Duration
	}{
		{"session_timeout", c.SessionTimeout},
		{"handover_timeout", c.HandoverTimeout},
		{"commit_interval", c.CommitInterval},
		{"max_retry_interval", c.MaxRetryInterval},
		{"fetch_wait", c.FetchWait},
	} {
		if d.d < time.Millisecond {
			return fmt.Errorf("%s must be at least 1ms", d.key)
		}
	}
	for _, n := range [...]struct {
		key string
		n   int
	}{
		{"max_batch_bytes", c.MaxBatchBytes},
		{"max_fetch_bytes", c.MaxFetchBytes},
		{"min_fetch_bytes", c.MinFetchBytes},
	} {
		if n.n < 1 || n.n > 1<<30 {
			return fmt.Errorf("%s must be from 1 to %d", n.key, 1<<30)
		}
	}
	return nil
}
