package watch

import (
	"path/filepath"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/listening"
)

const (
	// maxAddresses bounds how many addresses are remembered that said no.
	maxAddresses = 1024
	// maxCandidates bounds how many addresses of one kind one search asks.
	maxCandidates = 32
)

// address is one at which a kind of server is looked for.
type address struct {
	kind *Kind
	at   string
}

// search returns what may be servers: it listens, and was not asked lately.
func (w *Watch) search(now time.Time) []*server {
	var searched []*Kind
	var names []string
	for i := range w.set.Kinds {
		if k := &w.set.Kinds[i]; len(k.Servers.Endpoints) == 0 {
			searched, names = append(searched, k), append(names, k.Programs...)
		}
	}
	if len(searched) == 0 {
		return nil
	}
	sockets := w.sockets(names)
	var found []*server
	open := map[address]bool{}
	over := 0
	for _, k := range searched {
		asked := 0
		for _, at := range w.candidates(k, sockets) {
			a := address{k, at}
			if open[a] {
				continue
			}
			open[a] = true
			if until, no := w.no[a]; w.known(a, now) || no && now.Before(until) {
				continue
			}
			if asked++; asked > maxCandidates {
				continue
			}
			if len(w.servers)+len(found) >= w.set.MaxServers {
				over++
				continue
			}
			if s, err := newServer(k, at, false); err == nil { // what /proc tells is an address
				s.listening = now
				found = append(found, s)
			}
		}
	}
	for a := range w.no {
		if !open[a] { // what listens there next is asked at once
			delete(w.no, a)
		}
	}
	w.set.Events.Over(over)
	return found
}

// sockets returns what listens. Whose it is, is looked up again only if that changed.
func (w *Watch) sockets(names []string) []listening.Socket {
	sockets, err := listening.Sockets(w.set.Proc)
	if blind := err != nil; blind != w.blind {
		if w.blind = blind; blind {
			w.set.Logger.Warn("servers cannot be looked for by their ports; list them under endpoints", zap.Error(err))
		}
	}
	inodes := make([]uint64, 0, len(sockets))
	for _, s := range sockets {
		inodes = append(inodes, s.Inode)
	}
	if slices.Sort(inodes); w.inodes == nil || !slices.Equal(inodes, w.inodes) {
		w.inodes, w.programs = inodes, listening.Find(w.set.Proc, names)
	}
	return sockets
}

// candidates are the addresses at which a kind may be, the likely ones first.
func (w *Watch) candidates(k *Kind, sockets []listening.Socket) []string {
	var others, unix []string
	usual := make([][]string, len(k.Ports))
	for _, pattern := range k.Sockets {
		paths, _ := filepath.Glob(pattern) // the patterns are ours
		unix = append(unix, paths...)
	}
	told := w.told(k)
	for _, s := range sockets {
		at, ok := s.Local()
		i := slices.Index(k.Ports, int(s.Address.Port()))
		switch {
		case !ok:
		case i >= 0:
			usual[i] = append(usual[i], at)
		case k.Port != nil:
			if slices.Contains(told, int(s.Address.Port())) {
				others = append(others, at)
			}
		case w.programs.Own(s, k.Programs):
			others = append(others, at)
		}
	}
	slices.Sort(others)
	ports := append(slices.Concat(usual...), others...)
	if k.SocketsFirst {
		return append(unix, ports...)
	}
	return append(ports, unix...)
}

// told are the ports that a kind's processes were started with.
func (w *Watch) told(k *Kind) []int {
	if k.Port == nil {
		return nil
	}
	var ports []int
	for _, argument := range w.programs.Arguments(k.Programs) {
		if port, ok := k.Port(argument); ok {
			ports = append(ports, port)
		}
	}
	return ports
}

// known reports whether the address is that of a server that is known, and notes that it
// listens.
func (w *Watch) known(a address, now time.Time) bool {
	for _, s := range w.servers {
		if s.kind == a.kind && s.name.Address == a.at {
			s.listening = now
			return true
		}
	}
	return false
}
