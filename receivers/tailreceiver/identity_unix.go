//go:build unix

package tailreceiver

import (
	"os"
	"syscall"
)

// statOf extracts what tells one file from another and how many names it has.
func statOf(fi os.FileInfo) (id fileID, links uint64) {
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		return fileID{dev: uint64(st.Dev), ino: st.Ino}, uint64(st.Nlink)
	}
	return fileID{}, 1
}
