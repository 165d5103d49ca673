//go:build faults

package faults

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/delivery"
)

// finding is what the doctor says of the running agent.
type finding struct {
	Ledger   delivery.Ledger
	Problems []string
}

// doctor asks the running agent as a person would.
func (a *agent) doctor() finding {
	a.w.t.Helper()
	cmd := exec.Command(binary, "doctor", "--json", "--wait", "300ms", "--telemetry-url", fmt.Sprintf("http://127.0.0.1:%d/metrics", a.telemetry))
	out, err := cmd.Output() // an exit code of 1 says that there are problems
	var f finding
	require.NoError(a.w.t, json.Unmarshal(out, &f), "the doctor said %q: %v", out, err)
	return f
}

// says reports whether one of the problems contains the words.
func (f *finding) says(words string) bool {
	for _, p := range f.Problems {
		if strings.Contains(p, words) {
			return true
		}
	}
	return false
}

// queue returns the one exporter that has a queue on disk.
func (f *finding) queue() (delivery.Exporter, bool) {
	for _, e := range f.Ledger.Exporters {
		if e.Durable {
			return e, true
		}
	}
	return delivery.Exporter{}, false
}

// balance waits until the queue is empty and checks the delivery ledger of this life
// of the agent: no record is without an account, and what the source handed on is
// what the queue accepted or gave up. It notes what was given up.
func (w *world) balance() delivery.Exporter {
	w.t.Helper()
	if !w.agent.elasticsearch {
		return delivery.Exporter{} // without a queue each call is delivered or refused
	}
	deadline := time.Now().Add(30 * time.Second)
	for {
		f := w.agent.doctor()
		e, ok := f.queue()
		if ok && e.Queued == 0 && e.QueueSize == 0 && e.Unaccounted == 0 {
			w.given[w.agent.cmd.Process.Pid] = int(e.DroppedTotal())
			read := 0.0
			for _, s := range f.Ledger.Sources {
				read += s.Read
			}
			require.InDelta(w.t, read, e.Accepted, 0, "what the source handed on and what the queue accepted")
			return e
		}
		require.True(w.t, w.agent.running(), "the agent has ended by itself")
		require.True(w.t, time.Now().Before(deadline), "the delivery ledger does not balance: %+v", e)
	}
}

// givenUp is what the delivery ledgers of all lives of the agent name as dropped.
func (w *world) givenUp() int {
	sum := 0
	for _, n := range w.given {
		sum += n
	}
	return sum
}

// queued waits until the ledger says that n records wait, and more do not come.
func (w *world) queued(n int) {
	w.t.Helper()
	for deadline := time.Now().Add(w.patience); w.agent.own("tidewatch_queue_items") < n; w.rest(20 * time.Millisecond) {
		require.True(w.t, w.agent.running(), "the agent has ended by itself")
		require.True(w.t, time.Now().Before(deadline), "%d records wait, not %d", w.agent.own("tidewatch_queue_items"), n)
	}
}

// until waits for something that has to become true.
func (w *world) until(what string, is func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(w.patience); !is(); w.rest(50 * time.Millisecond) {
		require.True(w.t, w.agent.running(), "the agent has ended by itself")
		require.True(w.t, time.Now().Before(deadline), "in vain: %s", what)
	}
}
