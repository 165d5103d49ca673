//go:build !unix

package tailreceiver

import (
	"os"

	"github.com/cespare/xxhash/v2"
)

// statOf identifies a file by its name where the system has no inodes; the hashes
// of its content then carry the weight.
func statOf(fi os.FileInfo) (id fileID, links uint64) {
	return fileID{ino: xxhash.Sum64String(fi.Name())}, 1
}
