package consoleextension

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"golang.org/x/crypto/bcrypt"

	"github.com/tidewatch/tidewatch/internal/localstore"
)

const testToken = "correct-horse-battery-staple"

// door is the page with a login, at a time that the test sets.
type door struct {
	http.Handler

	now      time.Time
	auth     *authenticator
	troubles []string
}

func newDoor(t *testing.T, auth AuthConfig) *door {
	t.Helper()
	d := &door{now: goldenTime}
	if auth.Session == 0 {
		auth.Session = 12 * time.Hour
	}
	clock := func() time.Time { return d.now }
	var err error
	d.auth, err = newAuthenticator(&auth, clock, func(m string, err error) { d.troubles = append(d.troubles, m+" "+err.Error()) })
	require.NoError(t, err)
	cfg := createDefaultConfig()
	e, err := NewFactory().Create(t.Context(), extensiontest.NewNopSettings(componentType), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Shutdown(t.Context())) })
	d.Handler = newHandler(cfg, "tide", e.(*console).telemetry, d.auth, &api{
		store: localstore.New(localstore.Options{}), pipeline: newPipelineWatch(""), incidents: &incidents{}, now: clock,
	})
	return d
}

// knock asks with headers, as name and value.
func (d *door) knock(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(method, "http://127.0.0.1:4320"+path, strings.NewReader(body))
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "From" { // the address of who asks
			r.RemoteAddr = headers[i+1]
			continue
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	d.ServeHTTP(w, r)
	return w
}

func (d *door) login(token string, headers ...string) *httptest.ResponseRecorder {
	return d.knock(http.MethodPost, loginPath, url.Values{"token": {token}}.Encode(),
		append([]string{"Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin"}, headers...)...)
}

const overviewPath = "/api/v1/overview"

func TestProgramsShowTheToken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(path, []byte(testToken+"\n"), 0o600))
	d := newDoor(t, AuthConfig{TokenFile: path})
	for _, p := range []string{overviewPath, "/api/v1/incidents", "/api/v1/nothing", "/index.html", "/js/main.js"} {
		w := d.knock(http.MethodGet, p, "")
		require.Equal(t, http.StatusUnauthorized, w.Code, p)
		require.Equal(t, `Bearer realm="Tidewatch"`, w.Header().Get("WWW-Authenticate"))
		require.Contains(t, w.Header().Get("Content-Security-Policy"), "default-src 'none'")
	}
	require.Equal(t, http.StatusOK, d.knock(http.MethodGet, overviewPath, "", "Authorization", "Bearer "+testToken).Code)
	require.Equal(t, http.StatusOK, d.knock(http.MethodGet, overviewPath, "", "Authorization", "bearer "+testToken).Code)
	for _, wrong := range []string{"Bearer x", "Bearer ", "Bearer " + testToken[1:], "Bearer " + testToken + "e"} {
		w := d.knock(http.MethodGet, overviewPath, "", "Authorization", wrong)
		require.Equal(t, http.StatusUnauthorized, w.Code, wrong)
		require.NotContains(t, w.Body.String(), testToken)
	}
	require.Equal(t, http.StatusUnauthorized, d.knock(http.MethodGet, overviewPath, "", "Authorization", "Basic "+testToken).Code)

	// Another token in the file is the token from then on.
	require.NoError(t, os.WriteFile(path, []byte("another-token-of-enough-letters"), 0o600))
	require.Equal(t, http.StatusUnauthorized, d.knock(http.MethodGet, overviewPath, "", "Authorization", "Bearer "+testToken).Code)
	require.Equal(t, http.StatusOK, d.knock(http.MethodGet, overviewPath, "", "Authorization", "Bearer another-token-of-enough-letters").Code)
	require.NoError(t, os.Remove(path))
	w := d.knock(http.MethodGet, overviewPath, "", "Authorization", "Bearer another-token-of-enough-letters")
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.NotContains(t, w.Body.String(), path, "who is not let in learns nothing of the machine")
	require.Contains(t, d.troubles[0], path)
}

