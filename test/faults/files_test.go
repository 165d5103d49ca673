//go:build faults

package faults

import (
	"compress/gzip"
	"io"
	"os"
	"syscall"
)

// copyFile makes or replaces a file that holds what another one holds.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}

// gzipFile does what gzip does: it writes beside the file, then removes it.
func gzipFile(path string) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(path + ".gz")
	if err != nil {
		return err
	}
	defer out.Close()
	z, err := gzip.NewWriterLevel(out, gzip.BestSpeed)
	if err != nil {
		return err
	}
	if _, err := io.Copy(z, in); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return os.Remove(path)
}

// identity returns the device and inode of a file.
func identity(w *world, path string) (device, inode uint64) {
	w.t.Helper()
	var st syscall.Stat_t
	w.must(syscall.Stat(path, &st))
	return uint64(st.Dev), st.Ino
}
