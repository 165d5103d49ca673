package remotewriteexporter

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
)

var componentType = component.MustNewType("remote_write")

// NewFactory returns the factory of the remote write exporter.
func NewFactory() exporter.Factory {
	return exporter.NewFactory(
		componentType,
		createDefaultConfig,
		exporter.WithMetrics(createMetrics, component.StabilityLevelAlpha),
	)
}

func createDefaultConfig() component.Config {
	client := confighttp.NewDefaultClientConfig()
	client.Timeout = 30 * time.Second // Prometheus' remote_timeout
	client.Compression = ""           // the body is snappy already

	retry := configretry.NewDefaultBackOffConfig()
	retry.InitialInterval = time.Second // a restarting receiver is back in seconds
	retry.MaxElapsedTime = 0            // nothing is given up

	queue := exporterhelper.NewDefaultQueueConfig()
	queue.Sizer = exporterhelper.RequestSizerTypeBytes
	queue.QueueSize = 64 << 20 // a day of one host's metrics
	queue.BlockOnOverflow = true
	queue.NumConsumers = 1 // order
	queue.Batch = configoptional.Some(exporterhelper.BatchConfig{
		FlushTimeout: time.Second, // an alert rule runs every 15 s or slower
		Sizer:        exporterhelper.RequestSizerTypeBytes,
		MinSize:      256 << 10, // about 2,000 samples
		MaxSize:      4 << 20,   // bounds memory while a backlog is sent
	})
	return &Config{
		ClientConfig: client,
		Queue:        configoptional.Some(queue),
		Retry:        retry,
		// Hides the round trip to a distant receiver; a host needs one.
		Shards: 4,
		// Prometheus' max_samples_per_send.
		MaxSamplesPerRequest: 2000,
		// About 1 KB each, so 200 MB at worst; a host has thousands.
		MaxSeries: 200_000,
		// Longer than any usual interval between two deltas.
		SeriesExpiration: time.Hour,
	}
}

func createMetrics(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Metrics, error) {
	c := cfg.(*Config)
	e, err := newExporter(c, set)
	if err != nil {
		return nil, err
	}
	return exporterhelper.NewMetrics(ctx, set, cfg, e.push,
		exporterhelper.WithStart(e.start),
		exporterhelper.WithShutdown(e.shutdown),
		exporterhelper.WithCapabilities(consumer.Capabilities{MutatesData: false}),
		exporterhelper.WithTimeout(exporterhelper.TimeoutConfig{Timeout: 0}), // the client has one
		exporterhelper.WithRetry(c.Retry),
		exporterhelper.WithQueue(c.Queue),
	)
}
