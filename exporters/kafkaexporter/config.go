package kafkaexporter

import (
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/exporter/exporterhelper"

	"github.com/tidewatch/tidewatch/internal/kafkaclient"
	"github.com/tidewatch/tidewatch/signals"
)

// Config of the exporter.
type Config struct {
	// Client holds brokers, client_id, tls and sasl.
	Client kafkaclient.Config `mapstructure:",squash"`

	// Topics by signal. They must exist, unless the brokers create them.
	Topics Topics `mapstructure:"topics"`
	// Key says by what logs and metrics are distributed over the partitions. Spans go by
	// their trace.
	Key Key `mapstructure:"key"`

	// Compression is zstd, lz4, snappy, gzip or none.
	Compression string `mapstructure:"compression"`
	// CompressionLevel is the codec's own; 0 is its default.
	CompressionLevel int `mapstructure:"compression_level"`
	// MaxMessageBytes bounds a message before compression. It must not be above the
	// topic's max.message.bytes. A larger batch of one key is sent in several; a single
	// record that is larger is dropped and counted.
	MaxMessageBytes int `mapstructure:"max_message_bytes"`
	// Linger is how long a request waits for more messages of its partition.
	Linger time.Duration `mapstructure:"linger"`

	RetryConfig configretry.BackOffConfig                                `mapstructure:"retry_on_failure"`
	QueueConfig configoptional.Optional[exporterhelper.QueueBatchConfig] `mapstructure:"sending_queue"`
}

// Topics are the topic of each signal.
type Topics struct {
	Logs    string `mapstructure:"logs"`
	Metrics string `mapstructure:"metrics"`
	Traces  string `mapstructure:"traces"`
}

// Key lists the resource attributes that make the key of a signal; those that a resource
// lacks count as absent, and none listed means all of them. Attributes that change, such
// as a process id, move a resource to another partition.
type Key struct {
	Logs    []string `mapstructure:"logs"`
	Metrics []string `mapstructure:"metrics"`
}

var codecs = map[string]kgo.CompressionCodec{
	"zstd": kgo.ZstdCompression(), "lz4": kgo.Lz4Compression(), "snappy": kgo.SnappyCompression(),
	"gzip": kgo.GzipCompression(), "none": kgo.NoCompression(),
}

const (
	// smallestMessage leaves room for one line of a log with its resource.
	smallestMessage = 1 << 10
	// overhead is what a message of a single record has around it in a request: headers
	// of batch and record, and the key. The broker counts it.
	overhead = 512
)

func createDefaultConfig() component.Config {
	retry := configretry.NewDefaultBackOffConfig()
	retry.MaxElapsedTime = 0 // what cannot be delivered now is delivered later

	queue := exporterhelper.NewDefaultQueueConfig()
	queue.Sizer = exporterhelper.RequestSizerTypeBytes
	queue.QueueSize = 128 << 20  // about 400,000 log lines; then the sources wait
	queue.BlockOnOverflow = true // files wait at the source, where they are safe
	queue.NumConsumers = 1       // one request after the other keeps the order within a key
	queue.Batch = configoptional.Some(exporterhelper.BatchConfig{
		FlushTimeout: time.Second, // the least that a gateway is behind when little comes in
		Sizer:        exporterhelper.RequestSizerTypeBytes,
		MinSize:      1 << 20, // more compresses no better
		// No MaxSize: the queue would drop a single record that is larger, and the
		// exporter cuts messages itself.
	})
	return &Config{
		Client: kafkaclient.DefaultConfig(),
		Topics: Topics{Logs: "tidewatch.logs", Metrics: "tidewatch.metrics", Traces: "tidewatch.traces"},
		// By what the pattern connector tells services apart: one gateway counts all lines of
		// each. The series of a metric are told apart by the whole resource.
		Key: Key{Logs: []string{
			signals.AttrServiceName, "service.namespace", "k8s.namespace.name", "k8s.deployment.name", "k8s.container.name",
			"container.name", signals.AttrHostName,
		}},
		Compression:     "zstd",
		MaxMessageBytes: 1_000_000,            // the brokers' default limit is 1,048,588 with all headers
		Linger:          5 * time.Millisecond, // a batch is handed over in less
		RetryConfig:     retry,
		QueueConfig:     configoptional.Some(queue),
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
	if _, ok := codecs[c.Compression]; !ok {
		return fmt.Errorf("compression: %q must be zstd, lz4, snappy, gzip or none", c.Compression)
	}
	if c.CompressionLevel < 0 {
		return errors.New("compression_level must not be negative; 0 is the codec's default")
	}
	if c.MaxMessageBytes < smallestMessage || c.MaxMessageBytes > 1<<30 {
		return fmt.Errorf("max_message_bytes must be from %d to %d", smallestMessage, 1<<30)
	}
	if c.Linger < 0 {
		return errors.New("linger must not be negative; 0 sends at once")
	}
	return nil
}

// codec is the compression with its level.
func (c *Config) codec() kgo.CompressionCodec {
	codec := codecs[c.Compression]
	if c.CompressionLevel > 0 {
		codec = codec.WithLevel(c.CompressionLevel)
	}
	return codec
}
