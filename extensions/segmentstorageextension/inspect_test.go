package segmentstorageextension_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	segmentstorage "github.com/tidewatch/tidewatch/extensions/segmentstorageextension"
)

func TestInspectAndRepair(t *testing.T) {
	dir := abandoned(t, 10, 2)
	found, err := segmentstorage.Inspect(dir)
	require.NoError(t, err)
	require.Len(t, found, 1)
	q := found[0]
	require.Equal(t, "exporter_test_logs", q.Name)
	require.True(t, q.Queue)
	require.Equal(t, 10, q.Items)
	require.Equal(t, 2, q.InFlight)
	require.Equal(t, int64(10), q.Records)
	require.Zero(t, q.Missing)
	require.Zero(t, q.Unnamed)

	segment := filepath.Join(dir, q.Name, "0000000000000001.seg")
	b, err := os.ReadFile(segment)
	require.NoError(t, err)
	item := []byte("item 5") // its record, and no note of the queue's
	require.Equal(t, 1, bytes.Count(b, item))
	b[bytes.Index(b, item)] ^= 0xff
	require.NoError(t, os.WriteFile(segment, b, 0o600))
	files, err := segmentstorage.Verify(dir)
	require.NoError(t, err)
	require.Len(t, files[q.Name], 1)
	require.Len(t, files[q.Name][0].Damaged, 1)

	repaired, err := segmentstorage.Repair(dir)
	require.NoError(t, err)
	require.Equal(t, int64(1), repaired[0].Log.Damage.Records)
	require.Equal(t, 9, repaired[0].Items)
	require.Equal(t, 1, repaired[0].Missing)
	require.Equal(t, int64(9), repaired[0].Records)
	require.Equal(t, int64(1), repaired[0].Lost)
	require.Len(t, recovered(t, dir, 9), 9)
}

func TestRepairLeavesAnAgentAlone(t *testing.T) {
	dir := t.TempDir()
	start(t, dir, nil)
	_, err := segmentstorage.Repair(dir)
	require.ErrorContains(t, err, "in use by another agent")
	_, err = segmentstorage.Inspect(filepath.Join(dir, "missing"))
	require.ErrorContains(t, err, "missing")
}
