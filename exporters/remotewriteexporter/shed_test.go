package remotewriteexporter

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/tidewatch/tidewatch/internal/pressure"
	"github.com/tidewatch/tidewatch/internal/pressure/pressuretest"
)

func TestExemplarsAreDroppedUnderPressure(t *testing.T) {
	e, tel := started(t, configFor("http://127.0.0.1:1"))
	l := &pressuretest.Ladder{}
	e.pressure = l
	l.Set(pressure.DropExemplars)
	require.Empty(t, converted(t, e, distributions(pcommon.NewTimestampFromTime(t0), false)).exemplars)
	shed, err := tel.GetMetric("tidewatch_shed_items")
	require.NoError(t, err)
	require.EqualValues(t, 1, shed.Data.(metricdata.Sum[int64]).DataPoints[0].Value)

	fresh, _ := started(t, configFor("http://127.0.0.1:1"))
	fresh.pressure = l
	l.Set(pressure.SampleDebug)
	require.Len(t, converted(t, fresh, distributions(pcommon.NewTimestampFromTime(t0), false)).exemplars, 1)
}
