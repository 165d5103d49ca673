package agent

import (
	"fmt"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// supervisor is the service manager that started the agent and wants to know how it is,
// by systemd's notify protocol (sd_notify(3)). Without one its methods do nothing.
type supervisor struct {
	// alive is when to say that the agent still runs; nil where nobody asks.
	alive *time.Ticker
}

// findSupervisor reads NOTIFY_SOCKET and WATCHDOG_USEC; close ends what it began.
func findSupervisor() (supervisor, error) {
	every, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		return supervisor{}, fmt.Errorf("read WATCHDOG_USEC: %w; unset it, or start the agent by its unit", err)
	}
	if every == 0 {
		return supervisor{}, nil
	}
	return supervisor{alive: time.NewTicker(every / 2)}, nil // half, as sd_watchdog_enabled(3) asks
}

func (s supervisor) close() {
	if s.alive != nil {
		s.alive.Stop()
	}
}

// due is when to call beat.
func (s supervisor) due() <-chan time.Time {
	if s.alive == nil {
		return nil
	}
	return s.alive.C
}

func (s supervisor) beat()               { s.say(daemon.SdNotifyWatchdog) }
func (s supervisor) ready(status string) { s.say(daemon.SdNotifyReady + "\nSTATUS=" + status) }
func (s supervisor) stopping()           { s.say(daemon.SdNotifyStopping + "\nSTATUS=Delivering what was read.") }

func (s supervisor) stays(problem string) {
	s.ready("The new configuration is not good, the old one runs: " + problem)
}

func (s supervisor) reloading() {
	s.say(daemon.SdNotifyReloading + "\n" + daemon.SdNotifyMonotonicUsec() + "STATUS=Reading the configuration again.")
}

// say does not fail: who cannot hear will restart the agent, which is then right.
func (supervisor) say(state string) { _, _ = daemon.SdNotify(false, state) }
