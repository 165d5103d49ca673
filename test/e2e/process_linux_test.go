//go:build e2e

package e2e

import "syscall"

// diesWithTest ends the agent when the test's process is killed.
func diesWithTest() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
