//go:build unix

package listening

import (
	"os"
	"syscall"
)

// owner is the user of a process, by its folder in /proc.
func owner(process string) (uint64, bool) {
	info, err := os.Stat(process)
	if err != nil {
		return 0, false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return uint64(stat.Uid), true
}
