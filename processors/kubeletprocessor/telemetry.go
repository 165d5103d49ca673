package kubeletprocessor

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/tidewatch/tidewatch/signals"
)

const scopeName = "github.com/tidewatch/tidewatch/processors/kubeletprocessor"

type telemetry struct {
	matched, missed, held metric.Int64Counter

	all     metric.MeasurementOption
	ways    map[string]metric.MeasurementOption
	reasons map[string]metric.MeasurementOption
}

func newTelemetry(set processor.Settings, signal string) (*telemetry, error) {
	id := []attribute.KeyValue{attribute.String("processor", set.ID.String()), attribute.String("signal", signal)}
	with := func(more ...attribute.KeyValue) metric.MeasurementOption {
		return metric.WithAttributeSet(attribute.NewSet(append(more, id...)...))
	}
	t := &telemetry{all: with(), ways: map[string]metric.MeasurementOption{}, reasons: map[string]metric.MeasurementOption{}}
	for _, way := range ways {
		t.ways[way] = with(attribute.String("by", way))
	}
	for _, reason := range []string{signals.PodMissPending, signals.PodMissUnknown} {
		t.reasons[reason] = with(attribute.String("reason", reason))
	}
	meter := set.MeterProvider.Meter(scopeName)
	var errs [3]error
	t.matched, errs[0] = meter.Int64Counter("tidewatch_kubelet_matched", metric.WithUnit("{resource}"),
		metric.WithDescription("Resources whose pod was found, and by what."))
	t.missed, errs[1] = meter.Int64Counter("tidewatch_kubelet_missed", metric.WithUnit("{resource}"),
		metric.WithDescription("Resources that name a pod which was not found: pending before the kubelet's first answer, unknown after it."))
	t.held, errs[2] = meter.Int64Counter("tidewatch_kubelet_held", metric.WithUnit("{batch}"),
		metric.WithDescription("Batches that were held back for what the kubelet knows."))
	if err := errors.Join(errs[:]...); err != nil {
		return nil, fmt.Errorf("create metrics: %w", err)
	}
	return t, nil
}

func (t *telemetry) match(ctx context.Context, way string) { t.matched.Add(ctx, 1, t.ways[way]) }

func (t *telemetry) miss(ctx context.Context, reason string) { t.missed.Add(ctx, 1, t.reasons[reason]) }

func (t *telemetry) hold(ctx context.Context) { t.held.Add(ctx, 1, t.all) }
