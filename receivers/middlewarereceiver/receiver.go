package middlewarereceiver

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/watch"
)

// middlewareReceiver has one goroutine, which owns the watch.
type middlewareReceiver struct {
	cfg       *Config
	next      consumer.Metrics
	report    *receiverhelper.ObsReport
	telemetry *telemetry
	watch     *watch.Watch

	stop    context.Context // ends when Shutdown begins
	cancel  context.CancelFunc
	running sync.WaitGroup
}

func newReceiver(set receiver.Settings, cfg *Config, next consumer.Metrics) (*middlewareReceiver, error) {
	report, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{ReceiverID: set.ID, Transport: "tcp", ReceiverCreateSettings: set})
	if err != nil {
		return nil, fmt.Errorf("create receiver telemetry: %w", err)
	}
	t, err := newTelemetry(set)
	if err != nil {
		return nil, err
	}
	r := &middlewareReceiver{cfg: cfg, next: next, report: report, telemetry: t}
	r.watch, err = watch.New(watch.Settings{
		Kinds: cfg.kinds(), MaxServers: cfg.MaxServers, Concurrency: cfg.Concurrency,
		Timeout: cfg.Timeout, Search: cfg.DiscoveryInterval, Retry: cfg.RetryInterval, Forget: cfg.ForgetAfter,
		Proc: "/proc", Logger: set.Logger, Events: t, Consume: r.give,
	})
	if err != nil {
		return nil, err
	}
	r.stop, r.cancel = context.WithCancel(context.Background())
	return r, nil
}

// Start begins to read. It waits for no server.
func (r *middlewareReceiver) Start(context.Context, component.Host) error {
	r.running.Go(r.run)
	return nil
}

// Shutdown ends the readings that are under way. It may run twice, and without Start.
func (r *middlewareReceiver) Shutdown(context.Context) error {
	r.cancel()
	r.running.Wait()
	r.watch.Close()
	return nil
}

func (r *middlewareReceiver) run() {
	tick := time.NewTicker(r.cfg.CollectionInterval)
	defer tick.Stop()
	for {
		r.watch.Round(r.stop, time.Now())
		select {
		case <-r.stop.Done():
			return
		case <-tick.C:
		}
	}
}

// give hands on what one server told. What is refused is not told again: the next reading
// says more.
func (r *middlewareReceiver) give(_ context.Context, md pmetric.Metrics) {
	ctx := r.report.StartMetricsOp(r.stop)
	n := md.DataPointCount()
	err := r.next.ConsumeMetrics(ctx, md)
	r.report.EndMetricsOp(ctx, componentType.String(), n, err)
	if err != nil {
		r.telemetry.rejected(n)
	}
}
