package loadsheddingextension

import (
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// cgroup is where the agent's own cgroup tells of itself; a field is empty where it does
// not. See cgroups(7) and the kernel's admin-guide/cgroup-v2 and scheduler/sched-bwc.
type cgroup struct {
	max         string // v2: "quota period"
	quota, span string // v1
	stat        string
	hostWaits   string // PSI of the host
	memoryLimit string
	memoryWaits string
}

// findCgroup looks in what are usually /proc and /sys/fs/cgroup.
func findCgroup(proc, root string) cgroup {
	c := cgroup{hostWaits: existing(filepath.Join(proc, "pressure", "cpu"))}
	text, _ := os.ReadFile(filepath.Join(proc, "self", "cgroup")) // without it there is no cgroup
	for line := range strings.Lines(string(text)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		// In a container the path may be the host's, and what is mounted the container's own.
		for _, path := range []string{parts[2], "/"} {
			if parts[0] == "0" && c.v2(filepath.Join(root, path)) {
				break
			}
			if controllers := strings.Split(parts[1], ","); slices.Contains(controllers, "cpu") && c.v1(root, parts[1], path) {
				break
			}
		}
	}
	return c
}

func (c *cgroup) v2(dir string) bool {
	if existing(filepath.Join(dir, "cpu.max")) == "" {
		return false
	}
	c.max, c.stat = filepath.Join(dir, "cpu.max"), existing(filepath.Join(dir, "cpu.stat"))
	c.memoryLimit, c.memoryWaits = existing(filepath.Join(dir, "memory.max")), existing(filepath.Join(dir, "memory.pressure"))
	return true
}

func (c *cgroup) v1(root, controllers, path string) bool {
	for _, mount := range []string{controllers, "cpu"} {
		dir := filepath.Join(root, mount, path)
		if existing(filepath.Join(dir, "cpu.cfs_quota_us")) != "" {
			c.quota, c.span = filepath.Join(dir, "cpu.cfs_quota_us"), filepath.Join(dir, "cpu.cfs_period_us")
			c.stat = existing(filepath.Join(dir, "cpu.stat"))
			return true
		}
	}
	return false
}

func (c cgroup) cpu() cpuTimes {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return cpuTimes{}
	}
	t := cpuTimes{
		ok: true, processors: runtime.GOMAXPROCS(0), quota: c.processors(), waiting: math.NaN(),
		used: time.Duration(usage.Utime.Nano() + usage.Stime.Nano()),
	}
	if t.quota > 0 {
		stat := contentOf(c.stat)
		t.periods, t.throttled = uint64(after(stat, "nr_periods ")), uint64(after(stat, "nr_throttled "))
	} else if share, ok := tenSeconds(contentOf(c.hostWaits), "some"); ok {
		t.waiting = share
	}
	return t
}

// processors is the quota in processors, 0 without one.
func (c cgroup) processors() float64 {
	quota, span := contentOf(c.quota), contentOf(c.span)
	if c.max != "" {
		quota, span, _ = strings.Cut(contentOf(c.max), " ")
	}
	q, err1 := strconv.ParseFloat(strings.TrimSpace(quota), 64)
	s, err2 := strconv.ParseFloat(strings.TrimSpace(span), 64)
	if err1 != nil || err2 != nil || q <= 0 || s <= 0 { // "max" or -1: there is none
		return 0
	}
	return q / s
}

// stall is 0 where the cgroup has no limit of its own: others' memory is not its matter.
func (c cgroup) stall() float64 {
	if limit := strings.TrimSpace(contentOf(c.memoryLimit)); limit == "" || limit == "max" {
		return 0
	}
	share, _ := tenSeconds(contentOf(c.memoryWaits), "full")
	return share
}

// tenSeconds returns avg10 of a line of PSI as a share.
func tenSeconds(psi, line string) (float64, bool) {
	for l := range strings.Lines(psi) {
		if rest, ok := strings.CutPrefix(l, line+" avg10="); ok {
			number, _, _ := strings.Cut(rest, " ")
			percent, err := strconv.ParseFloat(number, 64)
			return percent / 100, err == nil
		}
	}
	return 0, false
}

// after is the number behind a name at the beginning of a line.
func after(text, name string) float64 {
	for l := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(l, name); ok {
			n, _ := strconv.ParseFloat(strings.TrimSpace(rest), 64)
			return n
		}
	}
	return 0
}

func existing(path string) string {
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

func contentOf(path string) string {
	if path == "" {
		return ""
	}
	b, _ := os.ReadFile(path) // what cannot be read says nothing
	return string(b)
}