func TestPeopleLogInAndOut(t *testing.T) {
	d := newDoor(t, AuthConfig{Token: testToken})
	w := d.knock(http.MethodGet, "/", "", "Accept", "text/html,*/*")
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.Equal(t, "/login", w.Header().Get("Location"))
	form := d.knock(http.MethodGet, "/login", "")
	require.Equal(t, http.StatusOK, form.Code)
	for part := range strings.SplitSeq(form.Body.String(), `"`) {
		if strings.HasPrefix(part, "/") {
			require.Contains(t, []int{http.StatusOK, http.StatusSeeOther}, d.knock(http.MethodGet, part, "").Code, "%s is seen before anybody is logged in", part)
		}
	}
	require.JSONEq(t, `{"method":"","authenticated":false,"user":""}`, d.knock(http.MethodGet, sessionPath, "").Body.String())

	w = d.login("hunter2")
	require.Equal(t, "/login?wrong", w.Header().Get("Location"))
	require.Empty(t, w.Header().Get("Set-Cookie"))
	w = d.login(testToken, "Sec-Fetch-Site", "cross-site")
	require.Equal(t, http.StatusMethodNotAllowed, w.Code, "no other site can log a person in")
	w = d.login(testToken)
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.Equal(t, "/", w.Header().Get("Location"))
	cookie := w.Header().Get("Set-Cookie")
	require.Contains(t, cookie, "; HttpOnly; SameSite=Strict")
	require.Contains(t, cookie, "Max-Age=43200")
	require.NotContains(t, cookie, testToken)
	session, _, _ := strings.Cut(cookie, ";")

	in := func(session string) int { return d.knock(http.MethodGet, overviewPath, "", "Cookie", session).Code }
	require.Equal(t, http.StatusOK, in(session))
	require.Equal(t, http.StatusOK, d.knock(http.MethodGet, "/", "", "Cookie", session).Code)
	require.JSONEq(t, `{"method":"session","authenticated":true,"user":""}`, d.knock(http.MethodGet, sessionPath, "", "Cookie", session).Body.String())
	require.Equal(t, http.StatusUnauthorized, in(session[:len(session)-2]))
	require.Equal(t, http.StatusUnauthorized, in(strings.Replace(session, "=", "=A", 1)))
	d.now = d.now.Add(12*time.Hour - time.Second)
	require.Equal(t, http.StatusOK, in(session))
	d.now = d.now.Add(time.Second)
	require.Equal(t, http.StatusUnauthorized, in(session), "a session ends")

	one, _, _ := strings.Cut(d.login(testToken).Header().Get("Set-Cookie"), ";")
	two, _, _ := strings.Cut(d.login(testToken).Header().Get("Set-Cookie"), ";")
	require.Equal(t, http.StatusMethodNotAllowed, d.knock(http.MethodGet, logoutPath, "", "Cookie", one).Code)
	w = d.knock(http.MethodPost, logoutPath, "", "Cookie", one)
	require.Contains(t, w.Header().Get("Set-Cookie"), "Max-Age=0")
	require.Equal(t, http.StatusUnauthorized, in(one), "a copy of the cookie is worth nothing")
	require.Equal(t, http.StatusOK, in(two))
}

// Logging out often costs memory of a bound, and never lets one in who is out.
func TestSessionsThatEndedAreBounded(t *testing.T) {
	now := goldenTime
	s := &sessions{lasts: time.Hour, now: func() time.Time { return now }}
	var all []string
	for range 3 * maxEnded {
		now = now.Add(time.Millisecond)
		v := s.begin(testToken)
		require.True(t, s.valid(testToken, v))
		s.end(testToken, v)
		all = append(all, v)
	}
	for _, v := range all {
		require.False(t, s.valid(testToken, v))
	}
	require.LessOrEqual(t, len(s.ended), maxEnded)
	now = now.Add(time.Millisecond)
	v := s.begin(testToken)
	require.True(t, s.valid(testToken, v))
	require.False(t, s.valid("another token of enough letters", v), "a new token ends all sessions")
}

