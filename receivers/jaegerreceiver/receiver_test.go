package jaegerreceiver_test

import (
	"context"
	"errors"
	"flag"
	"strings"
	"testing"
	"time"

	"github.com/jaegertracing/jaeger-idl/model/v1"
	"github.com/jaegertracing/jaeger-idl/proto-gen/api_v2"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/golden"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/ptracetest"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/encoding/gzip" // as Jaeger's agent does
	"google.golang.org/grpc/status"

	"github.com/tidewatch/tidewatch/receivers/jaegerreceiver"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var update = flag.Bool("update", false, "write golden files")

// serve starts a receiver and returns Jaeger's own client to it.
func serve(t *testing.T, next consumer.Traces) api_v2.CollectorServiceClient {
	f := jaegerreceiver.NewFactory()
	cfg := f.CreateDefaultConfig().(*jaegerreceiver.Config)
	cfg.NetAddr.Endpoint = "127.0.0.1:0"
	cfg.MaxRecvMsgSizeMiB = 1
	r, err := f.CreateTraces(t.Context(), receivertest.NewNopSettings(f.Type()), cfg, next)
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
	address := r.(interface{ Address() string }).Address()
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, conn.Close())
		require.NoError(t, r.Shutdown(context.Background()))
		require.NoError(t, r.Shutdown(context.Background()))
	})
	return api_v2.NewCollectorServiceClient(conn)
}

var at = time.Unix(1_750_000_000, 123_456_789).UTC()

// batch has everything that the model can say.
func batch() model.Batch {
	trace := model.NewTraceID(1, 2)
	return model.Batch{
		Process: model.NewProcess("web", []model.KeyValue{
			model.String("hostname", "h1"), model.String("ip", "10.0.0.1"), model.String("jaeger.version", "Go-2.30.0"), model.String("client-uuid", "u-1"), model.Int64("pid", 42),
		}),
		Spans: []*model.Span{
			{
				TraceID: trace, SpanID: model.NewSpanID(8), OperationName: "GET /", StartTime: at, Duration: 1500 * time.Microsecond, Flags: 1,
				References: []model.SpanRef{
					model.NewFollowsFromRef(trace, model.NewSpanID(5)), model.NewChildOfRef(trace, model.NewSpanID(7)), model.NewChildOfRef(model.NewTraceID(9, 9), model.NewSpanID(9)),
				},
				Tags: []model.KeyValue{
					model.String("span.kind", "server"), model.Bool("error", true), model.Int64("http.status_code", 503), model.Float64("share", 0.25), model.Binary("raw", []byte{1, 2}),
					model.Int64("negative", -1), model.Bool("no", false),
				},
				Logs: []model.Log{{Timestamp: at.Add(time.Millisecond), Fields: []model.KeyValue{
					model.String("event", "error"), model.String("message", "refused"), model.Int64("attempt", 3),
				}}},
				Warnings: []string{"clock skew"},
			},
			{
				TraceID: trace, SpanID: model.NewSpanID(10), OperationName: "of another process", StartTime: at, Duration: time.Second,
				References: []model.SpanRef{model.NewFollowsFromRef(trace, model.NewSpanID(8))},
				Process:    model.NewProcess("mail", nil),
			},
			{OperationName: "without ids", StartTime: at},
		},
	}
}

func TestJaegersOwnClient(t *testing.T) {
	sink := &consumertest.TracesSink{}
	client := serve(t, sink)
	for _, options := range [][]grpc.CallOption{nil, {grpc.UseCompressor("gzip")}} {
		sink.Reset()
		_, err := client.PostSpans(t.Context(), &api_v2.PostSpansRequest{Batch: batch()}, options...)
		require.NoError(t, err)
		require.Len(t, sink.AllTraces(), 1)
		got := sink.AllTraces()[0]
		if *update {
			require.NoError(t, golden.WriteTracesToFile("testdata/spans.yaml", got))
		}
		want, err := golden.ReadTraces("testdata/spans.yaml")
		require.NoError(t, err)
		require.NoError(t, ptracetest.CompareTraces(want, got))
	}
}

func TestNothing(t *testing.T) {
	sink := &consumertest.TracesSink{}
	_, err := serve(t, sink).PostSpans(t.Context(), &api_v2.PostSpansRequest{})
	require.NoError(t, err)
	require.Empty(t, sink.AllTraces())
}

func TestBackPressure(t *testing.T) {
	for code, err := range map[codes.Code]error{
		codes.Unavailable:     errors.New("full"),
		codes.InvalidArgument: consumererror.NewPermanent(errors.New("never")),
	} {
		_, got := serve(t, consumertest.NewErr(err)).PostSpans(t.Context(), &api_v2.PostSpansRequest{Batch: batch()})
		require.Equal(t, code, status.Code(got))
	}
}

func TestTooLarge(t *testing.T) {
	b := batch()
	b.Spans[0].OperationName = strings.Repeat("x", 2<<20)
	client := serve(t, consumertest.NewNop())
	for _, options := range [][]grpc.CallOption{nil, {grpc.UseCompressor("gzip")}} {
		_, err := client.PostSpans(t.Context(), &api_v2.PostSpansRequest{Batch: b}, options...)
		require.Equal(t, codes.ResourceExhausted, status.Code(err))
	}
}

func TestConfig(t *testing.T) {
	f := jaegerreceiver.NewFactory()
	cfg := f.CreateDefaultConfig().(*jaegerreceiver.Config)
	require.NoError(t, componenttest.CheckConfigStruct(cfg))
	require.NoError(t, cfg.Validate())
	conf, err := confmaptest.LoadConf("testdata/config.yaml")
	require.NoError(t, err)
	sub, err := conf.Sub("jaeger")
	require.NoError(t, err)
	require.NoError(t, sub.Unmarshal(cfg))
	require.Equal(t, "0.0.0.0:14250", cfg.NetAddr.Endpoint)
	cfg.NetAddr.Endpoint = ""
	require.ErrorContains(t, cfg.Validate(), "endpoint must be")
	cfg.NetAddr.Endpoint, cfg.MaxRecvMsgSizeMiB = "x:1", 0
	require.ErrorContains(t, cfg.Validate(), "max_recv_msg_size_mib must be positive")
}
