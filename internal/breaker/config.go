package breaker

import (
	"errors"
	"time"
)

// Config of a circuit, the key circuit_breaker of exporters.
type Config struct {
	// Failures is how many requests in a row must fail, by no answer, half an answer or
	// an answer of 5xx, before the circuit opens. 0 means that it never opens.
	Failures int `mapstructure:"failures"`
	// MinWait is how long an open circuit lets nothing pass before one request may try
	// again; each that fails doubles it. Half of each wait is random.
	MinWait time.Duration `mapstructure:"min_wait"`
	// MaxWait bounds the wait.
	MaxWait time.Duration `mapstructure:"max_wait"`
}

// DefaultConfig is what exporters begin with.
func DefaultConfig() Config {
	return Config{
		Failures: 5,                // a rolling restart of a server costs two or three
		MinWait:  time.Second,      // a proxy that reloads is back in less
		MaxWait:  30 * time.Second, // the longest wait of retry_on_failure, below the minute after which readiness calls an exporter stalled
	}
}

// Validate names the key and the fix.
func (c *Config) Validate() error {
	if c.Failures < 0 {
		return errors.New("failures must not be negative; 0 turns the circuit breaker off")
	}
	if c.MinWait <= 0 {
		return errors.New("min_wait must be positive, for example 1s")
	}
	if c.MaxWait < c.MinWait {
		return errors.New("max_wait must not be shorter than min_wait")
	}
	return nil
}

// LimitConfig of a rate limit, the key rate_limit of exporters. The zero value limits
// nothing.
type LimitConfig struct {
	// BytesPerSecond of bodies as they are sent, compressed. 0 means no limit.
	BytesPerSecond int `mapstructure:"bytes_per_second"`
	// BurstBytes may be sent at once after a pause. 0 means those of one second.
	BurstBytes int `mapstructure:"burst_bytes"`
	// RequestsPerSecond that are sent, retries too. 0 means no limit.
	RequestsPerSecond float64 `mapstructure:"requests_per_second"`
	// BurstRequests may be sent at once after a pause. 0 means those of one second,
	// at least one.
	BurstRequests int `mapstructure:"burst_requests"`
}

// Validate names the key and the fix.
func (c *LimitConfig) Validate() error {
	if c.BytesPerSecond < 0 || c.BurstBytes < 0 || c.RequestsPerSecond < 0 || c.BurstRequests < 0 {
		return errors.New("bytes_per_second, burst_bytes, requests_per_second and burst_requests must not be negative; 0 means no limit")
	}
	if c.BurstBytes > 0 && c.BytesPerSecond == 0 || c.BurstRequests > 0 && c.RequestsPerSecond == 0 {
		return errors.New("burst_bytes needs bytes_per_second, and burst_requests needs requests_per_second")
	}
	return nil
}
