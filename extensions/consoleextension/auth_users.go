package consoleextension

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/bcrypt"
)

const (
	// maxUsersFile bounds the file with the users, in bytes.
	maxUsersFile = 256 << 10
	// maxHashing is how many passwords are hashed at once, each on a core.
	maxHashing = 2
	// maxKnown is how many who were let in are remembered, and knownFor how long.
	maxKnown = 256
	knownFor = 10 * time.Minute
	// nobody is the hash of no password, of what htpasswd and Go do by default: unknown
	// names take as long as known ones.
	nobody = "$2a$10$7EqJtq98hPqEX7fNZaFWoOhi5xbBSQ1FHX1T9T7NBBxW1GgiHpNk2"
)

// userFile is a file with users and the hashes of their passwords.
type userFile struct {
	path    string
	now     func() time.Time
	key     [32]byte // of this process
	hashing chan struct{}

	mu     sync.Mutex // guards the rest
	at     time.Time  // modification time of the file that users are of
	size   int64
	hashes map[string]string               // by name
	seen   map[[sha256.Size]byte]time.Time // who was let in, and when
}

func newUserFile(path string, now func() time.Time) *userFile {
	u := &userFile{path: path, now: now, hashing: make(chan struct{}, maxHashing), seen: map[[sha256.Size]byte]time.Time{}}
	_, _ = rand.Read(u.key[:]) // never fails
	return u
}

// read returns the hashes by name, again from the file when it has changed.
func (u *userFile) read() (map[string]string, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	info, err := os.Stat(u.path)
	if err != nil {
		return nil, fmt.Errorf("look at users: %w", err)
	}
	if u.hashes != nil && info.ModTime().Equal(u.at) && info.Size() == u.size {
		return u.hashes, nil
	}
	f, err := os.Open(u.path)
	if err != nil {
		return nil, fmt.Errorf("open users: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxUsersFile+1))
	if err != nil {
		return nil, fmt.Errorf("read users: %w", err)
	}
	hashes, err := parseUsers(text)
	if err != nil {
		return nil, fmt.Errorf("read users of %s: %w", u.path, err)
	}
	u.hashes, u.at, u.size = hashes, info.ModTime(), info.Size()
	return hashes, nil
}

// parseUsers says which line is wrong, and never what is in it.
func parseUsers(text []byte) (map[string]string, error) {
	if len(text) > maxUsersFile {
		return nil, fmt.Errorf("the file must have at most %d bytes", maxUsersFile)
	}
	hashes := map[string]string{}
	number := 0
	for line := range bytes.Lines(text) {
		number++
		s := strings.TrimSpace(string(line))
		if s == "" || strings.HasPrefix(s, "#") {
			continue
		}
		name, hash, ok := strings.Cut(s, ":")
		if _, err := bcrypt.Cost([]byte(hash)); !ok || name == "" || err != nil {
			return nil, fmt.Errorf("line %d must be name:hash with a hash of bcrypt, as htpasswd -B makes it", number)
		}
		hashes[name] = hash
	}
	if len(hashes) == 0 {
		return nil, errors.New("the file has no user")
	}
	return hashes, nil
}

// check compares a password with the hash of a user. It returns the context's error
// where nobody waits for the answer any more.
func (u *userFile) check(ctx context.Context, name, password string) (bool, error) {
	hashes, err := u.read()
	if err != nil {
		return false, err
	}
	hash, there := hashes[name]
	if !there {
		hash = nobody
	}
	select {
	case u.hashing <- struct{}{}:
		defer func() { <-u.hashing }()
	case <-ctx.Done():
		return false, ctx.Err()
	}
	if bcrypt.CompareHashAndPassword([]byte(hash), []byte(password)) != nil || !there {
		return false, nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.seen) >= maxKnown {
		clear(u.seen) // who comes again is hashed again
	}
	u.seen[u.mark(name, password, hash)] = u.now()
	return true, nil
}

// known reports whether this name and password were right a short time ago, and are of
// the hash that the file has now.
func (u *userFile) known(name, password string) bool {
	hashes, err := u.read()
	if err != nil {
		return false
	}
	hash, ok := hashes[name]
	if !ok {
		return false
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	at, ok := u.seen[u.mark(name, password, hash)]
	return ok && u.now().Sub(at) < knownFor
}

// mark stands for a name and a password without telling them.
func (u *userFile) mark(name, password, hash string) [sha256.Size]byte {
	m := hmac.New(sha256.New, u.key[:])
	for _, s := range []string{name, password, hash} {
		fmt.Fprintf(m, "%d:%s", len(s), s)
	}
	return [sha256.Size]byte(m.Sum(nil))
}
