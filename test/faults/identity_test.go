//go:build faults

package faults

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"time"
)

// identities are what makes one file look like another, or like itself no more.
var identities = []scenario{
	{name: "inode_reused", run: func(w *world) { inodeReused(w, "") }},
	{name: "inode_reused_same_4KB", run: func(w *world) { inodeReused(w, banner) }},
	{name: "same_first_4KB", run: sameBeginning},
	{name: "edited_in_the_middle", run: editedInTheMiddle},
	{name: "edited_first_line_while_down", run: editedWhileDown},
	{name: "rewritten_longer", run: rewritten},
	{name: "replaced_by_a_longer_copy", run: replaced},
	{name: "symlink_switched", run: symlinkSwitched},
	{name: "symlink_target_rotated", run: targetRotated},
	{name: "directory_moved", run: directoryMoved},
	{name: "moved_to_another_file_system", run: movedAcross},
	{name: "deleted_while_open", run: deletedWhileOpen},
}

// banner is more than 4 KB that files of one program begin with.
var banner = strings.Repeat("2026-03-09T08:00:00.000000Z INFO starting com.acme.orders.OrderService with the configuration of all others\n", 50)

// inodeReused deletes a file that was read and makes another with its inode, by
// turns while the agent reads and while it is down.
func inodeReused(w *world, head string) {
	w.agent.include = []string{"logs/*.log"}
	w.agent.tail = append(w.agent.tail, "rotate_wait: 500ms")
	w.agent.start()
	w.agent.ready()
	repeated := 0
	for round := range w.pick(4, 12) {
		down := round%2 == 1
		log := w.create(plainLine, "logs", "app.log")
		log.raw([]byte(head))
		log.write(300)
		w.arrived()
		log.close()
		_, inode := identity(w, log.path)
		if down {
			w.agent.stop()
		}
		w.must(os.Remove(log.path))
		if makeWithInode(w, log.path, inode) {
			repeated++
		}
		log.open()
		log.raw([]byte(head))
		log.write(300 + round)
		if down {
			w.agent.start()
		}
		w.arrived()
		log.close()
		w.must(os.Remove(log.path))
	}
	if repeated == 0 {
		w.skip("this file system gave no inode twice")
	}
	w.note("%d inodes reused", repeated)
}

// makeWithInode creates files until one has the inode, which may take until the
// agent closes the deleted one. They are in the same folder, because a file
// system keeps numbers for each, with names that the agent does not look for.
func makeWithInode(w *world, path string, inode uint64) bool {
	var spares []string
	remove := func() {
		for _, spare := range spares {
			w.must(os.Remove(spare))
		}
		spares = nil
	}
	defer remove()
	for try := range 300 {
		spare := fmt.Sprintf("%s.spare%d", path, try)
		w.must(os.WriteFile(spare, nil, 0o644))
		if _, got := identity(w, spare); got == inode {
			w.must(os.Rename(spare, path))
			return true
		}
		spares = append(spares, spare)
		if try%10 == 9 { // the number may be free by now, but given to whoever asks next
			w.rest(100 * time.Millisecond)
		}
		if try%50 == 49 {
			remove()
		}
	}
	return false
}

// sameBeginning writes files that differ only behind their first 4 KB: some at
// once, one later, one while the agent is down.
func sameBeginning(w *world) {
	w.agent.include = []string{"logs/*.log"}
	var logs []*logFile
	add := func() {
		log := w.create(plainLine, "logs", fmt.Sprintf("app%d.log", len(logs)))
		log.raw([]byte(banner))
		log.write(200)
		logs = append(logs, log)
	}
	add()
	add()
	add()
	w.agent.start()
	w.arrived()
	add()
	w.arrived()
	w.agent.stop()
	add()
	logs[1].write(50)
	w.agent.start()
	w.arrived()
	for _, log := range logs {
		log.write(50)
	}
	w.arrived()
}

// flip changes one byte of a file in place: the n-th one, which is no mark.
func flip(w *world, path string, n int64) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	w.must(err)
	defer f.Close()
	_, err = f.WriteAt([]byte{'#'}, n)
	w.must(err)
}

// editedInTheMiddle changes what was read already, then more is written.
func editedInTheMiddle(w *world) {
	w.agent.include = []string{"logs/*.log"}
	log := w.create(plainLine, "logs", "app.log")
	log.write(500)
	w.agent.start()
	for range 3 {
		w.arrived()
		b, err := os.ReadFile(log.path)
		w.must(err)
		flip(w, log.path, int64(len(b)/2+bytes.Index(b[len(b)/2:], []byte("com."))))
		log.write(100)
	}
}

// editedWhileDown changes the first line, as somebody does who hides a password:
// inode and the bytes before the position still say which file it is.
func editedWhileDown(w *world) {
	w.agent.include = []string{"logs/*.log"}
	log := w.create(plainLine, "logs", "app.log")
	log.write(500)
	w.agent.start()
	w.arrived()
	w.agent.stop()
	flip(w, log.path, 40)
	log.write(100)
	w.agent.start()
	w.arrived()
}

