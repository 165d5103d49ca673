// Package listening tells which TCP sockets of this host listen, and which of them
// belong to programs of a name. It reads /proc and connects to nothing.
package listening

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// maxSockets bounds how many sockets of a family are looked at; hosts have tens.
const maxSockets = 4096

// Socket is one that listens.
type Socket struct {
	Address netip.AddrPort
	// UID is the user that opened it, Inode its number in the file descriptors of
	// processes.
	UID, Inode uint64
}

// Local returns host:port at which the socket is reached over loopback, or false if it
// listens on another address only.
func (s Socket) Local() (string, bool) {
	address := s.Address.Addr().Unmap()
	switch {
	case address.IsUnspecified(): // IPv6's takes connections of IPv4 too, as it is set up nearly everywhere
		address = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	case !address.IsLoopback():
		return "", false
	}
	return netip.AddrPortFrom(address, s.Address.Port()).String(), true
}

// Sockets returns those that listen in the network namespace of this process. proc is
// /proc.
func Sockets(proc string) ([]Socket, error) {
	var all []Socket
	var errs []error
	for _, family := range []string{"tcp", "tcp6"} {
		sockets, err := table(filepath.Join(proc, "self", "net", family))
		all = append(all, sockets...)
		if !errors.Is(err, os.ErrNotExist) || family == "tcp" { // hosts without IPv6
			errs = append(errs, err)
		}
	}
	return all, errors.Join(errs...)
}

func table(path string) ([]Socket, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read sockets: %w", err)
	}
	defer f.Close()
	sockets, err := Parse(f)
	if err != nil {
		return nil, fmt.Errorf("read sockets of %s: %w", path, err)
	}
	return sockets, nil
}

// Parse reads a table of /proc/net/tcp or tcp6. The kernel lists sockets that listen
// first: a busy host's connections are not read.
func Parse(r io.Reader) ([]Socket, error) {
	var sockets []Socket
	lines := bufio.NewScanner(r)
	for first := true; lines.Scan() && len(sockets) < maxSockets; first = false {
		if first {
			continue // the heading
		}
		f := strings.Fields(lines.Text())
		if len(f) < 10 {
			return nil, fmt.Errorf("line %q is not of a socket", lines.Text())
		}
		if f[3] != "0A" {
			break
		}
		address, err := parseAddress(f[1])
		if err != nil {
			return nil, err
		}
		uid, err1 := strconv.ParseUint(f[7], 10, 32)
		inode, err2 := strconv.ParseUint(f[9], 10, 64)
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("read user and inode: %w", err)
		}
		sockets = append(sockets, Socket{Address: address, UID: uid, Inode: inode})
	}
	return sockets, lines.Err()
}

// parseAddress reads the kernel's form: groups of four bytes in the order of the machine.
func parseAddress(text string) (netip.AddrPort, error) {
	host, port, _ := strings.Cut(text, ":")
	b, err := hex.DecodeString(host)
	if err != nil || len(b) != 4 && len(b) != 16 {
		return netip.AddrPort{}, fmt.Errorf("address %q is none", text)
	}
	for i := 0; i < len(b); i += 4 {
		binary.BigEndian.PutUint32(b[i:], binary.NativeEndian.Uint32(b[i:]))
	}
	n, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("port of %q is none", text)
	}
	address, _ := netip.AddrFromSlice(b)
	return netip.AddrPortFrom(address, uint16(n)), nil
}
