package agent

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

const oneIncident = `{"id":"a1","state":"acknowledged","severity":"critical","title":"The pool of inventory is exhausted.","start":"2026-03-02T10:00:00Z",
	"opened":"2026-03-02T10:00:15Z","changed":"2026-03-02T10:00:15Z","cause":"service:inventory","cause_why":"2 of 2 places in trouble need it","owner":"alice","known":"pool",
	"services":["inventory","web"],"hosts":[],"findings":[{"id":"f1","node":"service:inventory","role":"cause","why":"the cause","summary":"It is exhausted."}],
	"history":[{"time":"2026-03-02T10:00:15Z","what":"opened"},{"time":"2026-03-02T10:01:00Z","what":"acknowledged","by":"alice"}]}`

func TestIncidentsCommand(t *testing.T) {
	var got string
	console := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // the test looks at what there is
		got = fmt.Sprintf("%s %s %s", r.Method, r.URL.RequestURI(), body)
		switch {
		case r.Method == http.MethodPost:
			_, _ = io.WriteString(w, `{"message":"Done so."}`)
		case r.URL.Path == "/api/v1/incidents/a1":
			_, _ = io.WriteString(w, `{"incident":`+oneIncident+`}`)
		case r.URL.Path == "/api/v1/incidents":
			_, _ = io.WriteString(w, `{"enabled":true,"incidents":[`+oneIncident+`]}`)
		default:
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"error":"there is no such incident"}`)
		}
	}))
	t.Cleanup(console.Close)
	run := func(args ...string) string {
		t.Helper()
		out, err := execute(t, append([]string{"incidents", "--console-url", console.URL}, args...)...)
		require.NoError(t, err)
		return out
	}

	require.Contains(t, run(), "a1  critical  acknowledged by alice")
	require.Equal(t, "GET /api/v1/incidents?limit=1000&state=open ", got)
	run("list", "--all")
	require.Equal(t, "GET /api/v1/incidents?limit=1000 ", got)
	out := run("show", "a1")
	for _, text := range []string{"The pool of inventory is exhausted.", "service:inventory: 2 of 2 places", "learned.pool", "the cause  inventory  It is exhausted.", "acknowledged by alice"} {
		require.Contains(t, out, text)
	}
	require.Contains(t, run("show", "a1", "--json"), `"cause_why"`)
	require.Equal(t, "Done so.\n", run("ack", "a1", "--by", "alice"))
	require.Equal(t, `POST /api/v1/incidents/a1/acknowledge {"by":"alice"}`, got)
	run("noise", "a1", "--by", "alice", "--days", "7", "-m", "nightly")
	require.Equal(t, `POST /api/v1/incidents/a1/noise {"by":"alice","text":"nightly","days":7}`, got)
	run("cause", "a1", "--by", "alice", "--code", "pool", "--likely", "a leak")
	require.Contains(t, got, `"code":"pool"`)
	require.Contains(t, got, `"causes":["a leak"]`)

	_, err := execute(t, "incidents", "--console-url", console.URL, "show", "x")
	require.EqualError(t, err, "there is no such incident")
	_, err = execute(t, "incidents", "--console-url", "http://127.0.0.1:1")
	require.ErrorContains(t, err, "no agent answers")
}
