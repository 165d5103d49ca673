package agent

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/rootcause"
)

func TestExplain(t *testing.T) {
	story := rootcause.Explain(&rootcause.Trace{ID: "ab", Spans: []rootcause.Span{
		{ID: "1", Service: "shop", Operation: "POST /order", Kind: rootcause.Server, Start: 1e18, Duration: 400 * time.Millisecond},
		{ID: "2", Parent: "1", Service: "shop", Operation: "reserve", Kind: rootcause.Client, Start: 1e18 + 5e6, Duration: 390 * time.Millisecond},
		{ID: "3", Parent: "2", Service: "inventory", Operation: "Reserve", Kind: rootcause.Server, Start: 1e18 + 6e6, Duration: 388 * time.Millisecond, Host: "node-2"},
	}}, nil)
	answer := map[string]any{}
	agent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path != "/api/v1/explain":
			w.WriteHeader(http.StatusNotFound)
		case r.FormValue("trace") == "ab":
			answer["story"] = story
		case r.FormValue("service") == "shop":
			delete(answer, "story")
			answer["stories"] = []rootcause.Story{story}
			answer["troubles"] = []rootcause.Trouble{{Service: "shop", Operation: "POST /order", Ratio: 5.9, FailedNow: 0.125}}
			answer["suspects"] = []rootcause.Suspect{{Service: "inventory", Host: "node-2", Confidence: 0.97, Clues: []rootcause.Clue{{Channel: rootcause.OwnErrors, Strength: 1, Text: "Reserve fails by itself"}}}}
		default:
			w.WriteHeader(http.StatusNotFound)
			answer = map[string]any{"error": "there is no such trace; it may have been evicted"}
		}
		answer["logs"] = []any{map[string]any{"time": 1, "service": "inventory", "body": "connection pool exhausted\nat Pool.get"}}
		require.NoError(t, json.NewEncoder(w).Encode(answer))
	}))
	defer agent.Close()

	out, err := execute(t, "explain", "ab", "--console-url", agent.URL)
	require.NoError(t, err)
	require.Contains(t, out, "      inventory  Reserve  388ms (388ms of its own)\n")
	require.Contains(t, out, "Culprit: inventory on node-2: Reserve of inventory itself took 388 ms of 400 ms.\n")
	require.Contains(t, out, "inventory  connection pool exhausted\n")

	out, err = execute(t, "explain", "--service", "shop", "--since", "15m", "--console-url", agent.URL)
	require.NoError(t, err)
	require.Contains(t, out, "POST /order at shop takes 5.9 times as long as usual; 12.5 % fail, usually 0 %.\n")
	require.Contains(t, out, "1. inventory on node-2, confidence 0.97\n     own errors: Reserve fails by itself\n")

	_, err = execute(t, "explain", "cd", "--console-url", agent.URL)
	require.EqualError(t, err, "there is no such trace; it may have been evicted")
	_, err = execute(t, "explain")
	require.EqualError(t, err, "give a trace id, or --service")
}

func TestRootCause(t *testing.T) {
	dir := t.TempDir()
	_, err := execute(t, "rootcause", dir)
	require.ErrorContains(t, err, "case.json")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "case.json"), []byte(`{"window":{"start_unix":1800000000}}`), 0o600))
	out, err := execute(t, "rootcause", dir)
	require.NoError(t, err)
	require.Equal(t, "[]\n", out, "nothing is known")
}
