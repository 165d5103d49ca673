package remotewriteexporter

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exporterhelper/xexporterhelper"

	"github.com/tidewatch/tidewatch/internal/breaker"
	"github.com/tidewatch/tidewatch/internal/undelivered"
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
	queue.QueueSize = 32 << 20 // a million samples: hours of one host's metrics
	queue.BlockOnOverflow = true
	queue.NumConsumers = 1 // order
	queue.Batch = configoptional.Some(exporterhelper.BatchConfig{
		FlushTimeout: time.Second, // an alert rule runs every 15 s or slower
		Sizer:        exporterhelper.RequestSizerTypeBytes,
		MinSize:      256 << 10, // 8,000 samples: two requests side by side
	})
	return &Config{
		ClientConfig: client,
		Queue:        configoptional.Some(queue),
		Retry:        retry,
		Protocol:     ProtocolAuto,
		// Hides the round trip to a distant receiver; a host needs one.
		Shards: 4,
		// Half a megabyte before compression: far below what receivers take, and large
		// enough that a string of many series is written once for thousands.
		MaxSamplesPerRequest: 5000,
		// About 1 KB each, so 200 MB at worst; a host has thousands.
		MaxSeries: 200_000,
		// Longer than any usual interval between two deltas.
		SeriesExpiration: time.Hour,
		// Twice the usual interval of a program, and well below the five minutes for
		// which queries would show a series that has ended.
		StaleAfter:     2 * time.Minute,
		CircuitBreaker: breaker.DefaultConfig(),
	}
}

func createMetrics(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Metrics, error) {
	c := cfg.(*Config)
	e, err := newExporter(c, set)
	if err != nil {
		return nil, err
	}
	helper, err := xexporterhelper.NewMetricsRequest(ctx, set, e.convert, undelivered.Contained(e.telemetry.undelivered, xexporterhelper.Request.ItemsCount, e.push),
		exporterhelper.WithStart(e.start),
		exporterhelper.WithShutdown(e.shutdown),
		exporterhelper.WithCapabilities(consumer.Capabilities{MutatesData: false}),
		exporterhelper.WithTimeout(exporterhelper.TimeoutConfig{Timeout: 0}), // the client has one
		exporterhelper.WithRetry(c.Retry),
		xexporterhelper.WithQueueBatch(c.Queue, xexporterhelper.QueueBatchSettings{Encoding: encoding{e}}),
	)
	if err != nil {
		return nil, fmt.Errorf("make exporter: %w", err)
	}
	e.self = helper
	return &whole{helper, e}, nil
}

// whole ends what goes through the queue before the queue ends.
type whole struct {
	exporter.Metrics
	e *metricsExporter
}

// Capabilities says that batches stay as they are: samples are copied from them.
func (w *whole) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// Shutdown delivers what it can, until ctx ends.
func (w *whole) Shutdown(ctx context.Context) error {
	w.e.stopWatching()
	return w.Metrics.Shutdown(ctx) //nolint:wrapcheck // the helper's own
}
