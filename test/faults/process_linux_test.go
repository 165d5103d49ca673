//go:build faults

package faults

import "syscall"

// endsWithTest ends the agent when the test's process is killed.
func endsWithTest() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
