package jvm_test

import (
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/jvm"
	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/query/querytest"
)

func TestMetricsAreListed(t *testing.T) {
	var all string
	for _, file := range []string{"jmx_exporter-1.0.txt", "micrometer-1.13.txt", "opentelemetry-2.9.txt"} {
		all += page(t, file)
	}
	md := pmetric.NewMetrics()
	jvm.Append([]byte(all), time.Unix(1_795_400_000, 0), md)
	querytest.Listed(t, "jvm_", md)
}
