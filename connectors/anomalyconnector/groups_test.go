package anomalyconnector

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// depths feeds one point of each queue.
func (r *rig) depths(values ...float64) {
	md, m := oneMetric("queue.depth", "{item}")
	g := m.SetEmptyGauge()
	for i, v := range values {
		p := g.DataPoints().AppendEmpty()
		p.SetTimestamp(pcommon.NewTimestampFromTime(r.at))
		p.SetDoubleValue(v + float64(r.at.Second()%3))
		p.Attributes().PutStr("queue", fmt.Sprint("q", i))
	}
	r.feed(md)
}

// all gives n queues the same depth.
func all(n int, v float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = v
	}
	return out
}

func times(n int, f func()) {
	for range n {
		f()
	}
}

func TestSeriesThatFailTogetherAreOneFinding(t *testing.T) {
	r := newRig(t, shortConfig(), componenttest.NewNopHost())
	defer r.stop()
	times(30, func() { r.depths(all(15, 100)...) })
	worst := all(15, 300)
	worst[7] = 9000
	times(10, func() { r.depths(worst...) })
	found := r.findings()
	require.Equal(t, "open", states(found)[0])
	for _, f := range found {
		require.Equal(t, found[0].Attributes().AsRaw()["finding.id"], f.Attributes().AsRaw()["finding.id"])
	}
	text := found[len(found)-1].Body().Str()
	require.Contains(t, text, "queue.depth {queue=q7} is 9", "the most surprising leads")
	require.Contains(t, text, " At the same moment: queue.depth {queue=q0}, ")
	require.Contains(t, text, " and 4 more.")
	require.Contains(t, found[0].Attributes().AsRaw()["finding.others"], "{queue=q10} and 4 more")
}

func TestGroupIsResolvedWithItsLastSeries(t *testing.T) {
	r := newRig(t, shortConfig(), componenttest.NewNopHost())
	defer r.stop()
	times(30, func() { r.depths(100, 100, 100) })
	times(5, func() { r.depths(9000, 100, 100) })
	times(10, func() { r.depths(9000, 400, 100) }) // joins
	times(10, func() { r.depths(100, 400, 100) })  // the leader is back
	require.Equal(t, []string{"open", "updated"}, states(r.findings()))
	require.Contains(t, r.findings()[1].Body().Str(), "At the same moment: queue.depth {queue=q1}.")
	times(10, func() { r.depths(100, 100, 100) })
	require.Equal(t, []string{"open", "updated", "resolved"}, states(r.findings()))
}

func TestGroupWindow(t *testing.T) {
	cfg := shortConfig()
	cfg.GroupWindow = 3 * time.Second
	r := newRig(t, cfg, componenttest.NewNopHost())
	defer r.stop()
	times(30, func() { r.depths(100, 100) })
	times(8, func() { r.depths(9000, 100) })
	times(8, func() { r.depths(9000, 9000) })
	require.Equal(t, []string{"open", "open"}, states(r.findings()), "too late to be one")
	times(10, func() { r.depths(100, 100) })
	require.Equal(t, []string{"open", "open", "resolved", "resolved"}, states(r.findings()))
}

func TestGroupSurvivesRestart(t *testing.T) {
	cfg := shortConfig()
	id := component.MustNewID("file_storage")
	cfg.Storage = &id
	host := &storageHost{extension: &memoryStorage{data: map[string][]byte{}}}
	r := newRig(t, cfg, host)
	times(30, func() { r.depths(100, 100) })
	times(10, func() { r.depths(9000, 400) })
	require.Equal(t, []string{"open"}, states(r.findings()))
	r.stop()
	again := newRig(t, cfg, host)
	defer again.stop()
	again.at = r.at
	times(15, func() { again.depths(100, 100) })
	require.Equal(t, "resolved", states(again.findings())[len(again.findings())-1])
	for _, f := range again.findings() {
		require.Equal(t, r.findings()[0].Attributes().AsRaw()["finding.id"], f.Attributes().AsRaw()["finding.id"])
	}
}
