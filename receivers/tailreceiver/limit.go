package tailreceiver

import (
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
)

// What becomes of records over the rate limit.
const (
	overWait   = "wait"
	overSample = "sample"
)

// RateLimitConfig limits how fast each file is read.
type RateLimitConfig struct {
	// BytesPerSecond of a file that are given on. Zero is no limit. Only one of the
	// two limits may be set.
	BytesPerSecond float64 `mapstructure:"bytes_per_second"`
	// RecordsPerSecond of a file that are given on. Zero is no limit.
	RecordsPerSecond float64 `mapstructure:"records_per_second"`
	// Burst is how many bytes or records may be given on at once after a rest. Zero is
	// what the limit allows in a second.
	Burst float64 `mapstructure:"burst"`
	// Over says what becomes of what is over the limit: wait (it is read later) or
	// sample (an even sample is given on, the rest is dropped and counted).
	Over string `mapstructure:"over"`
}

func (c *RateLimitConfig) rate() float64 { return max(c.BytesPerSecond, c.RecordsPerSecond) }

func (c *RateLimitConfig) validate() error {
	switch {
	case c.BytesPerSecond < 0, c.RecordsPerSecond < 0, c.Burst < 0:
		return errors.New("rate_limit: limits and burst must not be negative")
	case c.BytesPerSecond > 0 && c.RecordsPerSecond > 0:
		return errors.New("rate_limit: set bytes_per_second or records_per_second, not both")
	case c.Over != overWait && c.Over != overSample:
		return fmt.Errorf("rate_limit::over: %q must be wait or sample", c.Over)
	}
	return nil
}

// allowance is a token bucket: what a file may give on at once.
type allowance struct {
	tokens float64
	filled time.Time
}

// fill adds what has come since the last time, up to the burst.
func (a *allowance) fill(c *RateLimitConfig, now time.Time) {
	burst := c.Burst
	if burst == 0 {
		burst = c.rate()
	}
	if a.filled.IsZero() {
		a.tokens = burst
	} else {
		a.tokens = min(burst, a.tokens+c.rate()*now.Sub(a.filled).Seconds())
	}
	a.filled = now
}

// take uses up what a batch costs. It returns how long the next one must wait.
func (a *allowance) take(c *RateLimitConfig, bytes int64, records int) time.Duration {
	if c.BytesPerSecond > 0 {
		a.tokens -= float64(bytes)
	} else {
		a.tokens -= float64(records)
	}
	if a.tokens >= 0 {
		return 0
	}
	return time.Duration(-a.tokens / c.rate() * float64(time.Second))
}

// share is how much of a batch the limit allows, which is used up.
func (a *allowance) share(c *RateLimitConfig, b *batch) float64 {
	cost := float64(b.records)
	if c.BytesPerSecond > 0 {
		cost = float64(b.consumed)
	}
	share := min(max(a.tokens, 0)/max(cost, 1), 1)
	a.tokens -= cost * share
	return share
}

// thin keeps an even share of a batch, and returns how many records it dropped.
// The same batch is always thinned in the same way.
func thin(b *batch, share float64) int {
	kept, seen := 0, 0
	for _, rl := range b.logs.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			sl.LogRecords().RemoveIf(func(plog.LogRecord) bool {
				seen++
				if float64(kept+1) > share*float64(seen) {
					return true
				}
				kept++
				return false
			})
		}
	}
	b.records = kept
	return seen - kept
}
