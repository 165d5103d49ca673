package consoleextension

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/tidewatch/tidewatch/incident"
)

const (
	// incidentPath is where the API takes more than GET.
	incidentPath = "/api/v1/incidents/"
	// maxAction bounds what a person says, in bytes.
	maxAction = 64 << 10
	// noiseDays is how long noise is noise where the person does not say; a month is
	// soon enough to look again.
	noiseDays = 30
	// maxNoiseDays is how long it may be.
	maxNoiseDays = 366
)

// incidents holds the desk that the incident connector offers.
type incidents struct {
	mu   sync.Mutex // guards desk
	desk incident.Desk
}

func (i *incidents) get() incident.Desk {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.desk
}

// ServeIncidents makes the desk part of the page and its API. The incident connector
// calls it when it starts.
func (c *console) ServeIncidents(desk incident.Desk) {
	c.incidents.mu.Lock()
	defer c.incidents.mu.Unlock()
	c.incidents.desk = desk
}

// registerIncidents adds the API of incidents, which docs/incidents.md describes.
func (a *api) registerIncidents(mux router) {
	for route, answer := range map[string]func(*query) (any, error){
		"incidents":      a.incidentList,
		"incidents/{id}": a.oneIncident,
		"suppressions":   a.suppressions,
	} {
		mux.HandleFunc("GET /api/v1/"+route, func(w http.ResponseWriter, r *http.Request) { serve(w, r, answer) })
	}
	mux.HandleFunc("POST "+incidentPath+"{id}/{action}", func(w http.ResponseWriter, r *http.Request) { serve(w, r, a.act) })
}

// desk is what serves incidents, or an error that says how to get one.
func (a *api) desk() (incident.Desk, error) {
	if a.incidents != nil {
		if d := a.incidents.get(); d != nil {
			return d, nil
		}
	}
	return nil, &apiError{http.StatusServiceUnavailable, "there are no incidents: no incident connector is part of the pipelines"}
}

// incidentList lists incidents, those that hold first; state=open leaves the others out.
func (a *api) incidentList(q *query) (any, error) {
	state, limit := q.text("state"), q.limit(100)
	out := []incident.Incident{}
	desk, err := a.desk()
	if err != nil { // an agent without incidents has none
		return map[string]any{"time": a.now().Unix(), "open": 0, "incidents": out, "enabled": false}, nil //nolint:nilerr // it is no error of who asks
	}
	open := 0
	for _, i := range desk.Incidents() {
		if i.Open() {
			open++
		}
		if len(out) < limit && (state == "" || state == i.State || state == incident.StateOpen && i.Open()) {
			out = append(out, i)
		}
	}
	return map[string]any{"time": a.now().Unix(), "open": open, "incidents": out, "stats": desk.Stats(), "enabled": true}, nil
}

func (a *api) oneIncident(q *query) (any, error) {
	desk, err := a.desk()
	if err != nil {
		return nil, err
	}
	i, ok := desk.Incident(q.r.PathValue("id"))
	if !ok {
		return nil, notFound(incident.ErrUnknown.Error())
	}
	return map[string]any{"time": a.now().Unix(), "incident": i}, nil
}

// suppressions lists what was called noise, with what it matched since.
func (a *api) suppressions(*query) (any, error) {
	desk, err := a.desk()
	if err != nil {
		return nil, err
	}
	return map[string]any{"time": a.now().Unix(), "suppressions": desk.Suppressions()}, nil
}

// action is what a person says of an incident.
type action struct {
	// By is who says it, Text why, in words.
	By   string `json:"by"`
	Text string `json:"text"`
	// Finding is the one that is meant, if not all of the cause's.
	Finding string `json:"finding"`
	// Days is how long noise is noise.
	Days int `json:"days"`
	// Node is the cause if it has no finding, Entry what is known of it.
	Node  incident.Node  `json:"node"`
	Entry incident.Entry `json:"entry"`
}

// act does what a person says, and answers with a sentence.
func (a *api) act(q *query) (any, error) {
	desk, err := a.desk()
	if err != nil {
		return nil, err
	}
	said, err := readAction(q.r)
	if err != nil {
		return nil, err
	}
	id := q.r.PathValue("id")
	answer := map[string]any{}
	switch name := q.r.PathValue("action"); name {
	case "acknowledge", "ack":
		err = desk.Acknowledge(id, said.By)
		answer["message"] = said.By + " takes care of it."
	case "resolve":
		err = desk.Resolve(id, said.By, said.Text)
		answer["message"] = "It is over. It opens again if one of its findings begins anew."
	case "noise":
		var found []incident.Suppression
		expires := a.now().Add(time.Duration(said.Days) * 24 * time.Hour)
		found, err = desk.Noise(id, incident.Noise{Finding: said.Finding, Owner: said.By, Reason: said.Text, Expires: expires})
		answer["suppressions"] = found
		answer["message"] = fmt.Sprintf("It makes no incident until %s; suppressions.yaml in the state directory has it for review.", expires.UTC().Format(time.DateOnly))
	case "cause":
		if said.Entry.Meaning == "" {
			said.Entry.Meaning = said.Text
		}
		var entry incident.Entry
		entry, err = desk.Cause(id, incident.Lesson{Finding: said.Finding, Node: said.Node, By: said.By, Entry: said.Entry})
		answer["entry"] = entry
		answer["message"] = fmt.Sprintf("The catalogue knows it as learned.%s from now on.", entry.Code)
	default:
		return nil, notFound("an incident can be told acknowledge, resolve, noise or cause, not " + strings.ToValidUTF8(name, ""))
	}
	if err != nil {
		return nil, actionError(err)
	}
	if i, ok := desk.Incident(id); ok {
		answer["incident"] = i
	}
	return answer, nil
}

func readAction(r *http.Request) (action, error) {
	var said action
	body, err := io.ReadAll(io.LimitReader(r.Body, maxAction+1))
	switch {
	case err != nil || len(body) > maxAction:
		return said, badRequest("the body must be at most %d bytes", maxAction)
	case json.Unmarshal(body, &said) != nil:
		return said, badRequest("the body must be JSON such as {\"by\": \"alice\", \"text\": \"restarted it\"}")
	case said.Days < 0 || said.Days > maxNoiseDays:
		return said, badRequest("days must be from 1 to %d", maxNoiseDays)
	}
	if said.Days == 0 {
		said.Days = noiseDays
	}
	return said, nil
}

// actionError gives an error the status that says who can do better.
func actionError(err error) error {
	for _, e := range []struct {
		is     error
		status int
	}{{incident.ErrUnknown, http.StatusNotFound}, {incident.ErrState, http.StatusConflict}, {incident.ErrInvalid, http.StatusBadRequest}} {
		if errors.Is(err, e.is) {
			return &apiError{e.status, err.Error()}
		}
	}
	return err
}
