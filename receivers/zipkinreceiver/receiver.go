package zipkinreceiver

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/tidewatch/tidewatch/internal/listen"
)

const (
	scope  = "github.com/tidewatch/tidewatch/receivers/zipkinreceiver"
	format = "zipkin_v2_json"
)

// zipkin serves POST /api/v2/spans.
type zipkin struct {
	cfg     *Config
	set     receiver.Settings
	next    consumer.Traces
	report  *receiverhelper.ObsReport
	dropped metric.Int64Counter
	invalid metric.AddOption // why
	now     func() time.Time

	server  *http.Server
	address string
	wg      sync.WaitGroup
}

func newZipkin(set receiver.Settings, cfg *Config, next consumer.Traces) (*zipkin, error) {
	report, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{ReceiverID: set.ID, Transport: "http", ReceiverCreateSettings: set})
	if err != nil {
		return nil, err
	}
	dropped, err := set.MeterProvider.Meter(scope).Int64Counter("tidewatch_zipkin_dropped_records", metric.WithUnit("{record}"),
		metric.WithDescription("Spans left out because they have no valid ids; the others of their batch were taken."))
	invalid := metric.WithAttributes(attribute.String("receiver", set.ID.String()), attribute.String("reason", "invalid"))
	return &zipkin{cfg: cfg, set: set, next: next, report: report, dropped: dropped, invalid: invalid, now: time.Now}, err
}

// Start serves.
func (z *zipkin) Start(ctx context.Context, host component.Host) error {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v2/spans", z.spans)
	server, listener, err := listen.HTTP(ctx, &z.cfg.ServerConfig, host, z.set.TelemetrySettings, mux)
	if err != nil {
		return err
	}
	z.server, z.address = server, listener.Addr().String()
	z.wg.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			componentstatus.ReportStatus(host, componentstatus.NewFatalErrorEvent(fmt.Errorf("serve: %w", err)))
		}
	})
	return nil
}

// Address is where it serves, empty before Start.
func (z *zipkin) Address() string { return z.address }

// Shutdown lets the requests that are under way end.
func (z *zipkin) Shutdown(ctx context.Context) error {
	if z.server == nil {
		return nil
	}
	err := z.server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, z.server.Close())
	}
	z.wg.Wait()
	return err
}

// spans answers as Zipkin's server does: 202 when all are accepted.
func (z *zipkin) spans(w http.ResponseWriter, r *http.Request) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && kind != "application/json" && kind != "text/plain" {
		http.Error(w, "send application/json; "+kind+" is not understood", http.StatusUnsupportedMediaType)
		return
	}
	td, rejected, err := decode(r.Body, z.now())
	if err != nil {
		status := http.StatusBadRequest
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			status = http.StatusRequestEntityTooLarge
		}
		http.Error(w, err.Error(), status)
		return
	}
	if rejected > 0 {
		z.dropped.Add(r.Context(), int64(rejected), z.invalid)
	}
	n := td.SpanCount()
	if n == 0 {
		w.WriteHeader(http.StatusAccepted)
		return
	}
	ctx := z.report.StartTracesOp(r.Context())
	err = z.next.ConsumeTraces(ctx, td)
	z.report.EndTracesOp(ctx, format, n, err)
	switch {
	case err == nil:
		w.WriteHeader(http.StatusAccepted)
	case consumererror.IsPermanent(err):
		http.Error(w, "the spans cannot be processed", http.StatusBadRequest)
	default:
		w.Header().Set("Retry-After", "5")
		http.Error(w, "try again later", http.StatusServiceUnavailable)
	}
}
