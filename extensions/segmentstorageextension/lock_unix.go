//go:build unix

package segmentstorageextension

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

const lockName = "LOCK"

// lockDirectory keeps other agents out until the file is closed, or the process ends.
func lockDirectory(dir string) (io.Closer, error) {
	path := filepath.Join(dir, lockName)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("directory: %w; the agent must be able to write there", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		owner, _ := io.ReadAll(io.LimitReader(f, 32))
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("directory: %s is in use by another agent (process %s): stop that one, or give this one a directory of its own", dir, strings.TrimSpace(string(owner)))
		}
		return nil, fmt.Errorf("directory: lock %s: %w", path, err)
	}
	if err := f.Truncate(0); err == nil {
		_, _ = fmt.Fprintln(f, os.Getpid()) // for the message above only
	}
	return f, nil
}
