package elasticsearchexporter

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// result is what became of one document.
type result struct {
	Status int         `json:"status"`
	Error  serverError `json:"error"`
}

// serverError is Elasticsearch's description of an error.
type serverError struct {
	Type     string       `json:"type"`
	Reason   string       `json:"reason"`
	CausedBy *serverError `json:"caused_by"`
}

// UnmarshalJSON takes an object, or the plain string that some errors are.
func (e *serverError) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &e.Reason)
	}
	type plain serverError
	return json.Unmarshal(b, (*plain)(e))
}

func (e serverError) String() string {
	s := e.Type + ": " + e.Reason
	if e.CausedBy != nil {
		s += ": " + e.CausedBy.Reason
	}
	return s
}

var (
	noErrors = []byte(`"errors":false,`)
	status2  = []byte(`"status":20`)
)

// allStored recognises, without decoding it, an answer that stored n documents:
// it has no errors and as many good statuses. Neither text can stand inside a
// string, whose quotes are escaped. A server that leaves filter_path
// unconsidered writes how long it took in front.
func allStored(p []byte, n int) bool {
	const most = 100 // bytes in front of errors: took and ingest_took
	at := bytes.Index(p[:min(len(p), most)], noErrors)
	return at > 0 && p[0] == '{' && p[len(p)-1] == '}' && bytes.Count(p[at:], status2) == n
}

// parseResults reads a bulk response for n documents. All documents were stored
// where it returns nothing.
func parseResults(p []byte, n int) ([]result, error) {
	p = bytes.TrimSpace(p)
	if allStored(p, n) {
		return nil, nil
	}
	var answer struct {
		Errors *bool               `json:"errors"`
		Items  []map[string]result `json:"items"`
	}
	if err := json.Unmarshal(p, &answer); err != nil {
		return nil, fmt.Errorf("read bulk response: %w", err)
	}
	if answer.Errors == nil {
		return nil, errors.New("read bulk response: it has no field errors; is this Elasticsearch?")
	}
	if len(answer.Items) != n {
		return nil, fmt.Errorf("read bulk response: it has %d results for %d documents", len(answer.Items), n)
	}
	results := make([]result, n)
	for i, item := range answer.Items {
		for _, r := range item {
			results[i] = r
		}
	}
	return results, nil
}

// stored reports whether the document is on the server.
func (r result) stored() bool { return r.Status >= 200 && r.Status < 300 }

// repeated reports that the document was stored before.
func (r result) repeated() bool { return r.Status == http.StatusConflict }

// refused reports that the server will never take the document. Everything
// else may pass: load (429, 5xx), rights and streams that a person can put
// right (401, 403, 404).
func (r result) refused() bool {
	return r.Status == http.StatusBadRequest || r.Status == http.StatusRequestEntityTooLarge
}

// parseRefusal reads the error of a whole request. It reports false where the
// body isn't Elasticsearch's: then a proxy speaks, and what it says isn't about
// the documents.
func parseRefusal(p []byte) (serverError, bool) {
	var answer struct {
		Error serverError `json:"error"`
	}
	if json.Unmarshal(p, &answer) != nil || answer.Error.Reason == "" {
		return serverError{}, false
	}
	return answer.Error, true
}
