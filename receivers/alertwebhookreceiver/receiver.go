package alertwebhookreceiver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/tidewatch/tidewatch/internal/listen"
	"github.com/tidewatch/tidewatch/signals"
)

const scope = "github.com/tidewatch/tidewatch/receivers/alertwebhookreceiver"

// drainTime is how long requests that are under way may take at shutdown.
const drainTime = 5 * time.Second

type alertReceiver struct {
	cfg     *Config
	set     receiver.Settings
	next    consumer.Logs
	report  *receiverhelper.ObsReport
	dropped metric.Int64Counter
	now     func() time.Time

	server *http.Server
	addr   net.Addr
	wg     sync.WaitGroup
}

func newReceiver(set receiver.Settings, cfg *Config, next consumer.Logs) (*alertReceiver, error) {
	report, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{ReceiverID: set.ID, Transport: "http", ReceiverCreateSettings: set})
	if err != nil {
		return nil, fmt.Errorf("create receiver metrics: %w", err)
	}
	dropped, err := set.MeterProvider.Meter(scope).Int64Counter("tidewatch_alert_webhook_dropped_records", metric.WithUnit("{record}"),
		metric.WithDescription("Alerts that made no finding, by reason."))
	if err != nil {
		return nil, fmt.Errorf("create own metrics: %w", err)
	}
	return &alertReceiver{cfg: cfg, set: set, next: next, report: report, dropped: dropped, now: time.Now}, nil
}

// Start listens.
func (r *alertReceiver) Start(ctx context.Context, host component.Host) error {
	token, err := r.cfg.bearer().New()
	if err != nil {
		return fmt.Errorf("receivers::%s: %w", r.set.ID, err)
	}
	mux := http.NewServeMux()
	mux.Handle("POST "+r.cfg.Path, token.Guard(http.HandlerFunc(r.serve)))
	server, listener, err := listen.HTTP(ctx, &r.cfg.ServerConfig, host, r.set.TelemetrySettings, mux)
	if err != nil {
		return fmt.Errorf("take alerts: receivers::%s: %w", r.set.ID, err)
	}
	r.server, r.addr = server, listener.Addr()
	r.wg.Go(func() {
		if err := r.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			componentstatus.ReportStatus(host, componentstatus.NewFatalErrorEvent(fmt.Errorf("take alerts: %w", err)))
		}
	})
	return nil
}

// Shutdown waits for requests under way. It may be called twice, and without Start.
func (r *alertReceiver) Shutdown(ctx context.Context) error {
	if r.server == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	err := r.server.Shutdown(ctx)
	if err != nil {
		err = r.server.Close()
	}
	r.wg.Wait()
	r.server = nil
	return err
}

// serve answers an Alertmanager: 2xx is taken, 5xx is sent again by it, and 4xx given
// up with a line in its log.
func (r *alertReceiver) serve(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, r.cfg.MaxRequestBodySize))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		r.drop(req.Context(), "too_large", 1)
		http.Error(w, fmt.Sprintf("the body has more than %d bytes: raise max_request_body_size or set max_alerts of the webhook", tooLarge.Limit), http.StatusRequestEntityTooLarge)
		return
	}
	if err != nil {
		http.Error(w, "the body ended early", http.StatusBadRequest)
		return
	}
	n, err := parse(body)
	if err != nil {
		r.drop(req.Context(), "unreadable", 1)
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := r.take(req.Context(), n); err != nil {
		if consumererror.IsPermanent(err) {
			http.Error(w, "the alerts are refused for good", http.StatusBadRequest)
			return
		}
		w.Header().Set("Retry-After", "5")
		http.Error(w, "the alerts cannot be taken now: send them again", http.StatusServiceUnavailable)
	}
}

func (r *alertReceiver) take(ctx context.Context, n *notification) error {
	if n.TruncatedAlerts > 0 {
		r.drop(ctx, "truncated", n.TruncatedAlerts)
	}
	if more := len(n.Alerts) - r.cfg.MaxAlerts; more > 0 {
		r.drop(ctx, "max_alerts", more)
		n.Alerts = n.Alerts[:r.cfg.MaxAlerts]
	}
	ld := plog.NewLogs()
	for i := range n.Alerts {
		if len(n.Alerts[i].Labels) == 0 {
			r.drop(ctx, "no_labels", 1)
			continue
		}
		if n.Alerts[i].Labels[signals.LabelIncident] != "" { // what was told comes back
			r.drop(ctx, "own_incident", 1)
			continue
		}
		r.appendTo(ld, n, &n.Alerts[i])
	}
	count := ld.LogRecordCount()
	if count == 0 {
		return nil
	}
	ctx = r.report.StartLogsOp(ctx)
	err := r.next.ConsumeLogs(ctx, ld)
	r.report.EndLogsOp(ctx, "alertmanager", count, err)
	return err
}

func (r *alertReceiver) drop(ctx context.Context, reason string, n int) {
	r.dropped.Add(ctx, int64(n), metric.WithAttributes(attribute.String("receiver", r.set.ID.String()), attribute.String("reason", reason)))
}

// notification is version 4 of what an Alertmanager sends to a webhook.
type notification struct {
	Version         string  `json:"version"`
	Receiver        string  `json:"receiver"`
	ExternalURL     string  `json:"externalURL"`
	TruncatedAlerts int     `json:"truncatedAlerts"`
	Alerts          []alert `json:"alerts"`
}

type alert struct {
	Status       string            `json:"status"`
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL"`
}

const version = "4"

func parse(body []byte) (*notification, error) {
	var n notification
	if err := json.Unmarshal(body, &n); err != nil {
		return nil, fmt.Errorf("read notification: %w", err)
	}
	if n.Version != version {
		return nil, fmt.Errorf("read notification: version %q is not known, only %q", n.Version, version)
	}
	n.TruncatedAlerts = max(0, n.TruncatedAlerts)
	return &n, nil
}
