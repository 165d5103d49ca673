package main

import (
	"sync/atomic"
	"time"
)

// clock is the time of the load: how much of it has been made. It stands still while the
// generator cannot go on, and what the sinks do follows it.
type clock struct {
	at   atomic.Int64
	over atomic.Bool
}

func (c *clock) set(at time.Duration) { c.at.Store(int64(at)) }

func (c *clock) now() time.Duration { return time.Duration(c.at.Load()) }

// end says that the load is over: from now on all is well.
func (c *clock) end() { c.over.Store(true) }

func (c *clock) ended() bool { return c.over.Load() }
