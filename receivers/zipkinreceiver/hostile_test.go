package zipkinreceiver_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"

	"github.com/tidewatch/tidewatch/internal/listen/listentest"
	"github.com/tidewatch/tidewatch/receivers/zipkinreceiver"
)

func TestOpenEndpointsAreRefused(t *testing.T) {
	cfg := zipkinreceiver.NewFactory().CreateDefaultConfig().(*zipkinreceiver.Config)
	cfg.NetAddr.Endpoint = "0.0.0.0:9411"
	require.ErrorContains(t, cfg.Validate(), "set tls (cert_file and key_file) and auth")
}

func TestBombs(t *testing.T) {
	sink := &consumertest.TracesSink{}
	for encoding, status := range listentest.PostBombs(t, serve(t, sink)+"/api/v2/spans", "application/json") {
		require.Contains(t, []int{400, 413}, status, encoding)
	}
	require.Empty(t, sink.AllTraces())
}
