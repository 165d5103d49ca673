//go:build unix

package tailreceiver

import (
	"os"
	"syscall"
)

// statOf extracts what tells one file from another.
func statOf(fi os.FileInfo) fileID {
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		return fileID{dev: uint64(st.Dev), ino: st.Ino}
	}
	return fileID{}
}

// deleted reports whether no name leads to an open file any more.
func deleted(fi os.FileInfo) bool {
	st, ok := fi.Sys().(*syscall.Stat_t)
	return ok && st.Nlink == 0
}
