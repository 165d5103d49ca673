package patternconnector

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tidewatch/tidewatch/signals"
)

// mixed is a batch of records of many patterns.
func mixed(n int) plog.Logs {
	ld := lines("cart", "p", "x", plog.SeverityNumberInfo, n, start)
	for i, r := range ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
		r.Attributes().PutStr(signals.AttrPatternID, fmt.Sprintf("%016x", i%97))
		r.Attributes().PutStr(signals.AttrTemplate, fmt.Sprintf("pattern %d of <num>", i%97))
	}
	return ld
}

func BenchmarkFindings(b *testing.B) {
	f, err := newFindings(connectortest.NewNopSettings(componentType), createDefaultConfig().(*Config), new(consumertest.LogsSink))
	require.NoError(b, err)
	c := &clock{start}
	f.now = c.now
	ld := mixed(1000)
	b.ReportAllocs()
	for b.Loop() {
		c.Time = c.Add(time.Second)
		_ = f.ConsumeLogs(b.Context(), ld)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*1000), "ns/line")
}

func BenchmarkMetrics(b *testing.B) {
	m, err := newMetrics(connectortest.NewNopSettings(componentType), createDefaultConfig().(*Config), new(consumertest.MetricsSink))
	require.NoError(b, err)
	ld := mixed(1000)
	b.ReportAllocs()
	for b.Loop() {
		_ = m.ConsumeLogs(b.Context(), ld)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*1000), "ns/line")
}
