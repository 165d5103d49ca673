package tailreceiver

import (
	"io"

	"github.com/cespare/xxhash/v2"
)

const (
	// maxPrefix is how many first bytes of a file belong to its fingerprint.
	maxPrefix = 1024
	// maxTail is how many bytes before the position are remembered. They say whether
	// the file still holds what was read, which inode and prefix alone cannot.
	maxTail = 256
)

// fileID is the system's name of a file. It is reused when a file is deleted.
type fileID struct{ dev, ino uint64 }

// position is where reading of a file stands, with what proves that it is still
// the same file. Its fields are what a checkpoint keeps.
type position struct {
	// Offset is the first byte not yet delivered.
	Offset int64 `json:"o"`
	// PrefixLen first bytes have the hash PrefixHash.
	PrefixLen  int    `json:"pl,omitempty"`
	PrefixHash uint64 `json:"ph,omitempty"`
	// TailLen bytes before Offset have the hash TailHash.
	TailLen  int    `json:"tl,omitempty"`
	TailHash uint64 `json:"th,omitempty"`
	// Skip is true inside a line of which the beginning was delivered, cut.
	Skip bool `json:"s,omitempty"`
	// Await is true in a copy that is still being written: what it holds so far was
	// delivered from its original, and reading begins when it has reached Offset.
	Await bool `json:"w,omitempty"`
}

// advance moves the position to offset. read is what lies directly before it.
func (p *position) advance(offset int64, read []byte) {
	p.Offset = offset
	if len(read) > maxTail {
		read = read[len(read)-maxTail:]
	}
	p.TailLen, p.TailHash = len(read), xxhash.Sum64(read)
}

// extendPrefix takes more of the beginning into the fingerprint, up to the bytes
// that were delivered.
func (p *position) extendPrefix(r io.ReaderAt) {
	want := int(min(p.Offset, maxPrefix))
	if want <= p.PrefixLen {
		return
	}
	var buf [maxPrefix]byte
	if n, _ := r.ReadAt(buf[:want], 0); n == want {
		p.PrefixLen, p.PrefixHash = want, xxhash.Sum64(buf[:want])
	}
}

// matchesPrefix reports whether r begins with the fingerprint.
func (p *position) matchesPrefix(r io.ReaderAt) bool {
	return hashAt(r, 0, p.PrefixLen) == hashOr(p.PrefixLen, p.PrefixHash)
}

// matches reports whether r still holds what was read up to the position.
func (p *position) matches(r io.ReaderAt) bool {
	return p.matchesPrefix(r) && hashAt(r, p.Offset-int64(p.TailLen), p.TailLen) == hashOr(p.TailLen, p.TailHash)
}

func hashOr(n int, h uint64) uint64 {
	if n == 0 {
		return xxhash.Sum64(nil)
	}
	return h
}

// hashAt hashes n bytes at off; too few bytes give a hash that matches nothing.
func hashAt(r io.ReaderAt, off int64, n int) uint64 {
	var buf [maxPrefix]byte
	if n == 0 {
		return xxhash.Sum64(nil)
	}
	if n > len(buf) || off < 0 {
		return 0
	}
	if got, _ := r.ReadAt(buf[:n], off); got != n {
		return 0
	}
	return xxhash.Sum64(buf[:n])
}

func sameTail(p *position, tail []byte) bool { return xxhash.Sum64(tail) == p.TailHash }
