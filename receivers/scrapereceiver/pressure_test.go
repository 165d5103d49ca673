package scrapereceiver_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/tidewatch/tidewatch/internal/pressure"
	"github.com/tidewatch/tidewatch/internal/pressure/pressuretest"
	"github.com/tidewatch/tidewatch/receivers/scrapereceiver"
)

func TestScrapingPausesUnderPressure(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("n 1\n")) }))
	defer server.Close()
	l := &pressuretest.Ladder{}
	l.Set(pressure.PauseReceivers)
	sink, tel := &consumertest.MetricsSink{}, componenttest.NewTelemetry()
	set := receivertest.NewNopSettings(component.MustNewType("scrape"))
	set.TelemetrySettings = tel.NewTelemetrySettings()
	r, err := scrapereceiver.NewFactory().CreateMetrics(t.Context(), set, config(static("job", server)), sink)
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context(), l.Host(componenttest.NewNopHost())))
	require.Eventually(t, func() bool {
		_, err := tel.GetMetric("tidewatch_scrape_missed_scrapes")
		return err == nil
	}, patience, 5*time.Millisecond, "it is counted")
	require.Empty(t, sink.AllMetrics())
	l.Set(pressure.Normal)
	eventually(t, sink, "n", func(p point) bool { return p.value == 1 })
	require.NoError(t, r.Shutdown(context.Background()))
	require.NoError(t, tel.Shutdown(context.Background()))
}
