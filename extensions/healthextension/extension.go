package healthextension

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/extension/extensioncapabilities"
	"go.uber.org/zap"

	"github.com/tidewatch/tidewatch/internal/listen"
	"github.com/tidewatch/tidewatch/internal/selfmetrics"
)

var (
	_ extensioncapabilities.PipelineWatcher = (*health)(nil)
	_ componentstatus.Watcher               = (*health)(nil)
)

type health struct {
	cfg    *Config
	logger *zap.Logger
	client *http.Client
	server *http.Server
	token  *listen.Token
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu       sync.Mutex // guards the rest
	running  bool
	broken   map[string]string // component -> why, bounded by the configured components
	progress progress
	was      bool // whether the last report was ready, to log changes only
}

func newHealth(cfg *Config, logger *zap.Logger) *health {
	return &health{
		cfg:      cfg,
		logger:   logger,
		client:   &http.Client{Timeout: 5 * time.Second},
		broken:   map[string]string{},
		progress: progress{stallAfter: cfg.StallAfter},
	}
}

// Start serves at once: alive comes before ready.
func (h *health) Start(ctx context.Context, _ component.Host) error {
	var err error
	if h.token, err = h.cfg.NewToken(); err != nil {
		return fmt.Errorf("health: %w", err)
	}
	listener, err := h.cfg.Listen(ctx, h.cfg.Endpoint)
	if err != nil {
		return fmt.Errorf("health: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", h.serveReady)
	h.server = listen.Server(mux)
	ctx, cancel := context.WithCancel(context.Background())
	h.cancel = cancel
	h.wg.Go(func() {
		if err := h.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			h.logger.Error("Health is no longer served.", zap.Error(err))
		}
	})
	if h.cfg.TelemetryURL != "" {
		h.wg.Go(func() { h.watch(ctx) })
	}
	return nil
}

// Shutdown stops the server and waits for all that Start began.
func (h *health) Shutdown(context.Context) error {
	if h.cancel == nil {
		return nil
	}
	h.cancel()
	err := h.server.Close()
	h.wg.Wait()
	h.client.CloseIdleConnections()
	return err
}

// Ready is called when all pipelines have started.
func (h *health) Ready() error { h.setRunning(true); return nil }

// NotReady is called when the pipelines begin to stop.
func (h *health) NotReady() error { h.setRunning(false); return nil }

func (h *health) setRunning(running bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.running = running
}

// ComponentStatusChanged keeps the components that report a lasting error.
func (h *health) ComponentStatusChanged(source *componentstatus.InstanceID, event *componentstatus.Event) {
	name := source.Kind().String() + " " + source.ComponentID().String()
	h.mu.Lock()
	defer h.mu.Unlock()
	switch event.Status() {
	case componentstatus.StatusPermanentError, componentstatus.StatusFatalError:
		h.broken[name] = fmt.Sprintf("%s: %v", event.Status(), event.Err())
	default:
		delete(h.broken, name)
	}
}

// watch looks at the own metrics until ctx ends.
func (h *health) watch(ctx context.Context) {
	ticker := time.NewTicker(h.cfg.Interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			samples, err := selfmetrics.Scrape(ctx, h.client, h.cfg.TelemetryURL)
			if ctx.Err() != nil {
				return
			}
			h.look(samples, err, now)
		}
	}
}

func (h *health) look(samples []selfmetrics.Sample, err error, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.progress.observe(samples, err, now)
	report := h.report(now)
	if report.Ready != h.was {
		h.was = report.Ready
		h.logger.Info("Readiness changed.", zap.Bool("ready", report.Ready), zap.Strings("reasons", report.Reasons))
	}
}

// Report is the body of /readyz.
type Report struct {
	// Ready is true when the pipelines run and every exporter advances.
	Ready bool `json:"ready"`
	// Reasons says why not, one sentence each.
	Reasons []string `json:"reasons,omitempty"`
	// Warnings says what does not keep the agent from being ready, but is not as it should
	// be: that it sheds load, or that a part of it panicked.
	Warnings []string `json:"warnings,omitempty"`
	// Exporters says how each exporter does.
	Exporters []Exporter `json:"exporters,omitempty"`
}

// report must be called with mu held.
func (h *health) report(now time.Time) Report {
	var r Report
	if !h.running {
		r.Reasons = append(r.Reasons, "the pipelines are starting or stopping")
	}
	for name, why := range h.broken {
		r.Reasons = append(r.Reasons, name+": "+why)
	}
	exporters, reasons := h.progress.report(now)
	r.Exporters, r.Warnings = exporters, h.progress.strain
	r.Reasons = append(r.Reasons, reasons...)
	r.Ready = len(r.Reasons) == 0
	return r
}

// serveReady tells a probe, which has no token, whether the agent is ready and not why.
func (h *health) serveReady(w http.ResponseWriter, req *http.Request) {
	h.mu.Lock()
	r := h.report(time.Now())
	h.mu.Unlock()
	if !h.token.Knows(req) {
		r = Report{Ready: r.Ready}
	}
	w.Header().Set("Content-Type", "application/json")
	if !r.Ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(r) // the client went away
}
