package anomalyconnector

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadable(t *testing.T) {
	for want, in := range map[string]struct {
		value        float64
		unit, metric string
	}{
		"1070":      {1070, "{order}", "shop.queue.depth"},
		"12/s":      {12, "{request}/s", "http.server.requests"},
		"512 B":     {512, "By", "m"},
		"1.5 MiB/s": {1.5 * (1 << 20), "By/s", "system.disk.io"},
		"-2 KiB":    {-2048, "By", "m"},
		"42 %":      {0.42, "1", "system.memory.utilization"},
		"0.42":      {0.42, "1", "app.ratio"},
		"1.25 s":    {1.25, "s", "app.latency.mean"},
		"3":         {3, "", "m"},
		"any":       {math.Inf(1), "By", "m"},
	} {
		require.Equal(t, want, readable(in.value, in.unit, in.metric))
	}
}
