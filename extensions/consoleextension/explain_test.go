package consoleextension

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/localstore"
	"github.com/tidewatch/tidewatch/rootcause"
	"github.com/tidewatch/tidewatch/signals"
)

// oneTrace explains the trace ab only.
type oneTrace struct{}

func (oneTrace) Trace(id string) (rootcause.Story, bool) {
	if id != "ab" {
		return rootcause.Story{}, false
	}
	return rootcause.Explain(&rootcause.Trace{ID: "ab", Spans: []rootcause.Span{
		{ID: "1", Service: "web", Operation: "GET /", Kind: rootcause.Server, Start: goldenTime.UnixNano(), Duration: time.Second, Host: "tide"},
	}}, nil), true
}

func (oneTrace) Held(string) (*rootcause.Trace, bool) { return nil, false }

func (oneTrace) Now() ([]rootcause.Trouble, []rootcause.Suspect) {
	return []rootcause.Trouble{{Service: "web", Operation: "GET /", Ratio: 3}}, []rootcause.Suspect{{Service: "web", Confidence: 0.9}}
}

func TestExplain(t *testing.T) {
	s := localstore.New((&Config{MaxLogs: 10, MaxTraces: 10, MaxSpans: 10}).storeOptions())
	s.PutSpan(localstore.Span{TraceID: "ab", SpanID: "1", Name: "GET /", Kind: "Server", Service: "web", Start: goldenTime.UnixNano(), Duration: 1e9})
	f := localstore.Finding{ID: "1", Kind: signals.KindMetricAnomaly, State: signals.StateOpen, Summary: "CPU is busy"}
	f.Entity = []localstore.Attr{{Key: signals.AttrHostName, Value: "tide"}}
	s.PutFinding(f)
	c := &causes{}
	a := &api{store: s, pipeline: newPipelineWatch(""), causes: c, now: func() time.Time { return goldenTime }}
	mux := http.NewServeMux()
	a.register(mux)
	require.Contains(t, ask(mux, "/api/v1/explain?trace=ab").Body.String(), "add the root_cause connector")

	c.x = oneTrace{}
	var e explanation
	w := ask(mux, "/api/v1/explain?trace=ab")
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &e))
	require.Equal(t, "web", e.Story.Culprit.Service)
	require.Len(t, e.Findings, 1, "what is known of the culprit's host")

	w = ask(mux, "/api/v1/explain?service=web&since_seconds=60")
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	e = explanation{}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &e))
	require.Len(t, e.Troubles, 1)
	require.Equal(t, "web", e.Suspects[0].Service)
	require.Len(t, e.Stories, 1)

	require.Equal(t, http.StatusNotFound, ask(mux, "/api/v1/explain?trace=cd").Code)
	require.Equal(t, http.StatusBadRequest, ask(mux, "/api/v1/explain").Code)
	require.Equal(t, http.StatusBadRequest, ask(mux, "/api/v1/explain?trace=ab&service=web").Code)
}
