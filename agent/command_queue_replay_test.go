package agent

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/segmentlog"
)

func TestQueueReplay(t *testing.T) {
	here, there := t.TempDir(), t.TempDir()
	l, err := segmentlog.Open(filepath.Join(there, "exporter_loki_logs"), segmentlog.Options{})
	require.NoError(t, err)
	item := []byte{0x0a, 6, 0x12, 4, 0x12, 0, 0x12, 0} // logs with two records
	for i := range uint64(3) {
		require.NoError(t, l.Apply([]segmentlog.Op{{Key: segmentlog.Key(i), Value: append(item, 0x1a, byte(i))}}, true))
	}
	require.NoError(t, l.Close())

	out, err := execute(t, "queue", "replay", "--dir", here, there)
	require.NoError(t, err)
	require.Regexp(t, `(?m)^ +3 +6 +0 +0 +exporter_loki_logs$`, out)
	require.Contains(t, out, "6 records were added and are delivered when the agent starts.")
	require.Contains(t, out, "exporter_loki_logs: there was no such queue here.")
	require.Contains(t, out, there+" is not needed any more.")
	out, err = execute(t, "queue", "replay", "--dir", here, there)
	require.NoError(t, err)
	require.Regexp(t, `(?m)^ +0 +0 +6 +0 +exporter_loki_logs$`, out)
	require.Contains(t, out, "Nothing was added")
	out, err = execute(t, "queue", "inspect", "--dir", here)
	require.NoError(t, err)
	require.Regexp(t, `(?m)^ +3 +6 +0 .* exporter_loki_logs$`, out)

	_, err = execute(t, "queue", "replay", "--dir", here, here)
	require.ErrorContains(t, err, "the queues of this agent")
}
