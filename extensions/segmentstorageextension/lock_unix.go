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
	if err := lockFile(f, dir); err != nil {
		return nil, err
	}
	if err := f.Truncate(0); err == nil {
		_, _ = fmt.Fprintln(f, os.Getpid()) // for the message of lockFile only
	}
	return f, nil
}

// lockAbandoned does the same where nothing may be written, such as on a disk of a
// host that is gone. A directory without the file was never one of an agent.
func lockAbandoned(dir string) (io.Closer, error) {
	f, err := os.Open(filepath.Join(dir, lockName))
	if errors.Is(err, os.ErrNotExist) {
		return io.NopCloser(nil), nil
	}
	if err != nil {
		return nil, fmt.Errorf("directory: %w", err)
	}
	return f, lockFile(f, dir)
}

// lockFile locks an open file, or closes it.
func lockFile(f *os.File, dir string) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return nil
	}
	owner, _ := io.ReadAll(io.LimitReader(f, 32))
	f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return fmt.Errorf("directory: %s is in use by another agent (process %s): stop that one, or give this one a directory of its own", dir, strings.TrimSpace(string(owner)))
	}
	return fmt.Errorf("directory: lock %s: %w", f.Name(), err)
}
