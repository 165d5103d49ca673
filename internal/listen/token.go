package listen

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/tidewatch/tidewatch/internal/secretfile"
)

// shortestToken is the shortest token that can't be guessed at the pace of a network.
const shortestToken = 16

// TokenConfig is a token that clients must send.
type TokenConfig struct {
	// Token is given, or in the file, which is read again when it changes.
	Token     configopaque.String
	TokenFile string
}

// Validate names the key and the fix.
func (c TokenConfig) Validate() error {
	switch {
	case c.Token != "" && c.TokenFile != "":
		return errors.New("token and token_file exclude each other")
	case c.Token != "" && len(c.Token) < shortestToken:
		return fmt.Errorf("token must have at least %d characters, for example those of openssl rand -hex 32", shortestToken)
	}
	return nil
}

// New reads the token once, so that what is wrong with it stops the start. It returns nil
// where none is asked for.
func (c TokenConfig) New() (*Token, error) {
	if c.Token == "" && c.TokenFile == "" {
		return nil, nil //nolint:nilnil // nobody has to send one
	}
	t := &Token{secret: secretfile.New(string(c.Token), c.TokenFile)}
	token, err := t.secret.Read()
	if err != nil {
		return nil, fmt.Errorf("token_file: %w", err)
	}
	if len(token) < shortestToken {
		return nil, fmt.Errorf("token_file must hold at least %d characters, for example those of openssl rand -hex 32", shortestToken)
	}
	return t, nil
}

// Token is what clients must send as Authorization: Bearer. It is safe for concurrent use;
// a nil one is known to everybody.
type Token struct{ secret *secretfile.Secret }

// Knows reports whether a request has the token, which it compares in constant time. While
// the file cannot be read nobody knows it.
func (t *Token) Knows(r *http.Request) bool {
	if t == nil {
		return true
	}
	kind, sent, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	token, err := t.secret.Read()
	// Sums have one length: the time tells nothing of that of the token.
	want, got := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(strings.TrimSpace(sent)))
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1 && err == nil && strings.EqualFold(kind, "Bearer")
}

// Guard lets only those requests through that have the token.
func (t *Token) Guard(next http.Handler) http.Handler {
	if t == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !t.Knows(r) {
			Refuse(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Refuse answers who has no token, or another one.
func Refuse(w http.ResponseWriter) {
	w.Header().Set("WWW-Authenticate", `Bearer realm="Tidewatch"`)
	http.Error(w, "send Authorization: Bearer TOKEN: the token is missing or wrong", http.StatusUnauthorized)
}
