//go:build faults

package faults

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/stretchr/testify/require"
)

// disks are what happens to the disk of the queue.
var disks = []scenario{
	{name: "disk_of_queue_full", run: func(w *world) { fullDisk(w, 0) }},
	{name: "disk_of_queue_nearly_full", run: func(w *world) { fullDisk(w, 4<<20) }},
	{name: "directory_read_only_at_start", run: readOnlyAtStart},
	{name: "directory_read_only_while_running", run: readOnlyWhileRunning},
}

// fullDisk fills the disk of the queue with another file, wholly or up to what the
// agent has to leave free, and makes room again later.
func fullDisk(w *world, minFree int64) {
	const size = 8 << 20
	mount := mountSmall(w, size)
	w.agent.stateDir = filepath.Join(mount, "state")
	log := queueing(w, smallFiles, "max_bytes: 67108864", fmt.Sprintf("min_free_bytes: %d", minFree))
	w.agent.start()
	w.agent.ready()
	log.write(1000)
	w.arrived()
	w.sink.trouble(answers(http.StatusServiceUnavailable))
	filler := filepath.Join(mount, "filler")
	if minFree == 0 {
		fill(w, filler)
	} else {
		w.must(os.WriteFile(filler, make([]byte, size-minFree), 0o600))
	}
	log.write(20_000)
	failing := func() bool { return w.agent.own("tidewatch_segment_storage_failing") > 0 }
	w.until("the agent says that the disk takes nothing", failing)
	f := w.agent.doctor()
	require.True(w.t, f.says("The disk takes nothing"), "the doctor does not say it: %q", f.Problems)
	if minFree == 0 {
		fill(w, filler)
	}
	w.rest(time.Duration(w.pick(3, 30)) * time.Second)
	require.True(w.t, w.agent.running(), "the agent has ended by itself")
	w.must(os.Remove(filler))
	w.sink.trouble(nil)
	w.arrived()
	w.until("the agent says that all is well again", func() bool { return !failing() })
}

// mountSmall mounts a file system of so many bytes, or skips the scenario.
func mountSmall(w *world, size int) string {
	mount := w.path("small")
	w.must(os.MkdirAll(mount, 0o755))
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%d", size), "tmpfs", mount).CombinedOutput(); err != nil {
		w.skip("a small file system cannot be mounted: %s", out)
	}
	w.t.Cleanup(func() {
		w.agent.kill()
		_ = syscall.Unmount(mount, 0) // else the folder cannot be removed, which fails the test
	})
	return mount
}

// unprivileged runs the agent as a user to whom permissions mean something.
func unprivileged(w *world) {
	if os.Geteuid() == 0 {
		w.agent.user = nobody
	}
}

// readOnlyAtStart lets the agent start where it must not write, first its storage,
// then its whole state.
func readOnlyAtStart(w *world) {
	log := queueing(w)
	log.write(500)
	unprivileged(w)
	storage := filepath.Join(w.agent.stateDir, "storage")
	w.must(os.MkdirAll(storage, 0o755))
	refuses := func(words string) {
		w.agent.start()
		select {
		case err := <-w.agent.exited:
			require.Error(w.t, err, "the agent ends without an error")
			w.agent.cmd = nil
		case <-time.After(20 * time.Second):
			w.t.Fatal("the agent runs where it cannot write")
		}
		require.Contains(w.t, w.agent.logEnd(), words)
	}
	w.must(os.Chmod(storage, 0o555))
	refuses("the agent must be able to write there")
	w.must(os.Chmod(w.agent.stateDir, 0o555))
	refuses("state directory " + w.agent.stateDir + " cannot be used")
	w.must(os.Chmod(w.agent.stateDir, 0o755))
	w.must(os.Chmod(storage, 0o755))
	w.must(w.own(storage))
	w.agent.start()
	w.agent.ready()
	w.arrived()
}

// own gives a folder to the user of the agent.
func (w *world) own(dir string) error {
	if w.agent.user == 0 {
		return nil
	}
	return os.Chown(dir, int(w.agent.user), int(w.agent.user))
}

// readOnlyWhileRunning takes the right to make files away from a running agent.
func readOnlyWhileRunning(w *world) {
	log := queueing(w, smallFiles, "max_bytes: 67108864")
	unprivileged(w)
	w.agent.start()
	w.agent.ready()
	log.write(1000)
	w.arrived()
	queue := filepath.Join(w.agent.stateDir, "storage", "exporter_elasticsearch_logs")
	w.must(os.Chmod(queue, 0o555))
	w.sink.trouble(answers(http.StatusServiceUnavailable))
	log.write(10_000)
	failing := func() bool { return w.agent.own("tidewatch_segment_storage_failing") > 0 }
	w.until("the agent says that the disk takes nothing", failing)
	f := w.agent.doctor()
	require.True(w.t, f.says("The disk takes nothing"), "the doctor does not say it: %q", f.Problems)
	w.rest(time.Duration(w.pick(2, 10)) * time.Second)
	require.True(w.t, w.agent.running(), "the agent has ended by itself")
	w.must(os.Chmod(queue, 0o700))
	w.sink.trouble(nil)
	w.arrived()
	w.until("the agent says that all is well again", func() bool { return !failing() })
}
