package logpatternprocessor

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/tidewatch/tidewatch/internal/pressure"
	"github.com/tidewatch/tidewatch/internal/pressure/pressuretest"
	"github.com/tidewatch/tidewatch/logpattern"
)

func TestDebugLinesAreSampled(t *testing.T) {
	tel := componenttest.NewTelemetry()
	set := processortest.NewNopSettings(componentType)
	set.TelemetrySettings = tel.NewTelemetrySettings()
	l := &pressuretest.Ladder{}
	p, sink := create(t, createDefaultConfig().(*Config), set, l.Host(componenttest.NewNopHost()))
	send := func(text string, severity plog.SeverityNumber, n int) (got int) {
		sink.Reset()
		for i := range n {
			ld := batch("web", fmt.Sprintf(text, i))
			ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).SetSeverityNumber(severity)
			require.NoError(t, p.ConsumeLogs(t.Context(), ld))
		}
		return sink.LogRecordCount()
	}
	require.Equal(t, 100, send("step %d of job", plog.SeverityNumberDebug, 100), "nothing is short")
	l.Set(pressure.SampleDebug)
	require.Equal(t, 10, send("step %d of job", plog.SeverityNumberDebug, 100))
	require.Equal(t, 1, send("%d trees were felled", plog.SeverityNumberTrace, 1), "the first of a pattern")
	for _, severity := range []plog.SeverityNumber{plog.SeverityNumberUnspecified, plog.SeverityNumberInfo, plog.SeverityNumberWarn, plog.SeverityNumberFatal4} {
		require.Equal(t, 30, send("job %d done", severity, 30))
	}
	l.Set(pressure.Normal)
	require.Equal(t, 100, send("step %d of job", plog.SeverityNumberDebug, 100), "there is room again")

	shed, err := tel.GetMetric("tidewatch_shed_items")
	require.NoError(t, err)
	point := shed.Data.(metricdata.Sum[int64]).DataPoints[0]
	require.EqualValues(t, 90, point.Value)
	who, _ := point.Attributes.Value("component")
	step, _ := point.Attributes.Value("step")
	require.Equal(t, []string{"processor/log_pattern", "sample_debug"}, []string{who.AsString(), step.AsString()})
	require.NoError(t, p.Shutdown(t.Context()))
	require.NoError(t, tel.Shutdown(context.Background()))
}

func TestCoarsePatterns(t *testing.T) {
	l := &pressuretest.Ladder{}
	p, sink := create(t, createDefaultConfig().(*Config), processortest.NewNopSettings(componentType),
		l.Host(componenttest.NewNopHost()))
	require.NoError(t, p.ConsumeLogs(t.Context(), batch("web", "job 1 done")))
	known := lastID(t, sink)
	l.Set(pressure.CoarsePatterns)
	require.NoError(t, p.ConsumeLogs(t.Context(), batch("web", "job 2 done")))
	require.Equal(t, known, lastID(t, sink), "what is known stays so")
	require.NoError(t, p.ConsumeLogs(t.Context(), batch("web", "a tree has fallen")))
	require.Equal(t, logpattern.OtherID, lastID(t, sink))
	l.Set(pressure.Normal)
	require.NoError(t, p.ConsumeLogs(t.Context(), batch("web", "a tree has fallen")))
	require.NotEqual(t, logpattern.OtherID, lastID(t, sink))
	require.NoError(t, p.Shutdown(t.Context()))
}
