// Package secretfile reads a secret that somebody else keeps in a file, such as a token
// that is replaced before it expires.
package secretfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// maxSize bounds what is read: tokens have a few KB.
const maxSize = 64 << 10

// Secret is one that is given, or in a file that may change. It is safe for concurrent
// use.
type Secret struct {
	given, path string

	mu    sync.Mutex // guards all below
	value string
	at    time.Time // modification time of the file that value is of
	size  int64
}

// New returns the secret given, or where path is not empty that in the file.
func New(given, path string) *Secret { return &Secret{given: given, path: path} }

// Read returns the secret, without white space around it. The file is read again when it
// has changed; it must not be empty. Errors name the file and never the secret.
func (s *Secret) Read() (string, error) {
	if s.path == "" {
		return s.given, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	info, err := os.Stat(s.path)
	if err != nil {
		return "", fmt.Errorf("look at secret: %w", err)
	}
	if s.value != "" && info.ModTime().Equal(s.at) && info.Size() == s.size {
		return s.value, nil
	}
	f, err := os.Open(s.path)
	if err != nil {
		return "", fmt.Errorf("open secret: %w", err)
	}
	defer f.Close()
	p, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return "", fmt.Errorf("read secret: %w", err)
	}
	p = bytes.TrimSpace(p)
	if len(p) == 0 || len(p) > maxSize || bytes.ContainsAny(p, "\r\n") {
		return "", errors.New("read secret: " + s.path + " must hold one line")
	}
	s.value, s.at, s.size = string(p), info.ModTime(), info.Size()
	return s.value, nil
}
