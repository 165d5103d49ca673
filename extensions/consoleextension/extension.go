package consoleextension

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/extension"
	"go.uber.org/zap"

	"github.com/tidewatch/tidewatch/internal/localstore"
)

// drainTime is how long answers that are under way may take at shutdown.
const drainTime = 2 * time.Second

type console struct {
	cfg       *Config
	set       extension.Settings
	store     *localstore.Store
	pipeline  *pipelineWatch
	telemetry *telemetry
	causes    causes
	incidents incidents

	server   *http.Server
	listener net.Listener
	cancel   context.CancelFunc
	wg       sync.WaitGroup
}

func newConsole(cfg *Config, set extension.Settings) (*console, error) {
	store := localstore.New(cfg.storeOptions())
	t, err := newTelemetry(set.TelemetrySettings, store)
	if err != nil {
		return nil, err
	}
	return &console{cfg: cfg, set: set, store: store, telemetry: t, pipeline: newPipelineWatch(cfg.TelemetryURL)}, nil
}

// LocalStore is the store that the page shows. The console exporter fills it.
func (c *console) LocalStore() *localstore.Store { return c.store }

// Address is where the page is served, empty before Start.
func (c *console) Address() string {
	if c.listener == nil {
		return ""
	}
	return c.listener.Addr().String()
}

// Start serves the page and begins to watch the pipeline.
func (c *console) Start(_ context.Context, host component.Host) error {
	listener, err := net.Listen("tcp", c.cfg.Endpoint)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("endpoint %s is in use: another agent may be running; stop it or choose a free port: %w", c.cfg.Endpoint, err)
	}
	if err != nil {
		return fmt.Errorf("listen on endpoint %s: %w", c.cfg.Endpoint, err)
	}
	hostname, _ := os.Hostname() // unknown is shown as such
	c.listener = listener
	c.server = &http.Server{
		Handler: newHandler(c.cfg, hostname, c.telemetry, &api{
			store:     c.store,
			pipeline:  c.pipeline,
			causes:    &c.causes,
			incidents: &c.incidents,
			host:      hostInfo{Name: hostname, OS: runtime.GOOS, Arch: runtime.GOARCH},
			version:   c.set.BuildInfo.Version,
			started:   time.Now(),
			now:       time.Now,
		}),
		ReadHeaderTimeout: 5 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
	}
	ctx, cancel := context.WithCancel(context.Background())
	c.cancel = cancel
	c.wg.Go(func() {
		if err := c.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			componentstatus.ReportStatus(host, componentstatus.NewRecoverableErrorEvent(fmt.Errorf("serve the page: %w", err)))
		}
	})
	if c.cfg.TelemetryURL != "" {
		c.wg.Go(func() { c.pipeline.run(ctx, c.cfg.ScrapeInterval) })
	}
	c.set.Logger.Info("The local page is served.", zap.String("url", "http://"+c.Address()))
	return nil
}

// Shutdown stops serving and waits for all that Start began. It may be called
// twice, and without Start.
func (c *console) Shutdown(ctx context.Context) error {
	c.telemetry.close()
	if c.cancel == nil {
		return nil
	}
	c.cancel()
	ctx, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	err := c.server.Shutdown(ctx)
	if err != nil {
		err = c.server.Close()
	}
	c.wg.Wait()
	c.pipeline.close()
	return err
}
