package anomalyconnector

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"

	"github.com/tidewatch/tidewatch/anomaly"
)

func TestOldSnapshotIsRead(t *testing.T) {
	cfg := shortConfig()
	id := component.MustNewID("file_storage")
	cfg.Storage = &id
	settings := anomaly.DefaultSettings()
	b := binary.LittleEndian.AppendUint32([]byte{2}, 1)
	for i := range uint64(7) {
		b = binary.LittleEndian.AppendUint64(b, 40+i)
	}
	b = anomaly.New(&settings).AppendSnapshot(b)
	r := newRig(t, cfg, &storageHost{extension: &memoryStorage{data: map[string][]byte{"snapshot": b}}})
	defer r.stop()
	s := r.sides[0].(*metricsSide).watcher.series[40]
	require.NotNil(t, s)
	require.EqualValues(t, 45, s.openedAt)
	require.EqualValues(t, 40, s.leader, "it leads its own finding")
}
