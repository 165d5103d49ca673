package consoleextension

import (
	"errors"
	"net/http"
)

const (
	loginPath   = "/login"
	logoutPath  = "/logout"
	sessionPath = apiPath + "session"
)

// loginPaths are what who is not logged in may see: the form with its files, and whether
// there is a need to log in.
var loginPaths = map[string]bool{
	loginPath: true, logoutPath: true, sessionPath: true,
	"/js/login.js": true, "/js/theme.js": true, "/css/login.css": true, "/icon.svg": true,
}

// login serves the form for the token, which becomes a session.
type login struct {
	auth  *authenticator
	files static
	// secure says that browsers come by TLS, although the agent does not see it.
	secure bool
}

// sessionAnswer says who asks, and how it is known.
type sessionAnswer struct {
	// Method is none, token, session, basic or certificate.
	Method        string `json:"method"`
	Authenticated bool   `json:"authenticated"`
	User          string `json:"user"`
}

func (l *login) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	post := r.Method == http.MethodPost
	switch {
	case r.URL.Path == sessionPath:
		v, err := l.auth.admit(r)
		writeJSON(w, http.StatusOK, sessionAnswer{Method: v.method, Authenticated: err == nil, User: v.name})
	case r.URL.Path == logoutPath && post:
		l.leave(w, r)
	case r.URL.Path == logoutPath:
		w.Header().Set("Allow", http.MethodPost)
		writeError(w, http.StatusMethodNotAllowed, "send POST to log out")
	case r.URL.Path != loginPath:
		l.files.ServeHTTP(w, r)
	case l.auth == nil || l.auth.token == nil: // there is no form
		http.Redirect(w, r, "/", http.StatusSeeOther)
	case post:
		l.enter(w, r)
	default:
		l.files.serve(w, r, "/login.html")
	}
}

// enter makes a session of the token that the form sent.
func (l *login) enter(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	sent := r.PostFormValue("token")
	err := l.auth.tryToken(r, sent)
	switch {
	case errors.Is(err, errTooMany):
		http.Redirect(w, r, "/login?wait", http.StatusSeeOther)
	case err != nil:
		http.Redirect(w, r, "/login?wrong", http.StatusSeeOther)
	default:
		http.SetCookie(w, l.auth.sessions.cookie(l.auth.sessions.begin(sent), l.secure || r.TLS != nil))
		http.Redirect(w, r, "/", http.StatusSeeOther)
	}
}

// leave ends the session, if there is one.
func (l *login) leave(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if l.auth != nil && l.auth.token != nil {
		token, err := l.auth.token.Read()
		if c, e := r.Cookie(sessionCookie); e == nil && err == nil {
			l.auth.sessions.end(token, c.Value)
		}
		http.SetCookie(w, l.auth.sessions.cookie("", l.secure || r.TLS != nil))
	}
	http.Redirect(w, r, loginPath, http.StatusSeeOther)
}
