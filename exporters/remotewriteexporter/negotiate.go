package remotewriteexporter

import "time"

// probeAgain is how long version 1 is kept before version 2 is tried again: a
// receiver that was upgraded is found within the hour.
const probeAgain = time.Hour

// negotiation is what is known of the receiver's version. A protocol that the
// configuration names is not negotiated.
type negotiation struct {
	auto      bool
	current   version
	confirmed bool      // the receiver has said what it wrote: it speaks version 2
	since     time.Time // of the fallback to version 1
}

func newNegotiation(protocol string) negotiation {
	n := negotiation{auto: protocol == ProtocolAuto, current: v2}
	if protocol == ProtocolV1 {
		n.current = v1
	}
	return n
}

// next is the version in which to encode now.
func (n *negotiation) next(now time.Time) version {
	if n.auto && n.current == v1 && now.Sub(n.since) >= probeAgain {
		n.current, n.confirmed = v2, false
	}
	return n.current
}

// fallBack switches to version 1; it is false where that is not allowed. changed
// tells that this is the first time.
func (n *negotiation) fallBack(now time.Time) (ok, changed bool) {
	if !n.auto {
		return n.current == v1, false
	}
	changed = n.current != v1 && n.since.IsZero()
	n.current, n.since, n.confirmed = v1, now, false
	return true, changed
}
