//go:build faults

package faults

import (
	"errors"
	"os"
	"time"
)

// accesses are files that the agent may not read for a while.
var accesses = []scenario{
	{name: "file_unreadable_for_a_while", run: func(w *world) {
		unreadable(w, func(log *logFile, allowed bool) error { return os.Chmod(log.path, mode(allowed, 0o644)) })
	}},
	{name: "folder_unreadable_for_a_while", run: func(w *world) {
		unreadable(w, func(_ *logFile, allowed bool) error { return os.Chmod(w.path("logs"), mode(allowed, 0o755)) })
	}},
}

func mode(allowed bool, m os.FileMode) os.FileMode {
	if allowed {
		return m
	}
	return 0
}

// nobody is a user without rights, because none is ever refused to root.
const nobody = 65534

func unreadable(w *world, permit func(log *logFile, allowed bool) error) {
	if os.Geteuid() == 0 {
		w.agent.user = nobody
	}
	w.agent.include = []string{"logs/*.log"}
	log := w.create(plainLine, "logs", "app.log")
	other := w.create(jsonLine, "logs", "other.log")
	log.write(300)
	w.must(permit(log, false))
	w.agent.start()
	w.agent.ready()
	w.rest(2 * time.Second)
	log.write(300)
	w.must(permit(log, true))
	w.arrived()
	// Once more, with a file of which something was read, over a restart.
	w.must(permit(log, false))
	w.rest(time.Second)
	w.agent.stop()
	w.agent.start()
	log.write(300)
	w.rest(2 * time.Second)
	w.must(permit(log, true))
	other.write(100)
	w.arrived()
}

// ignore returns err unless it is the expected one.
func ignore(err, expected error) error {
	if errors.Is(err, expected) {
		return nil
	}
	return err
}
