package nginx_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/query/querytest"
)

func TestMetricsAreListed(t *testing.T) {
	md := pmetric.NewMetrics()
	endpoint := serve(t, "nginx", "/nginx_status", func() string { return recorded(t, "nginx-1.22.txt") })
	require.NoError(t, open(t, endpoint).Scrape(t.Context(), time.Unix(9, 0), md))
	querytest.Listed(t, "nginx_", md)
}
