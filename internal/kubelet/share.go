package kubelet

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"
)

// opened are the directories in use: the components of a process that ask the same
// kubelet with the same settings share one, so that the kubelet is asked once.
var opened = struct {
	mu  sync.Mutex // guards all
	all map[Config]*shared
}{all: map[Config]*shared{}}

type shared struct {
	directory *Directory
	observing metric.Registration
	users     int
}

// Acquire returns the directory of cfg, opened if nobody uses it yet, and what ends the
// use, to be called once. The last one to end it waits for the directory's end. The
// logger and the meter of the first user are those of the directory.
func Acquire(cfg Config, log *zap.Logger, meter metric.Meter) (*Directory, func(), error) {
	opened.mu.Lock()
	defer opened.mu.Unlock()
	s := opened.all[cfg]
	if s == nil {
		d, err := Open(cfg, log)
		if err != nil {
			return nil, nil, err
		}
		observing, err := d.observe(meter)
		if err != nil {
			d.Close()
			return nil, nil, err
		}
		s = &shared{directory: d, observing: observing}
		opened.all[cfg] = s
	}
	s.users++
	return s.directory, func() {
		opened.mu.Lock()
		defer opened.mu.Unlock()
		if s.users--; s.users == 0 {
			delete(opened.all, cfg)
			s.directory.Close()
			_ = s.observing.Unregister() // it fails only where it was done before
		}
	}, nil
}

func (d *Directory) observe(meter metric.Meter) (metric.Registration, error) {
	pods, err1 := meter.Int64ObservableGauge("tidewatch_kubelet_pods", metric.WithUnit("{pod}"),
		metric.WithDescription("Pods of this node that are known, those that ended lately included."))
	lists, err2 := meter.Int64ObservableCounter("tidewatch_kubelet_lists", metric.WithUnit("{list}"),
		metric.WithDescription("How often the kubelet was asked for its pods, by result."))
	evicted, err3 := meter.Int64ObservableCounter("tidewatch_kubelet_evicted_pods", metric.WithUnit("{pod}"),
		metric.WithDescription("Pods beyond max_pods: listed ones that are not known, and such as were forgotten early."))
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, fmt.Errorf("create metrics: %w", err)
	}
	with := func(key, value string) metric.MeasurementOption {
		return metric.WithAttributeSet(attribute.NewSet(attribute.String(key, value)))
	}
	return meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		s := d.Stats()
		o.ObserveInt64(pods, int64(s.Pods))
		o.ObserveInt64(lists, s.Lists, with("result", "read"))
		o.ObserveInt64(lists, s.Failures, with("result", "failed"))
		o.ObserveInt64(evicted, s.Refused, with("state", "listed"))
		o.ObserveInt64(evicted, s.Evicted, with("state", "gone"))
		return nil
	}, pods, lists, evicted)
}
