//go:build !unix

package agent

import "os"

// handled are the signals that the agent acts on; there is no hangup here.
var handled = []os.Signal{os.Interrupt}

func isHangup(os.Signal) bool { return false }
