//go:build !linux

package agent

// unmapStart does something on Linux only.
func unmapStart() {}
