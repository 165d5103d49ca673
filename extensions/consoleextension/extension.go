package consoleextension

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
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
	"golang.org/x/net/netutil"

	"github.com/tidewatch/tidewatch/internal/listen"
	"github.com/tidewatch/tidewatch/internal/localstore"
)

// drainTime is how long answers that are under way may take at shutdown.
const drainTime = 2 * time.Second

// maxConnections bounds memory and descriptors; a browser opens six.
const maxConnections = 256

type console struct {
	cfg       *Config
	set       extension.Settings
	store     *localstore.Store
	pipeline  *pipelineWatch
	telemetry *telemetry
	causes    causes
	baselines baselines
	incidents incidents
	miners    miners
	running   running
	warnings  struct {
		mu sync.Mutex           // guards at
		at map[string]time.Time // when each of the few messages was last said
	}

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
func (c *console) Start(ctx context.Context, host component.Host) error {
	auth, err := newAuthenticator(c.cfg.Auth.Get(), time.Now, c.warn)
	if err != nil {
		return err
	}
	secure, err := c.tls(ctx)
	if err != nil {
		return err
	}
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
		TLSConfig: secure,
		ErrorLog:  log.New(io.Discard, "", 0), // what strangers send is no news
		Handler: newHandler(c.cfg, hostname, c.telemetry, auth, &api{
			store:     c.store,
			pipeline:  c.pipeline,
			causes:    &c.causes,
			baselines: &c.baselines,
			incidents: &c.incidents,
			miners:    &c.miners,
			running:   &c.running,
			ledger:    ledger{directory: c.cfg.RulesDirectory},
			host:      hostInfo{Name: hostname, OS: runtime.GOOS, Arch: runtime.GOARCH},
			version:   c.set.BuildInfo.Version,
			started:   time.Now(),
			now:       time.Now,
		}),
		// A page and its actions are small: who is slower than this means no good.
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
	}
	run, cancel := context.WithCancel(context.Background())
	c.cancel = cancel
	c.server.BaseContext = func(net.Listener) context.Context { return run } // who waits for lines is let go at the end
	c.wg.Go(func() {
		if err := c.serve(netutil.LimitListener(listener, maxConnections)); !errors.Is(err, http.ErrServerClosed) {
			componentstatus.ReportStatus(host, componentstatus.NewRecoverableErrorEvent(fmt.Errorf("serve the page: %w", err)))
		}
	})
	if c.cfg.TelemetryURL != "" {
		c.wg.Go(func() { c.pipeline.run(run, c.cfg.ScrapeInterval) })
	}
	c.announce(auth)
	return nil
}

// tls is the configuration of the server, nil without.
func (c *console) tls(ctx context.Context) (*tls.Config, error) {
	if !c.cfg.TLS.HasValue() {
		return nil, nil //nolint:nilnil // there is none
	}
	return listen.TLS(ctx, *c.cfg.TLS.Get())
}

func (c *console) serve(l net.Listener) error {
	if c.cfg.TLS.HasValue() {
		return c.server.ServeTLS(l, "", "")
	}
	return c.server.Serve(l)
}

// announce says where the page is and who may see it.
func (c *console) announce(auth *authenticator) {
	scheme := "http://"
	if c.cfg.TLS.HasValue() {
		scheme = "https://"
	}
	c.set.Logger.Info("The local page is served.", zap.String("url", scheme+c.Address()), zap.Bool("login", auth != nil))
	if c.cfg.BehindProxy && len(c.cfg.guards().Lacks()) > 0 {
		c.set.Logger.Warn("The page can be reached from other machines without TLS or a login, as behind_proxy: true asks for: see to it that only the proxy can.",
			zap.String("endpoint", c.Address()))
	}
}

// warn says what is wrong with logins, each thing once a minute at most.
func (c *console) warn(message string, err error) {
	c.warnings.mu.Lock()
	defer c.warnings.mu.Unlock()
	if last, ok := c.warnings.at[message]; ok && time.Since(last) < time.Minute {
		return
	}
	if c.warnings.at == nil {
		c.warnings.at = map[string]time.Time{}
	}
	c.warnings.at[message] = time.Now()
	c.set.Logger.Warn(message, zap.Error(err))
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
