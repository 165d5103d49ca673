package loadsheddingextension

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// tree writes files below a folder that stands in for the root of the file system.
func tree(t *testing.T, files map[string]string) (proc, root string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return filepath.Join(dir, "proc"), filepath.Join(dir, "cgroup")
}

const psi = "some avg10=40.00 avg60=1.00 avg300=0.00 total=9\nfull avg10=12.50 avg60=0.00 avg300=0.00 total=1\n"

func TestVersion2(t *testing.T) {
	c := findCgroup(tree(t, map[string]string{
		"proc/self/cgroup": "0::/system.slice/tidewatch.service\n",
		"cgroup/system.slice/tidewatch.service/cpu.max":         "50000 100000\n",
		"cgroup/system.slice/tidewatch.service/cpu.stat":        "usage_usec 9\nnr_periods 100\nnr_throttled 40\nthrottled_usec 3\n",
		"cgroup/system.slice/tidewatch.service/memory.max":      "536870912\n",
		"cgroup/system.slice/tidewatch.service/memory.pressure": psi,
	}))
	got := c.cpu()
	require.True(t, got.ok)
	require.InDelta(t, 0.5, got.quota, 0)
	require.EqualValues(t, 100, got.periods)
	require.EqualValues(t, 40, got.throttled)
	require.InDelta(t, 0.125, c.stall(), 1e-9)
}

func TestVersion2InAContainer(t *testing.T) {
	c := findCgroup(tree(t, map[string]string{
		"proc/self/cgroup":       "0::/../../kubepods/pod1\n",
		"proc/pressure/cpu":      psi,
		"cgroup/cpu.max":         "max 100000\n",
		"cgroup/memory.max":      "max\n",
		"cgroup/memory.pressure": psi,
	}))
	got := c.cpu()
	require.Zero(t, got.quota)
	require.InDelta(t, 0.4, got.waiting, 1e-9)
	require.Zero(t, c.stall(), "without a limit it is not the agent's matter")
}

func TestVersion1(t *testing.T) {
	c := findCgroup(tree(t, map[string]string{
		"proc/self/cgroup":                     "3:memory:/x\n2:cpu,cpuacct:/docker/1\n0::/\n",
		"cgroup/cpu,cpuacct/cpu.cfs_quota_us":  "150000\n",
		"cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
		"cgroup/cpu,cpuacct/cpu.stat":          "nr_periods 7\nnr_throttled 3\nthrottled_time 1\n",
	}))
	got := c.cpu()
	require.InDelta(t, 1.5, got.quota, 0)
	require.EqualValues(t, 3, got.throttled)
	require.Zero(t, c.stall())
}

func TestNoCgroup(t *testing.T) {
	c := findCgroup(filepath.Join(t.TempDir(), "proc"), t.TempDir())
	got := c.cpu()
	require.True(t, got.ok)
	require.Zero(t, got.quota)
	require.True(t, math.IsNaN(got.waiting))
}
