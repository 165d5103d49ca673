// Package freeport finds ports for servers of tests, which have to be in a configuration
// before they listen.
package freeport

import (
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
)

// The kernel takes the ports of outgoing connections from 32768 on: one that was just
// free there may be gone a moment later.
const first, beyond = 20_000, 32_000

var (
	mu    sync.Mutex // guards given
	given = map[int]bool{}
)

// Port returns a port of 127.0.0.1 on which nobody listens, and which this process has
// not been given before. It may be called from several goroutines.
func Port() int {
	mu.Lock()
	defer mu.Unlock()
	for {
		port := first + rand.IntN(beyond-first)
		if given[port] {
			continue
		}
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			continue
		}
		_ = l.Close() // only looked whether it is free
		given[port] = true
		return port
	}
}

// Address returns 127.0.0.1 with such a port.
func Address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(Port())) }
