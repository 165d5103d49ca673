package loadsheddingextension

import (
	"errors"
	"fmt"
	"time"

	"github.com/tidewatch/tidewatch/internal/pressure"
)

// Config of the extension.
type Config struct {
	// Interval is the time between two readings.
	Interval time.Duration `mapstructure:"interval"`
	// CPU says when processor time is short. Its reading is the share of the periods of the
	// cgroup's quota in which the agent was held back, if the agent itself uses at least
	// half of the quota. Without a quota there is no reading.
	CPU CPUConfig `mapstructure:"cpu"`
	// Memory says when memory is short. Its reading is what was in use after the last
	// garbage collection, as a share of the limit, or five times the share of the last 10
	// seconds in which all of the agent's cgroup stood still waiting for memory, if that is
	// more.
	Memory MemoryConfig `mapstructure:"memory"`
}

// Limits of one resource.
type Limits struct {
	// High is the reading, from 0 to 1, from which on a step is taken.
	High float64 `mapstructure:"high"`
	// Low is the reading up to which a step is taken back.
	Low float64 `mapstructure:"low"`
	// Up is how long the reading must be high for each step.
	Up time.Duration `mapstructure:"up"`
	// Down is how long the reading must be low for each step back. It doubles, up to
	// sixteenfold, while steps have to be taken again soon.
	Down time.Duration `mapstructure:"down"`
	// Most is the last step: normal (none), sample_debug, drop_exemplars, coarse_patterns or
	// pause_receivers.
	Most string `mapstructure:"most"`
}

// CPUConfig is of processor time.
type CPUConfig struct {
	Limits `mapstructure:",squash"`
	// HostPressure reads, where there is no quota, how much of the last 10 seconds
	// something on the host waited for a processor, if the agent itself uses at least half of
	// all processors. On a host that is always busy this sheds for others.
	HostPressure bool `mapstructure:"host_pressure"`
}

// MemoryConfig is of memory.
type MemoryConfig struct {
	Limits `mapstructure:",squash"`
	// LimitMiB is what the agent may use, best that of memory_limiter. GOMEMLIMIT is the
	// limit where it is less. Zero: GOMEMLIMIT alone.
	LimitMiB int64 `mapstructure:"limit_mib"`
}

func createDefaultConfig() *Config {
	return &Config{
		Interval: time.Second, // five readings before the first step; one costs some ten microseconds
		CPU: CPUConfig{Limits: Limits{
			High: 0.5,             // held back in half of all periods: it works at half the speed it could
			Low:  0.1,             // a quota that is used well is met now and then
			Up:   time.Minute,     // catching up after a start is over by then, or will take long
			Down: 2 * time.Minute, // as long as two steps up
			// A pause saves no work, it only puts it off; here memory is not in danger.
			Most: pressure.CoarsePatterns.String(),
		}},
		Memory: MemoryConfig{Limits: Limits{
			High: 0.6,             // with the garbage on top memory_limiter, at 0.8, is about to refuse
			Low:  0.45,            // some collections below that
			Up:   5 * time.Second, // memory fills within seconds
			Down: time.Minute,     // so that the queues have drained
			Most: pressure.PauseReceivers.String(),
		}},
	}
}

// Validate names the key and the fix.
func (c *Config) Validate() error {
	errs := []error{c.CPU.validate("cpu"), c.Memory.validate("memory")}
	if c.Interval < 100*time.Millisecond {
		errs = append(errs, errors.New("interval must be at least 100ms, for example 1s"))
	}
	if c.Memory.LimitMiB < 0 {
		errs = append(errs, errors.New("memory::limit_mib must not be negative; 0 takes GOMEMLIMIT"))
	}
	return errors.Join(errs...)
}

func (l *Limits) validate(of string) error {
	var errs []error
	if l.High <= 0 || l.High > 1 {
		errs = append(errs, fmt.Errorf("%s::high must be above 0 and at most 1", of))
	}
	if l.Low < 0 || l.Low >= l.High {
		errs = append(errs, fmt.Errorf("%s::low must be at least 0 and less than %s::high", of, of))
	}
	if l.Up <= 0 || l.Down <= 0 {
		errs = append(errs, fmt.Errorf("%s::up and %s::down must be positive, for example 1m", of, of))
	}
	if _, ok := pressure.ParseLevel(l.Most); !ok {
		errs = append(errs, fmt.Errorf("%s::most must be normal, sample_debug, drop_exemplars, coarse_patterns or pause_receivers", of))
	}
	return errors.Join(errs...)
}

func (l *Limits) ladder() *pressure.Ladder {
	most, _ := pressure.ParseLevel(l.Most) // Validate has read it
	return pressure.NewLadder(pressure.Limits{High: l.High, Low: l.Low, Up: l.Up, Down: l.Down, Most: most})
}
