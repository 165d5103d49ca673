package consoleextension

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/extensiontest"

	"github.com/tidewatch/tidewatch/incident"
	"github.com/tidewatch/tidewatch/internal/localstore"
	"github.com/tidewatch/tidewatch/signals"
)

// engineDesk is a desk with an engine behind it.
type engineDesk struct {
	*incident.Engine

	at time.Time
}

func (d *engineDesk) Acknowledge(id, by string) error { return d.Engine.Acknowledge(id, by, d.at) }

func (d *engineDesk) Resolve(id, by, text string) error { return d.Engine.Resolve(id, by, text, d.at) }

func (d *engineDesk) Noise(id string, n incident.Noise) ([]incident.Suppression, error) {
	return d.Engine.Noise(id, n, d.at)
}

func (d *engineDesk) Cause(id string, l incident.Lesson) (incident.Entry, error) {
	return d.Engine.Cause(id, l, d.at)
}

// served is the page's handler, as a browser finds it, over two incidents.
func served(t *testing.T) (http.Handler, []incident.Incident) {
	t.Helper()
	e := incident.NewEngine(incident.Settings{})
	for _, s := range []string{"cart", "batch"} {
		e.Observe(incident.Finding{
			ID: s, Kind: signals.KindAlert, State: signals.StateOpen, Severity: signals.SeverityCritical, Start: goldenTime, Time: goldenTime,
			Summary: s + " is down.", Entity: []incident.Attr{{Key: "service.name", Value: s}}, Subject: []incident.Attr{{Key: "alert.name", Value: "Down"}},
		}, goldenTime)
	}
	e.Advance(goldenTime.Add(time.Minute))
	cfg := createDefaultConfig()
	c := &console{}
	c.ServeIncidents(&engineDesk{e, goldenTime.Add(2 * time.Minute)})
	set, err := NewFactory().Create(t.Context(), extensiontest.NewNopSettings(componentType), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, set.Shutdown(t.Context())) })
	return newHandler(cfg, "tide", set.(*console).telemetry, nil, &api{
		store: localstore.New(localstore.Options{}), pipeline: newPipelineWatch(""), incidents: &c.incidents, now: func() time.Time { return goldenTime.Add(2 * time.Minute) },
	}), e.Incidents()
}

func say(h http.Handler, path, body string, headers ...string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:4320"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	h.ServeHTTP(w, r)
	return w
}

func TestIncidentsAreSeenTo(t *testing.T) {
	h, all := served(t)
	require.Len(t, all, 2)
	list := func(query string) (open int, found []incident.Incident) {
		w := ask(h, "http://127.0.0.1:4320/api/v1/incidents"+query)
		require.Equal(t, http.StatusOK, w.Code)
		var answer struct {
			Open      int
			Incidents []incident.Incident
		}
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
		return answer.Open, answer.Incidents
	}
	open, found := list("?limit=1")
	require.Equal(t, 2, open)
	require.Len(t, found, 1)

	one := incidentPath + all[0].ID
	require.Equal(t, http.StatusOK, ask(h, "http://127.0.0.1:4320"+one).Code)
	require.Equal(t, http.StatusNotFound, ask(h, "http://127.0.0.1:4320"+incidentPath+"x").Code)
	for _, c := range []struct {
		action, body string
		code         int
		says         string
	}{
		{"acknowledge", `{"by":"alice"}`, http.StatusOK, "alice takes care"},
		{"acknowledge", `{}`, http.StatusBadRequest, "by must say"},
		{"acknowledge", `[`, http.StatusBadRequest, "must be JSON"},
		{"acknowledge", `{"by":"` + strings.Repeat("x", maxAction) + `"}`, http.StatusBadRequest, "at most"},
		{"cause", `{"by":"alice","text":"The pool is too small.","entry":{"code":"pool","class":"limit"}}`, http.StatusOK, "learned.pool"},
		{"cause", `{"by":"alice","entry":{"class":"weather"}}`, http.StatusBadRequest, "class must be one of"},
		{"noise", `{"by":"alice","days":400}`, http.StatusBadRequest, "days must be"},
		{"noise", `{"by":"alice","text":"nightly","days":7}`, http.StatusOK, "makes no incident until"},
		{"resolve", `{"by":"alice"}`, http.StatusConflict, "it is resolved"},
		{"delete", `{"by":"alice"}`, http.StatusNotFound, "acknowledge, resolve"},
	} {
		w := say(h, one+"/"+c.action, c.body)
		require.Equal(t, c.code, w.Code, "%s %s: %s", c.action, c.body, w.Body)
		require.Contains(t, w.Body.String(), c.says)
	}
	w := ask(h, "http://127.0.0.1:4320/api/v1/suppressions")
	require.Contains(t, w.Body.String(), `"reason":"nightly"`)
	open, found = list("?state=open")
	require.Equal(t, 1, open)
	require.Len(t, found, 1)
	require.Equal(t, http.StatusOK, say(h, incidentPath+all[1].ID+"/resolve", `{"by":"alice","text":"restarted"}`).Code)
}

// Another site that a person visits cannot see to incidents.
func TestOtherSitesCannotAct(t *testing.T) {
	h, all := served(t)
	path := incidentPath + all[0].ID + "/acknowledge"
	for _, headers := range [][]string{
		{"Sec-Fetch-Site", "cross-site"},
		{"Sec-Fetch-Site", "same-site"},
		{"Origin", "http://evil.example"},
		{"Content-Type", "text/plain"},
		{"Content-Type", "application/x-www-form-urlencoded"},
	} {
		require.Equal(t, http.StatusMethodNotAllowed, say(h, path, `{"by":"eve"}`, headers...).Code, "%v", headers)
	}
	require.Equal(t, http.StatusMethodNotAllowed, say(h, "/api/v1/overview", `{}`).Code)
	for _, headers := range [][]string{{"Sec-Fetch-Site", "same-origin", "Origin", "http://127.0.0.1:4320"}, nil} {
		require.Equal(t, http.StatusOK, say(h, path, `{"by":"alice"}`, headers...).Code, "%v", headers)
	}
}

func TestWithoutIncidentConnector(t *testing.T) {
	h := goldenAPI()
	w := ask(h, "/api/v1/incidents")
	require.Equal(t, http.StatusOK, w.Code)
	require.Contains(t, w.Body.String(), `"enabled":false`)
	require.Equal(t, http.StatusServiceUnavailable, ask(h, "/api/v1/incidents/1").Code)
	require.Equal(t, http.StatusServiceUnavailable, ask(h, "/api/v1/suppressions").Code)
}
