package subset_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tidewatch/tidewatch/internal/subset"
)

func TestLogs(t *testing.T) {
	ld := plog.NewLogs()
	n := int64(0)
	for range 3 {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutInt("first", n)
		for range 2 {
			sl := rl.ScopeLogs().AppendEmpty()
			sl.Scope().SetName("s")
			for range 2 {
				sl.LogRecords().AppendEmpty().Body().SetInt(n)
				n++
			}
		}
	}
	got := subset.Logs(ld, []int{0, 3, 9, 11})
	require.Equal(t, 2, got.ResourceLogs().Len(), "no empty resources")
	require.Equal(t, 12, ld.LogRecordCount())
	var bodies []int64
	for _, rl := range got.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			require.Equal(t, "s", sl.Scope().Name())
			for _, r := range sl.LogRecords().All() {
				bodies = append(bodies, r.Body().Int())
			}
		}
	}
	require.Equal(t, []int64{0, 3, 9, 11}, bodies)
	require.Equal(t, 0, subset.Logs(ld, nil).ResourceLogs().Len())
}
