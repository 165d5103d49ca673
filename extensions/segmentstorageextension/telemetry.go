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
		g, err := meter.Int64ObservableGauge("tidewatch_segment_storage_"+name, metric.WithUnit(unit), metric.WithDescription(description))
		if err != nil {
			failed = fmt.Errorf("create own metrics: %w", err)
		}
		return g
	}
	size := gauge("bytes", "By", "Bytes on disk, by storage.")
	alive := gauge("alive_bytes", "By", "Bytes on disk that are still needed, by storage.")
	limit := gauge("limit_bytes", "By", "Bytes that all storages together may take.")
	segments := gauge("segments", "{file}", "Segment files, by storage.")
	keys := gauge("keys", "{key}", "Values that are kept, by storage.")
	failing := gauge("failing", "1", "1 while the disk takes nothing, by storage.")
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
			if st.Failing != nil {
				down = 1
			}
			o.ObserveInt64(failing, down, by)
		}
		return nil
	}, size, alive, limit, segments, keys, failing, lost, missing)
	if err != nil {
		return nil, fmt.Errorf("create own metrics: %w", err)
	}
	return &telemetry{registration: registration}, nil
}
