package tailreceiver

import (
	"io"
	"slices"

	"github.com/cespare/xxhash/v2"
)

const (
	// maxPrefix is how many first bytes of a file belong to its fingerprint.
	maxPrefix = 1024
	// maxTail is how many bytes before the position are remembered. They say whether
	// the file still holds what was read, which inode and prefix alone cannot.
	maxTail = 256
	// minProof is how many equal bytes tell that one file is a copy of another;
	// it is where the first mark lies.
	minProof = 32
	// markBytes before a mark are hashed.
	markBytes = 64
)

// fileID is the system's name of a file. It is reused when a file is deleted.
type fileID struct{ dev, ino uint64 }

// contentID names what a file holds: generation 0 is what it holds now, others
// are what it held before it was truncated, rewritten or deleted.
type contentID struct {
	fileID
	gen uint32
}

// position is where reading of a file stands, with what proves that it is still
// the same file. It is a value: Marks is replaced, never written to.
type position struct {
	// Offset is the first byte not yet delivered.
	Offset int64 `json:"o"`
	// PrefixLen first bytes have the hash PrefixHash.
	PrefixLen  int    `json:"pl,omitempty"`
	PrefixHash uint64 `json:"ph,omitempty"`
	// TailLen bytes before Offset have the hash TailHash.
	TailLen  int    `json:"tl,omitempty"`
	TailHash uint64 `json:"th,omitempty"`
	// Marks are hashes at growing distances, see markAt. They tell whether a shorter
	// file holds the beginning of this one, and an edit from a different file.
	Marks []uint32 `json:"-"`
	// Skip is true inside a line of which the beginning was delivered, cut.
	Skip bool `json:"s,omitempty"`
	// Await is true in a copy that is shorter than what was read of its original: it
	// is still being written, or holds nothing new. Reading begins if it ever has more
	// than Offset bytes.
	Await bool `json:"-"`
}

// markAt is where the i-th mark lies: 32, 48, 64, 96, 128 and so on, so that no
// more than a third of a file of any size lies behind its last mark.
func markAt(i int) int64 {
	at := int64(minProof) << (i / 2)
	if i%2 == 1 {
		at += at / 2
	}
	return at
}

func markOf(before []byte) uint32 {
	return uint32(xxhash.Sum64(before)) //nolint:gosec // half of a hash is a hash
}

// advance moves the position to offset. read is what lies directly before it.
func (p *position) advance(offset int64, read []byte) {
	start := offset - int64(len(read))
	for at := markAt(len(p.Marks)); at <= offset && at-min(at, markBytes) >= start; at = markAt(len(p.Marks)) {
		p.Marks = append(slices.Clip(p.Marks), markOf(read[at-min(at, markBytes)-start:at-start]))
	}
	p.Offset = offset
	if len(read) > maxTail {
		read = read[len(read)-maxTail:]
	}
	p.TailLen, p.TailHash = len(read), xxhash.Sum64(read)
}

// jump moves to offset without reading all that lies before it.
func (p *position) jump(r io.ReaderAt, offset int64) {
	var buf [maxTail]byte
	n := min(offset, maxTail)
	got, _ := r.ReadAt(buf[:n], offset-n)
	p.Marks = marksOf(r, offset)
	p.advance(offset, buf[:got])
	p.extendPrefix(r)
}

// marksOf computes the marks of the first size bytes.
func marksOf(r io.ReaderAt, size int64) []uint32 {
	var marks []uint32
	var buf [markBytes]byte
	for at := markAt(0); at <= size; at = markAt(len(marks)) {
		n := min(at, markBytes)
		if got, _ := r.ReadAt(buf[:n], at-n); int64(got) != n {
			break
		}
		marks = append(marks, markOf(buf[:n]))
	}
	return marks
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

// matches reports whether r still holds what was read up to the position.
func (p *position) matches(r io.ReaderAt) bool {
	return hashMatches(r, 0, p.PrefixLen, p.PrefixHash) && p.matchesTail(r)
}

func (p *position) matchesTail(r io.ReaderAt) bool {
	return hashMatches(r, p.Offset-int64(p.TailLen), p.TailLen, p.TailHash)
}

// edited reports whether r holds what was read but for an edit that moved nothing:
// the bytes before the position and most marks are as they were.
func (p *position) edited(r io.ReaderAt) bool {
	if len(p.Marks) < 8 || !p.matchesTail(r) {
		return false
	}
	same := 0
	for i, m := range marksOf(r, p.Offset) {
		if i < len(p.Marks) && m == p.Marks[i] {
			same++
		}
	}
	return 2*same > len(p.Marks)
}

// likeness says how a file compares with what was read of another.
type likeness uint8

const (
	differs likeness = iota
	begins           // it holds the beginning of what was read, and nothing else
	holds            // it holds all that was read
)

// in compares a file of a size with what was read up to the position.
func (p *position) in(r io.ReaderAt, size int64) likeness {
	known := min(size, p.Offset)
	if known < minProof || size >= int64(p.PrefixLen) && !hashMatches(r, 0, p.PrefixLen, p.PrefixHash) {
		return differs
	}
	var buf [markBytes]byte
	marks := 0
	for ; marks < len(p.Marks) && markAt(marks) <= known; marks++ {
		at := markAt(marks)
		n := min(at, markBytes)
		if got, _ := r.ReadAt(buf[:n], at-n); int64(got) != n || markOf(buf[:n]) != p.Marks[marks] {
			return differs
		}
	}
	switch {
	case size >= p.Offset && p.matchesTail(r):
		return holds
	case size < p.Offset && (marks > 0 || size >= int64(p.PrefixLen)):
		return begins
	}
	return differs
}

// hashMatches reports whether n bytes at off have the hash.
func hashMatches(r io.ReaderAt, off int64, n int, hash uint64) bool {
	var buf [maxPrefix]byte
	if n == 0 {
		return true
	}
	if n > len(buf) || off < 0 {
		return false
	}
	got, _ := r.ReadAt(buf[:n], off)
	return got == n && xxhash.Sum64(buf[:n]) == hash
}

func sameTail(p *position, tail []byte) bool { return xxhash.Sum64(tail) == p.TailHash }
