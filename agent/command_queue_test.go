package agent

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/segmentlog"
)

func TestQueue(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, "exporter_loki_logs")
	l, err := segmentlog.Open(folder, segmentlog.Options{})
	require.NoError(t, err)
	for i := range uint64(3) {
		require.NoError(t, l.Apply([]segmentlog.Op{{Key: segmentlog.Key(i), Value: make([]byte, 1000)}}, true))
	}
	require.NoError(t, l.Close())

	out, err := execute(t, "queue", "inspect", "--dir", dir)
	require.NoError(t, err)
	require.Contains(t, out, "exporter_loki_logs")
	require.Regexp(t, `(?m)^ *3 +0 +0 +3.0 KiB +3.0 KiB +1 +exporter_loki_logs`, out)
	require.Contains(t, out, "3 items that the queue has forgotten")
	out, err = execute(t, "queue", "verify", "--dir", dir)
	require.NoError(t, err)
	require.Contains(t, out, "Every entry is whole.")

	segment := filepath.Join(folder, "0000000000000001.seg")
	b, err := os.ReadFile(segment)
	require.NoError(t, err)
	b[1500] ^= 1
	require.NoError(t, os.WriteFile(segment, b, 0o600))
	out, err = execute(t, "queue", "verify", "--dir", dir)
	require.ErrorContains(t, err, "damaged places: 1;")
	require.Contains(t, out, "bytes at 1017 are damaged")

	out, err = execute(t, "queue", "repair", "--dir", dir)
	require.NoError(t, err)
	require.Contains(t, out, "exporter_loki_logs: 1017 B in 1 places were damaged. Copies are in "+filepath.Join(folder, "quarantine")+".")
	require.Contains(t, out, "exporter_loki_logs: 0 records in 1 items are lost")
	require.Contains(t, out, "exporter_loki_logs: 2 items that the queue had forgotten were brought back.")
	out, err = execute(t, "queue", "verify", "--dir", dir)
	require.NoError(t, err, out)

	_, err = execute(t, "queue", "inspect", "--dir", filepath.Join(dir, "nowhere"))
	require.ErrorContains(t, err, "nowhere")
}
