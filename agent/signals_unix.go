//go:build unix

package agent

import (
	"os"
	"syscall"
)

// handled are the signals that the agent acts on.
var handled = []os.Signal{syscall.SIGHUP, syscall.SIGTERM, os.Interrupt}

func isHangup(s os.Signal) bool { return s == syscall.SIGHUP }
