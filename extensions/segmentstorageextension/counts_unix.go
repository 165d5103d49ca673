//go:build linux || darwin || freebsd || netbsd || openbsd

package segmentstorageextension

import (
	"os"
	"syscall"
)

// mapFile maps the beginning of a file into memory, so that what is written there is
// in the file even if the process is killed.
func mapFile(f *os.File, size int) ([]byte, error) {
	return syscall.Mmap(int(f.Fd()), 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
}

func unmapFile(b []byte) error { return syscall.Munmap(b) }
