package tailreceiver

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

const (
	// notifyMask: what is written, and what comes and goes.
	notifyMask = syscall.IN_MODIFY | syscall.IN_CREATE | syscall.IN_MOVED_TO | syscall.IN_MOVED_FROM | syscall.IN_DELETE | syscall.IN_DELETE_SELF | syscall.IN_MOVE_SELF | syscall.IN_ONLYDIR
	// notifyBuffer takes some thousand events at a time.
	notifyBuffer = 64 << 10
)

var errManyFolders = errors.New("too many folders")

// errRemote says that a file system does not tell what other hosts change.
var errRemote = errors.New("file system is not local")

// remote are the magic numbers of such file systems: NFS, SMB, CIFS, 9P, FUSE,
// Ceph, AFS, Lustre and GFS2.
var remote = map[int64]bool{
	0x6969: true, 0x517b: true, 0xff534d42: true, 0xfe534d42: true, 0x01021997: true, 0x65735546: true,
	0x00c36400: true, 0x5346414f: true, 0x0bd00bd0: true, 0x01161970: true,
}

// notifier reads inotify itself: a library that hands over each event would wake
// the receiver for every line that a busy program writes, while events that stay
// with the kernel for a moment are joined there.
type notifier struct {
	events *events
	fd     int
	file   *os.File // of fd, for reading
	stop   chan struct{}
	ended  sync.WaitGroup

	mu    sync.Mutex // guards paths
	paths map[int32][]string
}

func newNotifier(e *events) (*notifier, error) {
	fd, err := syscall.InotifyInit1(syscall.IN_CLOEXEC | syscall.IN_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("inotify_init1", err)
	}
	n := &notifier{events: e, fd: fd, file: os.NewFile(uintptr(fd), "inotify"), stop: make(chan struct{}), paths: map[int32][]string{}}
	n.ended.Go(n.run)
	return n, nil
}

func (n *notifier) add(dir string) error {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return os.NewSyscallError("statfs", err)
	}
	if remote[int64(fs.Type)] { //nolint:unconvert // its size differs between architectures
		return errRemote
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	wd, err := syscall.InotifyAddWatch(n.fd, dir, notifyMask)
	if err != nil {
		return os.NewSyscallError("inotify_add_watch", err)
	}
	n.paths[int32(wd)] = append(n.paths[int32(wd)], dir) //nolint:gosec // the kernel's are of this size
	return nil
}

// isLimit reports whether an error says that there are too many watches.
func isLimit(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, errManyFolders)
}

// run takes events, and rests after each time so that the kernel joins the next.
func (n *notifier) run() {
	buf := make([]byte, notifyBuffer)
	rest := time.NewTimer(time.Hour)
	defer rest.Stop()
	for {
		got, err := n.file.Read(buf)
		if err != nil {
			return // closed
		}
		n.take(buf[:got])
		rest.Reset(eventRest)
		select {
		case <-n.stop:
			return
		case <-rest.C:
		}
	}
}

func (n *notifier) take(buf []byte) {
	for len(buf) >= syscall.SizeofInotifyEvent {
		e := (*syscall.InotifyEvent)(unsafe.Pointer(&buf[0])) //nolint:gosec // the kernel writes whole events
		end := syscall.SizeofInotifyEvent + int(e.Len)
		base := buf[syscall.SizeofInotifyEvent:end]
		for len(base) > 0 && base[len(base)-1] == 0 {
			base = base[:len(base)-1]
		}
		buf = buf[end:]
		n.mu.Lock()
		dirs := n.paths[e.Wd]
		gone := e.Mask&(syscall.IN_IGNORED|syscall.IN_DELETE_SELF|syscall.IN_MOVE_SELF) != 0
		if gone {
			delete(n.paths, e.Wd)
			if e.Mask&syscall.IN_MOVE_SELF != 0 { // it is watched under its new name, if at all
				_, _ = syscall.InotifyRmWatch(n.fd, uint32(e.Wd)) //nolint:gosec // as above
			}
		}
		n.mu.Unlock()
		if e.Mask&syscall.IN_Q_OVERFLOW != 0 {
			n.events.note("", true) // a walk and the poll see what was lost
		}
		for _, dir := range dirs {
			if gone {
				n.events.note(dir, true)
			} else {
				n.events.note(filepath.Join(dir, string(base)), e.Mask&syscall.IN_ISDIR != 0)
			}
		}
	}
}

func (n *notifier) close() {
	close(n.stop)
	n.file.Close()
	n.ended.Wait()
}
