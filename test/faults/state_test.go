//go:build faults

package faults

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// states are what happens to the folder where the agent keeps its checkpoints.
var states = []scenario{
	{name: "checkpoints_cut", goal: goal{destroyed: true}, run: func(w *world) { damaged(w, cut) }},
	{name: "checkpoints_garbage", goal: goal{destroyed: true}, run: func(w *world) { damaged(w, garbage) }},
	{name: "checkpoints_deleted", goal: goal{destroyed: true}, run: func(w *world) { damaged(w, func(*world, []byte) []byte { return nil }) }},
	{name: "disk_of_checkpoints_full", run: diskFull},
	{name: "disk_too_small_at_start", goal: goal{destroyed: true}, run: diskTooSmall},
}

func cut(w *world, b []byte) []byte { return b[:w.rng.IntN(len(b))] }

// garbage overwrites some part of a file, which is seldom the same twice.
func garbage(w *world, b []byte) []byte {
	from := w.rng.IntN(len(b))
	for i := from; i < min(len(b), from+1+w.rng.IntN(8192)); i++ {
		b[i] = byte(w.rng.Uint32())
	}
	return b
}

// damaged hurts the files of the state while the agent is down. It has to start
// and to read on, if from the beginning.
func damaged(w *world, hurt func(*world, []byte) []byte) {
	w.agent.include = []string{"logs/*.log"}
	var logs []*logFile
	for i := range 4 {
		logs = append(logs, w.create(plainLine, "logs", fmt.Sprintf("app%d.log", i)))
	}
	w.agent.start()
	refused := 0
	for round := range w.pick(3, 20) {
		for _, log := range logs {
			log.write(300)
		}
		w.arrived()
		if round%2 == 0 {
			w.agent.stop()
		} else {
			w.agent.kill()
		}
		hurtFiles(w, hurt)
		w.agent.start()
		w.rest(500 * time.Millisecond)
		if !w.agent.running() { // a person would move the state away; it counts as missed
			refused++
			w.must(os.RemoveAll(w.agent.stateDir))
			w.agent.start()
		}
	}
	if refused > 0 {
		w.t.Errorf("the agent did not start %d times", refused)
		w.note("%d times it did not start", refused)
	}
}

func hurtFiles(w *world, hurt func(*world, []byte) []byte) {
	w.must(filepath.WalkDir(w.agent.stateDir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil || len(b) == 0 {
			return err
		}
		return os.WriteFile(path, hurt(w, b), 0o600)
	}))
}

// smallDisk puts the state on a disk of 2 MB.
func smallDisk(w *world) (mount string) {
	mount = w.path("small")
	w.must(os.MkdirAll(mount, 0o755))
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", mount).CombinedOutput(); err != nil {
		w.skip("a small file system cannot be mounted: %s", out)
	}
	w.t.Cleanup(func() {
		w.agent.kill()
		_ = syscall.Unmount(mount, 0) // else the folder cannot be removed, which fails the test
	})
	w.agent.stateDir = filepath.Join(mount, "state")
	w.agent.include = []string{"logs/*.log"}
	return mount
}

// diskTooSmall has less room than min_free_bytes from the first start on: no
// checkpoint can be kept, and still every line is read.
func diskTooSmall(w *world) {
	smallDisk(w)
	log := w.create(plainLine, "logs", "app.log")
	log.write(500)
	w.agent.start()
	w.arrived()
	log.write(500)
	w.arrived()
}

// diskFull leaves no byte for checkpoints while lines are read, then makes room.
func diskFull(w *world) {
	mount := smallDisk(w)
	w.agent.storage = ", min_free_bytes: 0"
	log := w.create(plainLine, "logs", "app.log")
	log.write(1000)
	w.agent.start()
	w.arrived()
	filler := filepath.Join(mount, "filler")
	fill(w, filler)
	for i := range w.pick(3, 10) {
		log.write(2000)
		other := w.create(jsonLine, "logs", fmt.Sprintf("new%d.log", i))
		other.write(500)
		other.close()
		w.arrived()
		fill(w, filler)
	}
	w.must(os.Remove(filler))
	log.write(1000)
	w.arrived()
}

// fill writes to a file until its disk is full.
func fill(w *world, path string) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	w.must(err)
	defer f.Close()
	for block := make([]byte, 4096); err == nil; {
		_, err = f.Write(block)
	}
	w.must(ignore(err, syscall.ENOSPC))
}
