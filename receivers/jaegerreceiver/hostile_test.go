package jaegerreceiver_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/tidewatch/tidewatch/internal/listen/listentest"
	"github.com/tidewatch/tidewatch/receivers/jaegerreceiver"
)

func TestOpenEndpointsAreRefused(t *testing.T) {
	cfg := jaegerreceiver.NewFactory().CreateDefaultConfig().(*jaegerreceiver.Config)
	cfg.NetAddr.Endpoint = "0.0.0.0:14250"
	require.ErrorContains(t, cfg.Validate(), "set tls (cert_file and key_file) and auth")
	require.EqualValues(t, 100, cfg.MaxConcurrentStreams)
}

func TestBombs(t *testing.T) {
	f := jaegerreceiver.NewFactory()
	cfg := f.CreateDefaultConfig().(*jaegerreceiver.Config)
	cfg.NetAddr.Endpoint = "127.0.0.1:0"
	sink := &consumertest.TracesSink{}
	r, err := f.CreateTraces(t.Context(), receivertest.NewNopSettings(f.Type()), cfg, sink)
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, r.Shutdown(context.Background())) })
	address := r.(interface{ Address() string }).Address()
	for _, encoding := range []string{"gzip", "zstd", "zstd-window", "zstd-single"} {
		message, name := listentest.Bomb(t, encoding, 3<<30)
		var status string
		require.Less(t, listentest.Allocated(func() {
			status = listentest.PostGRPC(t, address, "/jaeger.api_v2.CollectorService/PostSpans", name, message)
		}), uint64(listentest.MostForABomb), encoding)
		require.Contains(t, []string{"8", "13"}, status, encoding) // resource exhausted, or internal: it cannot be read
	}
	require.Empty(t, sink.AllTraces())
}
