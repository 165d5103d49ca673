package consoleextension

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"sync"
	"time"
)

const (
	sessionCookie = "tidewatch_session"
	// maxEnded is how many sessions that were logged out are remembered one by one.
	maxEnded = 256
	// nonceSize and sessionSize are in bytes: when it began, a random number and the sum.
	nonceSize   = 16
	sessionSize = 8 + nonceSize + sha256.Size
)

// sessions are what browsers hold instead of the token: a cookie that is signed with it,
// so that it holds across a restart of the agent and ends when the token is replaced.
type sessions struct {
	lasts time.Duration
	now   func() time.Time

	mu    sync.Mutex                    // guards the rest
	ended map[[nonceSize]byte]time.Time // logged out, and when they would have ended
	since time.Time                     // sessions that began before it have ended
}

// begin makes a session of one who showed the token.
func (s *sessions) begin(token string) string {
	p := make([]byte, 8+nonceSize, sessionSize)
	binary.BigEndian.PutUint64(p, uint64(s.now().UnixNano())) //nolint:gosec // after 1970
	_, _ = rand.Read(p[8:])                                   // never fails
	return base64.RawURLEncoding.EncodeToString(append(p, sign(token, p)...))
}

// valid reports whether the session was made with this token and has not ended.
func (s *sessions) valid(token, session string) bool {
	began, nonce, ok := open(token, session)
	now := s.now()
	if !ok || now.Before(began.Add(-time.Minute)) || now.Sub(began) >= s.lasts {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, over := s.ended[nonce]
	return !over && began.After(s.since)
}

// end logs a session out. When too many did at once, all end that began until now.
func (s *sessions) end(token, session string) {
	began, nonce, ok := open(token, session)
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	for n, until := range s.ended {
		if !now.Before(until) {
			delete(s.ended, n)
		}
	}
	if s.ended == nil || len(s.ended) >= maxEnded {
		if s.ended != nil {
			s.since = now
		}
		s.ended = map[[nonceSize]byte]time.Time{}
	}
	s.ended[nonce] = began.Add(s.lasts)
}

func open(token, session string) (began time.Time, nonce [nonceSize]byte, ok bool) {
	p, err := base64.RawURLEncoding.DecodeString(session)
	if err != nil || len(p) != sessionSize || !hmac.Equal(p[8+nonceSize:], sign(token, p[:8+nonceSize])) {
		return time.Time{}, nonce, false
	}
	copy(nonce[:], p[8:])
	return time.Unix(0, int64(binary.BigEndian.Uint64(p))), nonce, true //nolint:gosec // signed by us
}

func sign(token string, p []byte) []byte {
	key := sha256.Sum256([]byte("session of the Tidewatch page\x00" + token))
	m := hmac.New(sha256.New, key[:])
	m.Write(p)
	return m.Sum(nil)
}

// cookie holds a session; an empty one takes it away.
func (s *sessions) cookie(session string, secure bool) *http.Cookie {
	c := &http.Cookie{Name: sessionCookie, Value: session, Path: "/", HttpOnly: true, Secure: secure, SameSite: http.SameSiteStrictMode}
	if c.MaxAge = int(s.lasts.Seconds()); session == "" {
		c.MaxAge = -1
	}
	return c
}
