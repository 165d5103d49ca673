//go:build faults && !linux

package faults

import "syscall"

func endsWithTest() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }
