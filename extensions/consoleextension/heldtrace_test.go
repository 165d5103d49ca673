package consoleextension

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/localstore"
	"github.com/tidewatch/tidewatch/rootcause"
)

// holder holds one trace.
type holder struct{ trace rootcause.Trace }

func (h holder) Trace(string) (rootcause.Story, bool) { return rootcause.Story{}, false }

func (h holder) Held(id string) (*rootcause.Trace, bool) { return &h.trace, id == h.trace.ID }

func (h holder) Now() ([]rootcause.Trouble, []rootcause.Suspect) { return nil, nil }

func TestTraceOfAFindingIsFoundWhenThePageHasForgottenIt(t *testing.T) {
	mux := http.NewServeMux()
	a := &api{store: localstore.New(localstore.Options{}), causes: &causes{}, now: time.Now}
	a.register(mux)
	ask := func() *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v1/traces/ab", http.NoBody))
		return w
	}
	require.Equal(t, http.StatusNotFound, ask().Code)
	a.causes.x = holder{rootcause.Trace{ID: "ab", Spans: []rootcause.Span{
		{ID: "0", Service: "web", Operation: "GET /", Kind: rootcause.Server, Start: 100, Duration: 50},
		{ID: "1", Parent: "0", Service: "db", Operation: "SELECT", Kind: rootcause.Client, Start: 110, Duration: 60, Error: true},
	}}}
	w := ask()
	require.Equal(t, http.StatusOK, w.Code)
	require.JSONEq(t, `{
		"trace": {"id":"ab","name":"GET /","service":"web","services":["web","db"],"start":"100","duration":"70","spans":2,"errors":1},
		"spans": [
			{"span_id":"0","name":"GET /","kind":"Server","service":"web","start":"100","duration":"50","error":false},
			{"span_id":"1","parent_id":"0","name":"SELECT","kind":"Client","service":"db","start":"110","duration":"60","error":true}],
		"logs": []}`, w.Body.String())
}