// rewritten replaces the content by other, longer content, in place.
func rewritten(w *world) {
	w.agent.include = []string{"logs/*.log"}
	log := w.create(plainLine, "logs", "app.log")
	log.write(200)
	w.agent.start()
	for round := range 4 {
		w.arrived()
		if round == 2 {
			w.agent.stop()
		}
		w.must(os.Truncate(log.path, 0))
		log.write(300 + 100*round)
		if round == 2 {
			w.agent.start()
		}
	}
}

// replaced renames a copy with more lines over the file, as rsync does: each time
// it is another inode.
func replaced(w *world) {
	w.agent.include = []string{"logs/*.log"}
	log := w.create(plainLine, "logs", "app.log")
	log.write(300)
	w.agent.start()
	for round := range 4 {
		w.arrived()
		if round == 3 {
			w.agent.stop()
		}
		w.must(copyFile(log.path, w.path("copy")))
		w.must(os.Rename(w.path("copy"), w.path("copy.ready")))
		moved := w.create(plainLine, "copy.ready")
		moved.write(150)
		w.must(os.Rename(moved.path, log.path))
		if round == 3 {
			w.agent.start()
		}
	}
}

// symlinkSwitched lets a link lead to one file after the other; the last lines of
// each are written just before the switch.
func symlinkSwitched(w *world) {
	w.agent.include = []string{"containers/*.log"}
	w.must(os.MkdirAll(w.path("containers"), 0o755))
	link := w.path("containers", "web.log")
	for round := range w.pick(5, 12) {
		log := w.create(jsonLine, "pods", fmt.Sprint(round), "0.log")
		log.write(200)
		w.must(os.Symlink(log.path, link+".new"))
		w.must(os.Rename(link+".new", link))
		if round == 0 {
			w.agent.start()
		}
		w.arrived()
		log.write(1 + w.rng.IntN(300))
	}
}

// targetRotated rotates the file behind a link as the kubelet does, and compresses
// the generation before.
func targetRotated(w *world) {
	w.agent.include = []string{"containers/*.log"}
	w.must(os.MkdirAll(w.path("containers"), 0o755))
	log := w.create(jsonLine, "pods", "web", "0.log")
	w.must(os.Symlink(log.path, w.path("containers", "web.log")))
	w.agent.start()
	old := ""
	for round := range w.pick(4, 10) {
		log.write(300)
		if round%3 == 0 {
			w.arrived()
		} else {
			w.rest(time.Duration(w.rng.IntN(300)) * time.Millisecond)
		}
		log.write(1 + w.rng.IntN(300))
		if old != "" {
			w.must(gzipFile(old))
		}
		old = fmt.Sprintf("%s.202603%02d-120000", log.path, round+1)
		w.must(os.Rename(log.path, old))
		log.open()
	}
	log.write(100)
}

// directoryMoved moves the folder away while the application writes on in it.
func directoryMoved(w *world) {
	w.agent.include = []string{"logs/*.log"}
	log := w.create(plainLine, "logs", "app.log")
	w.agent.start()
	for round := range w.pick(3, 6) {
		log.write(300)
		w.arrived()
		log.write(100)
		w.must(os.Rename(w.path("logs"), w.path(fmt.Sprint("logs.", round))))
		log.write(200)
		w.rest(300 * time.Millisecond)
		log.write(200)
		log.open()
	}
}

// movedAcross moves files to a folder of another device, where they are other
// files with the same content, while the agent reads and while it is down.
func movedAcross(w *world) {
	other := otherFileSystem(w)
	w.agent.include = []string{"logs/app.log*", other + "/app.log*"}
	log := w.create(plainLine, "logs", "app.log")
	w.agent.start()
	w.agent.ready()
	for round := range w.pick(4, 8) {
		down := round%2 == 1
		log.write(300)
		w.arrived()
		if down {
			w.agent.stop()
		}
		log.write(100)
		to := fmt.Sprintf("%s/app.log.%d", other, round+1)
		w.must(copyFile(log.path, to))
		w.must(os.Remove(log.path))
		log.open()
		log.write(50)
		if down {
			w.agent.start()
		}
		w.arrived()
	}
}

// otherFileSystem makes a folder on a device that is not the world's.
func otherFileSystem(w *world) string {
	here, _ := identity(w, w.dir)
	for _, parent := range []string{"/dev/shm", "/run", "/var/tmp", "/tmp"} {
		dir, err := os.MkdirTemp(parent, "tidewatch-faults-")
		if err != nil {
			continue
		}
		w.t.Cleanup(func() { os.RemoveAll(dir) })
		if there, _ := identity(w, dir); there != here {
			return dir
		}
	}
	w.skip("there is one file system only")
	return ""
}

// deletedWhileOpen deletes a file of which much is unread and to which the
// application still writes.
func deletedWhileOpen(w *world) {
	w.agent.include = []string{"logs/*.log"}
	w.agent.start()
	for range w.pick(2, 5) {
		log := w.create(plainLine, "logs", "app.log")
		log.write(100)
		w.arrived()
		w.sink.trouble(answers(503))
		log.write(5000)
		w.rest(300 * time.Millisecond)
		w.must(os.Remove(log.path))
		log.write(500)
		w.rest(time.Second)
		w.sink.trouble(nil)
		log.write(500)
		w.arrived()
		log.write(100)
		log.close()
		w.arrived()
	}
}
