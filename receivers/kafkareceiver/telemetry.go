package kafkareceiver

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

const scopeName = "github.com/tidewatch/tidewatch/receivers/kafkareceiver"

// Why something is dropped.
const (
	reasonExpired  = "expired"  // the topic's retention was faster; counts messages
	reasonNotOTLP  = "not_otlp" // counts messages
	reasonRejected = "rejected" // the pipeline refused records for good
)

type telemetry struct {
	attributes metric.MeasurementOption
	dropped    metric.Int64Counter
	given      metric.Int64Counter
	partitions metric.Int64Counter
	observing  metric.Registration
}

func newTelemetry(set receiver.Settings, signal string, r *kafkaReceiver) (*telemetry, error) {
	t := &telemetry{}
	t.attributes = metric.WithAttributeSet(attribute.NewSet(attribute.String("receiver", set.ID.String()), attribute.String("signal", signal)))
	meter := set.MeterProvider.Meter(scopeName)
	var errs [6]error
	var lag, partitions metric.Int64ObservableGauge
	t.dropped, errs[0] = meter.Int64Counter("tidewatch_kafka_dropped_records", metric.WithUnit("{record}"),
		metric.WithDescription("What was given up, by reason. Of what could not be read or decoded, messages."))
	t.given, errs[1] = meter.Int64Counter("tidewatch_kafka_returned_messages", metric.WithUnit("{message}"),
		metric.WithDescription("Messages whose delivery was given up because of a handover or shutdown; they are read again."))
	t.partitions, errs[2] = meter.Int64Counter("tidewatch_kafka_partitions_moved", metric.WithUnit("{partition}"),
		metric.WithDescription("How often a partition went from this member to another."))
	lag, errs[3] = meter.Int64ObservableGauge("tidewatch_kafka_lag", metric.WithUnit("{message}"),
		metric.WithDescription("Messages of this member's partitions that wait to be delivered, as of the last answers of the brokers."))
	partitions, errs[4] = meter.Int64ObservableGauge("tidewatch_kafka_partitions", metric.WithUnit("{partition}"),
		metric.WithDescription("Partitions that this member reads."))
	if errs[3] == nil && errs[4] == nil {
		// The receivers of the three signals share the instruments, so the callback is not theirs.
		t.observing, errs[5] = meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
			waiting, n := r.lag()
			o.ObserveInt64(lag, waiting, t.attributes)
			o.ObserveInt64(partitions, int64(n), t.attributes)
			return nil
		}, lag, partitions)
	}
	if err := errors.Join(errs[:]...); err != nil {
		return nil, fmt.Errorf("create metrics: %w", err)
	}
	return t, nil
}

// close ends the observing.
func (t *telemetry) close() error { return t.observing.Unregister() }

// lag is how many messages wait in how many partitions.
func (r *kafkaReceiver) lag() (lag int64, partitions int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.owned {
		if p.next >= 0 {
			lag += max(p.end-p.next, 0)
		}
	}
	return lag, len(r.owned)
}

func (t *telemetry) drop(n int64, reason string) {
	t.dropped.Add(context.Background(), n, t.attributes, metric.WithAttributes(attribute.String("reason", reason)))
}

func (t *telemetry) returned(n int) { t.given.Add(context.Background(), int64(n), t.attributes) }

func (t *telemetry) moved(n int) { t.partitions.Add(context.Background(), int64(n), t.attributes) }
