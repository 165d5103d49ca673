package consoleextension

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	// maxFailures is how many wrong tokens or passwords an address may send in a row, and
	// forgiveAfter when one of them is forgiven: people mistype, programs guess.
	maxFailures  = 10
	forgiveAfter = 6 * time.Second
	// maxAddresses is how many addresses are told apart; further ones share one count.
	maxAddresses = 1024
)

// failures counts wrong tokens and passwords by the address that sent them.
type failures struct {
	now func() time.Time

	mu     sync.Mutex // guards the rest
	by     map[netip.Prefix]*failed
	others failed // of addresses that had no room
}

// failed is what an address has on its count, as of a time.
type failed struct {
	count float64
	at    time.Time
}

func newFailures(now func() time.Time) *failures {
	return &failures{now: now, by: map[netip.Prefix]*failed{}}
}

// mayTry reports whether an address has not failed too often.
func (f *failures) mayTry(address string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.of(address, false).as(f.now()) < maxFailures
}

// count adds a failure, and reports whether it is the one too many.
func (f *failures) count(address string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.of(address, true)
	c.count, c.at = c.as(f.now())+1, f.now()
	return c.count >= maxFailures && c.count < maxFailures+1
}

func (c *failed) as(now time.Time) float64 {
	return max(0, c.count-float64(now.Sub(c.at))/float64(forgiveAfter))
}

// of finds the count of an address; a network of IPv6 is one address, since a machine
// has all of it.
func (f *failures) of(address string, add bool) *failed {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return &f.others
	}
	ip = ip.Unmap().WithZone("")
	bits := ip.BitLen()
	if ip.Is6() {
		bits = 64
	}
	key, _ := ip.Prefix(bits) // bits fit
	if c := f.by[key]; c != nil {
		return c
	}
	if len(f.by) >= maxAddresses {
		f.forget()
	}
	switch {
	case len(f.by) >= maxAddresses:
		return &f.others
	case !add:
		return &failed{}
	}
	c := &failed{}
	f.by[key] = c
	return c
}

// forget drops the addresses whose failures are all forgiven.
func (f *failures) forget() {
	now := f.now()
	for key, c := range f.by {
		if c.as(now) == 0 {
			delete(f.by, key)
		}
	}
}
