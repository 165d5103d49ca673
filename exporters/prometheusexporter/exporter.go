package prometheusexporter

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/internal/listen"
)

// metricsExporter serves a store.
type metricsExporter struct {
	cfg       *Config
	set       exporter.Settings
	store     *store
	telemetry *telemetry
	now       func() time.Time

	server *http.Server
	served sync.WaitGroup
	addr   net.Addr // where it listens
}

func newExporter(cfg *Config, set exporter.Settings) (*metricsExporter, error) {
	e := &metricsExporter{cfg: cfg, set: set, store: newStore(cfg), now: time.Now}
	var err error
	e.telemetry, err = newTelemetry(set, e.store)
	return e, err
}

func (e *metricsExporter) consume(_ context.Context, md pmetric.Metrics) error {
	e.store.update(md, e.now())
	return nil
}

func (e *metricsExporter) start(ctx context.Context, host component.Host) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", e.serve)
	server, listener, err := listen.HTTP(ctx, &e.cfg.ServerConfig, host, e.set.TelemetrySettings, mux)
	if err != nil {
		return fmt.Errorf("serve /metrics: exporters::%s: %w", e.set.ID, err)
	}
	e.server, e.addr = server, listener.Addr()
	e.served.Go(func() {
		if err := e.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			componentstatus.ReportStatus(host, componentstatus.NewFatalErrorEvent(fmt.Errorf("serve /metrics: %w", err)))
		}
	})
	return nil
}

// shutdown waits for running scrapes until ctx ends, then cuts them.
func (e *metricsExporter) shutdown(ctx context.Context) error {
	err := e.telemetry.close()
	if e.server == nil {
		return err
	}
	if stop := e.server.Shutdown(ctx); stop != nil {
		err = errors.Join(err, stop, e.server.Close())
	}
	e.served.Wait()
	e.server = nil
	return err
}
