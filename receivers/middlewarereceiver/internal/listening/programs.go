package listening

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const (
	// maxProcesses and maxDescriptors bound what is looked at in /proc.
	maxProcesses   = 8192
	maxDescriptors = 4096
	// maxArguments and maxArgumentBytes bound what is kept of command lines.
	maxArguments     = 4096
	maxArgumentBytes = 64 << 10
)

// Programs are the processes of some names: whose sockets are theirs.
type Programs struct {
	inodes map[uint64]string // of sockets whose process could be looked into
	users  map[uint64][]string
	args   map[string][]string // by name
}

// Find looks for processes by the names that /proc/PID/comm has. Of processes that may
// not be looked into, only the user is known.
func Find(proc string, names []string) Programs {
	p := Programs{inodes: map[uint64]string{}, users: map[uint64][]string{}, args: map[string][]string{}}
	dir, err := os.Open(proc)
	if err != nil {
		return p
	}
	defer dir.Close()
	entries, _ := dir.Readdirnames(maxProcesses)
	for _, pid := range entries {
		if pid[0] < '0' || pid[0] > '9' {
			continue
		}
		comm, err := os.ReadFile(filepath.Join(proc, pid, "comm"))
		if name := strings.TrimSpace(string(comm)); err == nil && slices.Contains(names, name) {
			p.add(filepath.Join(proc, pid), name)
		}
	}
	return p
}

func (p *Programs) add(process, name string) {
	if f, err := os.Open(filepath.Join(process, "cmdline")); err == nil {
		line, _ := io.ReadAll(io.LimitReader(f, maxArgumentBytes))
		_ = f.Close() // was only read
		if args := strings.Split(string(line), "\x00"); len(p.args[name])+len(args) <= maxArguments {
			p.args[name] = append(p.args[name], args...)
		}
	}
	fds, err := os.Open(filepath.Join(process, "fd"))
	if err != nil {
		if user, ok := owner(process); ok && !slices.Contains(p.users[user], name) {
			p.users[user] = append(p.users[user], name)
		}
		return
	}
	defer fds.Close()
	names, _ := fds.Readdirnames(maxDescriptors)
	for _, fd := range names {
		target, err := os.Readlink(filepath.Join(process, "fd", fd))
		if err != nil {
			continue
		}
		if inode, ok := strings.CutPrefix(target, "socket:["); ok {
			if n, err := strconv.ParseUint(strings.TrimSuffix(inode, "]"), 10, 64); err == nil {
				p.inodes[n] = name
			}
		}
	}
}

// Own reports whether the socket is of a program of one of the names, as far as it is
// known: where its process may not be looked into, a socket is its user's. Root's are
// then nobody's.
func (p Programs) Own(s Socket, names []string) bool {
	if name, ok := p.inodes[s.Inode]; ok {
		return slices.Contains(names, name)
	}
	return s.UID != 0 && slices.ContainsFunc(p.users[s.UID], func(name string) bool { return slices.Contains(names, name) })
}

// Arguments are those of the processes of one of the names. They may hold secrets.
func (p Programs) Arguments(names []string) []string {
	var all []string
	for _, name := range names {
		all = append(all, p.args[name]...)
	}
	return all
}
