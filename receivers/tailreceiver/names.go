package tailreceiver

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"
)

// rotationWords are what rotated files are called where they have no number.
var rotationWords = []string{"old", "bak", "prev", "copy", "orig", "backup", "rot"}

// rotatedName reports whether path looks like a rotated name of original:
// app.log.1, app-20260309.log, app.log.old, in any folder.
func rotatedName(original, path string) bool {
	if original == path {
		return false
	}
	base := filepath.Base(original)
	stem, _, _ := strings.Cut(base, ".")
	rest, ok := strings.CutPrefix(filepath.Base(path), stem)
	if !ok || stem == "" || rest == "" || !strings.ContainsRune(".-_", rune(rest[0])) {
		return false
	}
	ext := strings.TrimPrefix(base, stem)
	if ext != "" {
		rest = strings.ReplaceAll(rest, ext, "")
	}
	return looksRotated(rest)
}

// looksRotated reports whether a part of a name is what rotation adds.
func looksRotated(part string) bool {
	return strings.ContainsAny(part, "0123456789") ||
		slices.ContainsFunc(rotationWords, func(word string) bool { return strings.Contains(part, word) })
}

// kinship is what two names say about their files.
type kinship uint8

const (
	strangers kinship = iota
	samePlace         // the same name: one took the place of the other
	sameBase          // the same name in another folder
	rotated           // the name of a rotated file
)

func kinshipOf(original, path string) kinship {
	switch {
	case original == path:
		return samePlace
	case rotatedName(original, path):
		return rotated
	case filepath.Base(original) == filepath.Base(path):
		return sameBase
	}
	return strangers
}

// family is the same for a name and all rotated names of it, compressed or not:
// a hash of its letters without those that rotation adds.
func family(path string) uint64 {
	base := strings.TrimSuffix(filepath.Base(path), gzipExt)
	for _, word := range rotationWords {
		base = strings.ReplaceAll(base, word, "")
	}
	var buf [64]byte
	letters := buf[:0]
	for i := range len(base) {
		if c := base[i]; (c < '0' || c > '9') && !strings.ContainsRune(".-_~+:T ", rune(c)) {
			letters = append(letters, c)
		}
	}
	return xxhash.Sum64(letters)
}

const gzipExt = ".gz"

// compressedName recognises archives by their name, which is cheaper than opening
// every rotated file of a host.
func compressedName(path string) bool {
	for _, ext := range []string{gzipExt, ".xz", ".bz2", ".zst", ".lz4", ".zip", ".Z", ".journal", ".journal~"} {
		if strings.HasSuffix(path, ext) {
			return true
		}
	}
	return false
}
