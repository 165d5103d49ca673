package jaegerreceiver

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/config/configgrpc"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tidewatch/tidewatch/internal/listen"
)

const (
	scope  = "github.com/tidewatch/tidewatch/receivers/jaegerreceiver"
	format = "jaeger_protobuf"
	method = "PostSpans"
)

// jaeger serves jaeger.api_v2.CollectorService.
type jaeger struct {
	cfg     *Config
	set     receiver.Settings
	next    consumer.Traces
	report  *receiverhelper.ObsReport
	dropped metric.Int64Counter
	invalid metric.AddOption // why

	server  *grpc.Server
	address string
	wg      sync.WaitGroup
}

func newJaeger(set receiver.Settings, cfg *Config, next consumer.Traces) (*jaeger, error) {
	report, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{ReceiverID: set.ID, Transport: "grpc", ReceiverCreateSettings: set})
	if err != nil {
		return nil, err
	}
	dropped, err := set.MeterProvider.Meter(scope).Int64Counter("tidewatch_jaeger_dropped_records", metric.WithUnit("{record}"),
		metric.WithDescription("Spans left out because they have no valid ids; the others of their batch were taken."))
	invalid := metric.WithAttributes(attribute.String("receiver", set.ID.String()), attribute.String("reason", "invalid"))
	return &jaeger{cfg: cfg, set: set, next: next, report: report, dropped: dropped, invalid: invalid}, err
}

// Start serves.
func (j *jaeger) Start(ctx context.Context, host component.Host) error {
	server, err := j.cfg.ToServer(ctx, host.GetExtensions(), j.set.TelemetrySettings, configgrpc.WithGrpcServerOption(grpc.ForceServerCodec(rawCodec{})))
	if err != nil {
		return fmt.Errorf("create server: %w", err)
	}
	listener, err := j.cfg.NetAddr.Listen(ctx)
	if err != nil {
		return fmt.Errorf("listen on endpoint %s: %w", j.cfg.NetAddr.Endpoint, err)
	}
	listener = listen.Limit(listener)
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "jaeger.api_v2.CollectorService",
		HandlerType: (*any)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: method, Handler: handle}},
	}, j)
	j.server, j.address = server, listener.Addr().String()
	j.wg.Go(func() {
		if err := server.Serve(listener); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
			componentstatus.ReportStatus(host, componentstatus.NewFatalErrorEvent(fmt.Errorf("serve: %w", err)))
		}
	})
	return nil
}

// Address is where it serves, empty before Start.
func (j *jaeger) Address() string { return j.address }

// Shutdown lets the calls that are under way end.
func (j *jaeger) Shutdown(context.Context) error {
	if j.server != nil {
		j.server.GracefulStop()
	}
	j.wg.Wait()
	return nil
}

// rawCodec leaves messages as they are on the wire: they are read straight into spans.
type rawCodec struct{}

func (rawCodec) Name() string { return "proto" }

func (rawCodec) Marshal(v any) ([]byte, error) { return *v.(*[]byte), nil }

func (rawCodec) Unmarshal(b []byte, v any) error {
	*v.(*[]byte) = append([]byte(nil), b...)
	return nil
}

func handle(srv any, ctx context.Context, read func(any) error, intercept grpc.UnaryServerInterceptor) (any, error) { //nolint:revive // grpc's order of arguments
	var body []byte
	if err := read(&body); err != nil {
		return nil, err
	}
	j := srv.(*jaeger)
	post := func(ctx context.Context, _ any) (any, error) { return j.post(ctx, body) }
	if intercept == nil {
		return post(ctx, nil)
	}
	return intercept(ctx, &body, &grpc.UnaryServerInfo{Server: srv, FullMethod: "/jaeger.api_v2.CollectorService/" + method}, post)
}

// post takes a PostSpansRequest; the answer has no fields.
func (j *jaeger) post(ctx context.Context, body []byte) (any, error) {
	td, rejected, err := decode(body)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	if rejected > 0 {
		j.dropped.Add(ctx, int64(rejected), j.invalid)
	}
	if n := td.SpanCount(); n > 0 {
		ctx = j.report.StartTracesOp(ctx)
		err = j.next.ConsumeTraces(ctx, td)
		j.report.EndTracesOp(ctx, format, n, err)
	}
	switch {
	case err == nil:
		return new([]byte), nil
	case consumererror.IsPermanent(err):
		return nil, status.Error(codes.InvalidArgument, "the spans cannot be processed")
	default:
		return nil, status.Error(codes.Unavailable, "try again later")
	}
}
