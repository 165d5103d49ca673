package segmentstorageextension

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

const scope = "github.com/tidewatch/tidewatch/extensions/segmentstorageextension"

// telemetry is what the extension says about itself.
type telemetry struct{ registration metric.Registration }

func newTelemetry(set component.TelemetrySettings, s *segmentStorage) (*telemetry, error) {
	meter := set.MeterProvider.Meter(scope)
	var failed error
	gauge := func(name, unit, description string) metric.Int64ObservableGauge {
		g, err := meter.Int64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(description))
		if err != nil {
			failed = fmt.Errorf("create own metrics: %w", err)
		}
		return g
	}
	size := gauge("tidewatch_segment_storage_bytes", "By", "Bytes on disk, by storage.")
	alive := gauge("tidewatch_segment_storage_alive_bytes", "By", "Bytes on disk that are still needed, by storage.")
	limit := gauge("tidewatch_segment_storage_limit_bytes", "By", "Bytes that all storages together may take.")
	segments := gauge("tidewatch_segment_storage_segments", "{file}", "Segment files, by storage.")
	keys := gauge("tidewatch_segment_storage_keys", "{key}", "Values that are kept, by storage.")
	failing := gauge("tidewatch_segment_storage_failing", "1", "1 while the disk takes nothing, by storage.")
	lost, err := meter.Int64ObservableCounter("tidewatch_segment_storage_damaged_records",
		metric.WithDescription("Records that could not be read, by storage; copies are in its folder quarantine."), metric.WithUnit("{record}"))
	if err != nil {
		failed = fmt.Errorf("create own metrics: %w", err)
	}
	missing, err := meter.Int64ObservableCounter("tidewatch_segment_storage_missing_items",
		metric.WithDescription("Queue items that were accepted and were not there after the last start, by storage."), metric.WithUnit("{item}"))
	if err != nil {
		failed = fmt.Errorf("create own metrics: %w", err)
	}
	waiting := gauge("tidewatch_queue_items", "{item}", "Log records, data points or spans that wait in the queue of an exporter.")
	carried := gauge("tidewatch_queue_carried_items", "{item}", "Log records, data points or spans that waited in the queue already when the agent started.")
	dropped, err := meter.Int64ObservableCounter("tidewatch_queue_dropped_items", metric.WithUnit("{item}"),
		metric.WithDescription("Log records, data points or spans that were in the queue, or came to it, and were given up, by reason."))
	if err != nil {
		failed = fmt.Errorf("create own metrics: %w", err)
	}
	if failed != nil {
		return nil, failed
	}
	registration, err := meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		o.ObserveInt64(limit, s.budget.Max())
		s.mu.Lock()
		defer s.mu.Unlock()
		for name, c := range s.clients {
			st := c.log.Stats()
			by := metric.WithAttributes(attribute.String("storage", name))
			o.ObserveInt64(size, st.Bytes, by)
			o.ObserveInt64(alive, st.AliveBytes, by)
			o.ObserveInt64(segments, int64(st.Segments), by)
			o.ObserveInt64(keys, int64(st.Keys), by)
			o.ObserveInt64(lost, st.Damage.Records, by)
			o.ObserveInt64(missing, int64(c.missing), by)
			down := int64(0)
			if st.Failing != nil || s.scarce != nil && c.exporter != "" {
				down = 1
			}
			o.ObserveInt64(failing, down, by)
			if c.exporter == "" {
				continue
			}
			queue := []attribute.KeyValue{attribute.String("exporter", c.exporter), attribute.String("signal", c.signal)}
			in, before, damaged, full := c.account.records()
			o.ObserveInt64(waiting, in, metric.WithAttributes(queue...))
			o.ObserveInt64(carried, before, metric.WithAttributes(queue...))
			for reason, n := range map[string]int64{"damaged": damaged, "queue_full": full} {
				o.ObserveInt64(dropped, n, metric.WithAttributes(attribute.String("reason", reason), queue[0], queue[1]))
			}
		}
		return nil
	}, size, alive, limit, segments, keys, failing, lost, missing, waiting, carried, dropped)
	if err != nil {
		return nil, fmt.Errorf("create own metrics: %w", err)
	}
	return &telemetry{registration: registration}, nil
}
