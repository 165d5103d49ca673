package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/extensioncapabilities"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/service"
	"go.uber.org/zap"
)

// runner runs one configuration after the other. It stands in for
// otelcol.Collector, whose reload stops the service before it has read the new
// configuration.
type runner struct {
	factories otelcol.Factories
	info      component.BuildInfo
	sources   sources
	// drain is how long a shutdown may take.
	drain time.Duration
	// ready is called each time a configuration is running.
	ready func(*otelcol.Config)
	// supervisor is told how it goes.
	supervisor supervisor
}

// generation is one running configuration.
type generation struct {
	cfg    *otelcol.Config
	svc    *service.Service
	failed chan error // a component's fatal error after the start
}

// run returns when a signal ends it or a component fails for good. A hangup
// reloads; an interrupt or a terminate drains; a second one gives up waiting.
func (r *runner) run(ctx context.Context, signals <-chan os.Signal) error {
	cfg, err := r.sources.load(ctx, r.factories, r.info)
	if err != nil {
		return err
	}
	gen, err := r.start(ctx, cfg)
	if err != nil {
		return err
	}
	for {
		select {
		case <-r.supervisor.due():
			r.supervisor.beat()
		case s := <-signals:
			if !isHangup(s) {
				gen.svc.Logger().Info("Draining.", zap.Stringer("signal", s), zap.Duration("deadline", r.drain))
				return r.end(gen, signals)
			}
			if gen, err = r.reload(ctx, gen, signals); err != nil {
				return err
			}
		case err := <-gen.failed:
			return errors.Join(fmt.Errorf("component failed: %w", err), r.end(gen, signals))
		case <-ctx.Done():
			return r.end(gen, signals)
		}
	}
}

// start builds and starts the service; on failure nothing is left running.
func (r *runner) start(ctx context.Context, cfg *otelcol.Config) (*generation, error) {
	conf, err := effective(cfg)
	if err != nil {
		return nil, err
	}
	keepBelowLimiter(cfg)
	gen := &generation{cfg: cfg, failed: make(chan error, 1)}
	set := serviceSettings(cfg, r.factories, r.info)
	set.ConfigSnapshot = extensioncapabilities.NewConfigSnapshot(conf, nil)
	set.AsyncErrorChannel = gen.failed
	if gen.svc, err = service.New(ctx, set, cfg.Service); err != nil {
		return nil, err
	}
	if err := gen.svc.Start(ctx); err != nil {
		return nil, errors.Join(err, r.shutdown(gen))
	}
	r.ready(cfg)
	r.supervisor.ready("Observing.")
	return gen, nil
}

// reload swaps to the configuration as it is on disk now. A configuration that
// is not good changes nothing; one that does not start is taken back.
func (r *runner) reload(ctx context.Context, old *generation, signals <-chan os.Signal) (*generation, error) {
	r.supervisor.reloading()
	log := old.svc.Logger()
	cfg, err := r.sources.load(ctx, r.factories, r.info)
	if err != nil {
		for _, e := range configErrors(err) {
			log.Error("The new configuration is not good; the running one goes on.", zap.String("error", e))
		}
		r.supervisor.stays(configErrors(err)[0])
		return old, nil
	}
	log.Info("The new configuration is good; swapping.")
	if err := r.stop(old, signals); err != nil {
		return nil, fmt.Errorf("stop the old configuration: %w", err)
	}
	gen, err := r.start(ctx, cfg)
	if err == nil {
		return gen, nil
	}
	fmt.Fprintf(os.Stderr, "tidewatch: the new configuration does not start, the old one comes back: %v\n", err)
	if gen, err = r.start(ctx, old.cfg); err != nil {
		return nil, fmt.Errorf("start the old configuration again: %w", err)
	}
	return gen, nil
}

// end is the last stop.
func (r *runner) end(gen *generation, signals <-chan os.Signal) error {
	r.supervisor.stopping()
	return r.stop(gen, signals)
}

// stop drains the service within the deadline. Receivers stop first, so what
// they have read goes out or stays in the queues on disk.
func (r *runner) stop(gen *generation, signals <-chan os.Signal) error {
	done := make(chan error, 1)
	go func() { done <- r.shutdown(gen) }()
	timer := time.NewTimer(r.drain)
	defer timer.Stop()
	for {
		select {
		case <-r.supervisor.due():
			r.supervisor.beat()
		case err := <-done:
			return err
		case s := <-signals:
			if !isHangup(s) {
				return errors.New("second signal: stopped without waiting; what was not delivered is in the queues on disk")
			}
		case <-timer.C:
			return fmt.Errorf("drain took longer than %s; what was not delivered is in the queues on disk", r.drain)
		}
	}
}

func (r *runner) shutdown(gen *generation) error {
	ctx, cancel := context.WithTimeout(context.Background(), r.drain)
	defer cancel()
	return gen.svc.Shutdown(ctx)
}