func TestWrongTokensAreLimited(t *testing.T) {
	d := newDoor(t, AuthConfig{Token: testToken})
	try := func(token, from string) int {
		return d.knock(http.MethodGet, overviewPath, "", "Authorization", "Bearer "+token, "From", from).Code
	}
	session, _, _ := strings.Cut(d.login(testToken).Header().Get("Set-Cookie"), ";")
	for range maxFailures {
		require.Equal(t, http.StatusUnauthorized, try("wrong", "10.0.0.7:4711"))
	}
	w := d.knock(http.MethodGet, overviewPath, "", "Authorization", "Bearer wrong", "From", "10.0.0.7:4712")
	require.Equal(t, http.StatusTooManyRequests, w.Code)
	require.Equal(t, "60", w.Header().Get("Retry-After"))
	require.Equal(t, http.StatusTooManyRequests, try(testToken, "10.0.0.7:1"), "the right one, too: else guessing would go on")
	require.Equal(t, "/login?wait", d.login(testToken, "From", "10.0.0.7:1").Header().Get("Location"))
	require.Equal(t, http.StatusOK, try(testToken, "10.0.0.8:1"), "others are not in it")
	require.Equal(t, http.StatusOK, d.knock(http.MethodGet, overviewPath, "", "Cookie", session, "From", "10.0.0.7:1").Code, "nor who is in")
	require.Len(t, d.troubles, 1)
	d.now = d.now.Add(forgiveAfter)
	require.Equal(t, http.StatusOK, try(testToken, "10.0.0.7:1"))
	for range maxFailures {
		try("wrong", "[2001:db8::1]:1")
	}
	require.Equal(t, http.StatusTooManyRequests, try(testToken, "[2001:db8::ffff]:1"), "a machine has a network")

	for i := range 2 * maxAddresses {
		try("wrong", fmt.Sprintf("10.%d.%d.9:1", i/256, i%256))
	}
	require.LessOrEqual(t, len(d.auth.failures.by), maxAddresses)
	require.Equal(t, http.StatusTooManyRequests, try(testToken, "10.200.0.1:1"), "addresses that have no room share a count")
	d.now = d.now.Add(maxFailures * maxAddresses * forgiveAfter)
	require.Equal(t, http.StatusOK, try(testToken, "10.200.0.1:1"))
	require.Equal(t, http.StatusUnauthorized, try("wrong", "10.200.0.1:1"))
	require.Less(t, len(d.auth.failures.by), 10, "what is forgiven is forgotten")
}

func writeUsers(t *testing.T, path string, users map[string]string) {
	t.Helper()
	var b strings.Builder
	b.WriteString("# who looks after this host\n\n")
	for name, password := range users {
		hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
		require.NoError(t, err)
		fmt.Fprintf(&b, "%s:%s\n", name, hash)
	}
	require.NoError(t, os.WriteFile(path, []byte(b.String()), 0o600))
}

func basic(name, password string) string {
	r, _ := http.NewRequest(http.MethodGet, "/", http.NoBody)
	r.SetBasicAuth(name, password)
	return r.Header.Get("Authorization")
}

func TestUsersShowPasswords(t *testing.T) {
	path := filepath.Join(t.TempDir(), "users")
	writeUsers(t, path, map[string]string{"alice": "wonderland", "bob": "builder"})
	d := newDoor(t, AuthConfig{UsersFile: path})
	w := d.knock(http.MethodGet, "/", "", "Accept", "text/html")
	require.Equal(t, http.StatusUnauthorized, w.Code)
	require.Equal(t, `Basic realm="Tidewatch", charset="UTF-8"`, w.Header().Get("WWW-Authenticate"), "the browser asks")
	code := func(name, password string) int {
		return d.knock(http.MethodGet, overviewPath, "", "Authorization", basic(name, password)).Code
	}
	for range 3 {
		require.Equal(t, http.StatusOK, code("alice", "wonderland"))
	}
	require.JSONEq(t, `{"method":"basic","authenticated":true,"user":"alice"}`,
		d.knock(http.MethodGet, sessionPath, "", "Authorization", basic("alice", "wonderland")).Body.String())
	for _, wrong := range [][2]string{{"alice", "builder"}, {"eve", "wonderland"}, {"alice", ""}} {
		require.Equal(t, http.StatusUnauthorized, code(wrong[0], wrong[1]), "%q", wrong)
	}
	require.Equal(t, http.StatusSeeOther, d.knock(http.MethodGet, "/login", "").Code, "there is no form")

	// Whose line is gone or new is out, however short ago they were let in.
	writeUsers(t, path, map[string]string{"alice": "looking-glass", "carol": "sing"})
	require.Equal(t, http.StatusUnauthorized, code("alice", "wonderland"))
	require.Equal(t, http.StatusOK, code("alice", "looking-glass"))
	require.Equal(t, http.StatusUnauthorized, code("bob", "builder"))
}

