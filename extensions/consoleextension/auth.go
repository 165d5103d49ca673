package consoleextension

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/tidewatch/tidewatch/internal/secretfile"
)

// shortestToken is the shortest token that can't be guessed at the pace of the limiter.
const shortestToken = 16

// AuthConfig says who may see the page. Set a token, users, or both.
type AuthConfig struct {
	// Token lets in who knows it, by the login form or as Authorization: Bearer. Give it
	// as ${env:NAME}; at least 16 characters.
	Token configopaque.String `mapstructure:"token"`
	// TokenFile holds the token instead, in one line; it is read again when it changes.
	TokenFile string `mapstructure:"token_file"`
	// UsersFile has a line name:hash for each user, with hashes of bcrypt as made by
	// htpasswd -B. It is read again when it changes.
	UsersFile string `mapstructure:"users_file"`
	// Session is how long a browser stays logged in by the form.
	Session time.Duration `mapstructure:"session"`
}

// Validate names the key and the fix.
func (c *AuthConfig) Validate() error {
	switch {
	case c.Token == "" && c.TokenFile == "" && c.UsersFile == "":
		return errors.New("auth needs token_file, token or users_file")
	case c.Token != "" && c.TokenFile != "":
		return errors.New("auth::token and auth::token_file exclude each other")
	case c.Token != "" && len(c.Token) < shortestToken:
		return fmt.Errorf("auth::token must have at least %d characters, for example those of openssl rand -hex 32", shortestToken)
	case c.Session < time.Minute:
		return errors.New("auth::session must be at least 1m, for example 12h")
	}
	return nil
}

// hasToken says whether there is a token, and so a login form.
func (c *AuthConfig) hasToken() bool { return c.Token != "" || c.TokenFile != "" }

// Reasons why a request is not let in.
var (
	errNoCredentials = errors.New("log in first: send Authorization: Bearer TOKEN, or open /login in a browser")
	errNoUser        = errors.New("log in first: send a user name and password")
	errWrong         = errors.New("the token, or the user name and password, is wrong")
	errTooMany       = errors.New("too many wrong tokens or passwords came from your address: wait a minute")
	errBroken        = errors.New("the agent cannot read the secrets of auth: its log has the reason")
)

// visitor is who asks, and how it is known.
type visitor struct {
	// name is the user's, or that of the certificate; empty for who has the token.
	name string
	// method is none, token, session, basic or certificate.
	method string
}

// authenticator knows who may see the page. It is safe for concurrent use.
type authenticator struct {
	token    *secretfile.Secret // nil without
	users    *userFile          // nil without
	sessions *sessions
	failures *failures
	// trouble is told of secrets that cannot be read, and of addresses that fail too often.
	trouble func(message string, err error)
}

// newAuthenticator reads the secrets once, so that what is wrong with them stops the
// start. It returns nil where there are none.
func newAuthenticator(cfg *AuthConfig, now func() time.Time, trouble func(string, error)) (*authenticator, error) {
	if cfg == nil {
		return nil, nil //nolint:nilnil // nobody has to log in
	}
	a := &authenticator{failures: newFailures(now), trouble: trouble}
	if cfg.hasToken() {
		a.token = secretfile.New(string(cfg.Token), cfg.TokenFile)
		token, err := a.token.Read()
		if err != nil {
			return nil, fmt.Errorf("auth::token_file: %w", err)
		}
		if len(token) < shortestToken {
			return nil, fmt.Errorf("auth::token_file must hold at least %d characters, for example those of openssl rand -hex 32", shortestToken)
		}
		a.sessions = &sessions{lasts: cfg.Session, now: now}
	}
	if cfg.UsersFile != "" {
		a.users = newUserFile(cfg.UsersFile, now)
		if _, err := a.users.read(); err != nil {
			return nil, fmt.Errorf("auth::users_file: %w", err)
		}
	}
	return a, nil
}

// admit says who sent a request, or why it is not let in.
func (a *authenticator) admit(r *http.Request) (visitor, error) {
	if a == nil {
		if r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
			return visitor{name: r.TLS.PeerCertificates[0].Subject.CommonName, method: "certificate"}, nil
		}
		return visitor{method: "none"}, nil
	}
	if a.token != nil {
		token, err := a.token.Read()
		if err != nil {
			a.trouble("The token of the page cannot be read.", err)
			return visitor{}, errBroken
		}
		if c, err := r.Cookie(sessionCookie); err == nil && a.sessions.valid(token, c.Value) {
			return visitor{method: "session"}, nil
		}
	}
	kind, sent, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	switch {
	case a.token != nil && strings.EqualFold(kind, "Bearer"):
		return visitor{method: "token"}, a.tryToken(r, strings.TrimSpace(sent))
	case a.users != nil && strings.EqualFold(kind, "Basic"):
		name, password, _ := r.BasicAuth()
		return visitor{name: name, method: "basic"}, a.tryUser(r, name, password)
	case a.token == nil:
		return visitor{}, errNoUser
	}
	return visitor{}, errNoCredentials
}

// tryToken compares in constant time, and counts what is wrong.
func (a *authenticator) tryToken(r *http.Request, sent string) error {
	return a.try(r, func() (bool, error) {
		token, err := a.token.Read()
		// Sums have one length: the time tells nothing of that of the token.
		want, got := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(sent))
		return subtle.ConstantTimeCompare(want[:], got[:]) == 1, err
	})
}

// tryUser lets in at once who was let in a while ago: a hash costs some 50 ms.
func (a *authenticator) tryUser(r *http.Request, name, password string) error {
	if a.users.known(name, password) {
		return nil
	}
	return a.try(r, func() (bool, error) { return a.users.check(r.Context(), name, password) })
}

func (a *authenticator) try(r *http.Request, right func() (bool, error)) error {
	if !a.failures.mayTry(r.RemoteAddr) {
		return errTooMany
	}
	ok, err := right()
	switch {
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return errNoUser // nobody waits for the answer
	case err != nil:
		a.trouble("The secrets of the page cannot be read.", err)
		return errBroken
	case ok:
		return nil
	}
	if a.failures.count(r.RemoteAddr) {
		a.trouble("Too many wrong tokens or passwords: the address has to wait before it may try again.", errors.New(r.RemoteAddr))
	}
	return errWrong
}
