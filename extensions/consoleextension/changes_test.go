package consoleextension

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/localstore"
	"github.com/tidewatch/tidewatch/signals"
)

func TestChanges(t *testing.T) {
	s := localstore.New(localstore.Options{})
	at := func(minutes int) time.Time { return goldenTime.Add(time.Duration(minutes) * time.Minute) }
	put := func(id, state, severity string, minutes int) {
		s.PutFinding(localstore.Finding{ID: id, Kind: signals.KindPatternFlood, State: state, Severity: severity, Start: at(minutes), Time: at(minutes), Summary: id, Attrs: []localstore.Attr{{Key: signals.AttrPatternID, Value: "known"}}})
	}
	put("old", signals.StateOpen, signals.SeverityInfo, -70)
	put("old", signals.StateUpdated, signals.SeverityInfo, -65)
	put("old", signals.StateUpdated, signals.SeverityCritical, -30)
	put("old", signals.StateResolved, signals.SeverityCritical, -20)
	put("old", signals.StateOpen, signals.SeverityInfo, -10)
	put("brief", signals.StateOpen, signals.SeverityWarning, -15) // told when it was over
	put("brief", signals.StateResolved, signals.SeverityWarning, -15)
	line := func(id string, minutes int) {
		s.PutLog(at(minutes), localstore.LogLine{Time: at(minutes), Severity: 17, Pattern: id, Template: "template " + id})
	}
	line("first", -89)                  // everything is new so soon after the start
	line("known", -5)                   // a finding tells of it
	for i := range maxNewPatterns + 2 { // the two oldest are counted only
		line(fmt.Sprintf("p%02d", i), -50+i)
	}
	mux := http.NewServeMux()
	a := &api{store: s, pipeline: newPipelineWatch(""), started: at(-90), now: func() time.Time { return goldenTime }}
	a.register(mux)
	w := ask(mux, "/api/v1/changes")
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	var got struct {
		Total   int      `json:"total"`
		Changes []change `json:"changes"`
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got))
	require.Equal(t, 5+maxNewPatterns, got.Total)
	require.Equal(t, change{Time: goldenTime.Unix(), What: "patterns_new", Text: "2 further log patterns are new."}, got.Changes[0])
	var told []string
	for _, c := range got.Changes[1:5] {
		told = append(told, c.What+" "+c.Finding)
	}
	require.Equal(t, []string{"finding_opened old", "finding_opened brief", "finding_resolved old", "finding_worse old"}, told)
	require.Equal(t, change{Time: at(-39).Unix(), What: "pattern_new", Severity: signals.SeverityCritical, Text: "template p11", Pattern: "p11"}, got.Changes[5])
	require.Len(t, got.Changes, 5+maxNewPatterns)

	w = ask(mux, "/api/v1/changes?window_seconds=660&limit=1")
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got))
	require.Equal(t, 1, got.Total)
	require.Equal(t, "old", got.Changes[0].Finding)
}