func TestTokenAndUsersTogether(t *testing.T) {
	path := filepath.Join(t.TempDir(), "users")
	writeUsers(t, path, map[string]string{"alice": "wonderland"})
	d := newDoor(t, AuthConfig{UsersFile: path, Token: testToken})
	require.Equal(t, http.StatusOK, d.knock(http.MethodGet, overviewPath, "", "Authorization", basic("alice", "wonderland")).Code)
	require.Equal(t, http.StatusOK, d.knock(http.MethodGet, overviewPath, "", "Authorization", "Bearer "+testToken).Code)
	require.Equal(t, http.StatusSeeOther, d.knock(http.MethodGet, "/", "", "Accept", "text/html").Code)
}

// An unknown name must take as long as a known one: its hash is a real one.
func TestTheHashOfNobodyIsOne(t *testing.T) {
	cost, err := bcrypt.Cost([]byte(nobody))
	require.NoError(t, err)
	require.Equal(t, bcrypt.DefaultCost, cost)
	require.ErrorIs(t, bcrypt.CompareHashAndPassword([]byte(nobody), []byte("x")), bcrypt.ErrMismatchedHashAndPassword)
}

func TestWrongSecretsStopTheStart(t *testing.T) {
	dir := t.TempDir()
	file := func(text string) string {
		path := filepath.Join(dir, fmt.Sprint(len(text)))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	for _, c := range []struct {
		auth AuthConfig
		want string
	}{
		{AuthConfig{TokenFile: filepath.Join(dir, "none")}, "auth::token_file: look at secret"},
		{AuthConfig{TokenFile: file("short")}, "auth::token_file must hold at least 16 characters"},
		{AuthConfig{UsersFile: filepath.Join(dir, "none")}, "auth::users_file: look at users"},
		{AuthConfig{UsersFile: file("# nobody\n")}, "the file has no user"},
		{AuthConfig{UsersFile: file("\nalice:wonderland\n")}, "line 2 must be name:hash"},
		{AuthConfig{UsersFile: file(strings.Repeat("#", maxUsersFile+1))}, "at most"},
	} {
		_, err := newAuthenticator(&c.auth, time.Now, nil)
		require.ErrorContains(t, err, c.want)
		require.NotContains(t, err.Error(), "wonderland")
	}
}

func FuzzSession(f *testing.F) {
	s := &sessions{lasts: time.Hour, now: func() time.Time { return goldenTime }}
	f.Add("")
	f.Add(s.begin("some other token of length"))
	f.Fuzz(func(t *testing.T, value string) {
		if s.valid(testToken, value) {
			t.Fatal("a session that nobody made")
		}
		s.end(testToken, value)
	})
}

func FuzzUsers(f *testing.F) {
	f.Add([]byte("alice:" + nobody))
	f.Add([]byte("a:b\n#\n:"))
	f.Fuzz(func(t *testing.T, text []byte) {
		users, err := parseUsers(text)
		if err == nil && (len(users) == 0 || users[""] != "") {
			t.Fatal(users)
		}
	})
}

// Everything that is refused is answered in JSON, so that a page can say it.
func TestRefusalsAreSentences(t *testing.T) {
	d := newDoor(t, AuthConfig{Token: testToken})
	var answer struct{ Error string }
	require.NoError(t, json.Unmarshal(d.knock(http.MethodGet, overviewPath, "").Body.Bytes(), &answer))
	require.Contains(t, answer.Error, "Authorization: Bearer")
}
