package rootcauseconnector

import (
	"context"
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tidewatch/tidewatch/signals"
)

// BenchmarkSpans is the whole way of a span: into the window, out of it at rest, and
// into the comparison of each ten seconds.
func BenchmarkSpans(b *testing.B) {
	c, err := newCauses(connectortest.NewNopSettings(componentType), createDefaultConfig().(*Config),
		(&inboxes{byID: map[component.ID]*inbox{}}).of(component.NewID(componentType), 1), new(consumertest.LogsSink))
	require.NoError(b, err)
	now := start
	c.now = func() time.Time { return now }
	const services, traces = 10, 100 // of one span in each service
	batch := func(n int) ptrace.Traces {
		td := ptrace.NewTraces()
		for s := range services {
			rs := td.ResourceSpans().AppendEmpty()
			rs.Resource().Attributes().PutStr(signals.AttrServiceName, fmt.Sprint("service-", s))
			spans := rs.ScopeSpans().AppendEmpty().Spans()
			for t := range traces {
				x := spans.AppendEmpty()
				var id pcommon.TraceID
				binary.BigEndian.PutUint64(id[:], uint64(n*traces+t+1))
				x.SetTraceID(id)
				x.SetSpanID(pcommon.SpanID{7: byte(s + 1)})
				if s > 0 {
					x.SetParentSpanID(pcommon.SpanID{7: byte(s)})
				}
				x.SetName(fmt.Sprint("operation-", t%5))
				x.SetKind(ptrace.SpanKindServer)
				x.SetStartTimestamp(pcommon.NewTimestampFromTime(now.Add(time.Duration(s) * time.Millisecond)))
				x.SetEndTimestamp(pcommon.NewTimestampFromTime(now.Add(time.Duration(50-s) * time.Millisecond)))
			}
		}
		return td
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		b.StopTimer()
		td := batch(i)
		b.StartTimer()
		require.NoError(b, c.ConsumeTraces(context.Background(), td))
		if now = now.Add(33 * time.Millisecond); i%300 == 299 { // 30,000 spans a second
			c.check(context.Background())
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(services*traces), "ns/span")
}
