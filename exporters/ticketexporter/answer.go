package ticketexporter

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// refusal is an answer that is no success.
type refusal struct {
	status int
	text   string
	wait   time.Duration
}

func (r *refusal) Error() string {
	if r.text == "" {
		return fmt.Sprintf("it answers %d", r.status)
	}
	return fmt.Sprintf("it answers %d: %s", r.status, r.text)
}

// final says whether the same request would be refused again. A token that is not
// accepted or a project that is not there may be put right, so those wait.
func (r *refusal) final() bool {
	return slices.Contains([]int{http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity}, r.status)
}

// unknown says whether the request may have been carried out all the same.
func (r *refusal) unknown() bool { return r.status/100 == 5 || r.status == http.StatusRequestTimeout }

// gone says that the ticket is not there any more.
func (r *refusal) gone() bool { return r.status == http.StatusNotFound || r.status == http.StatusGone }

// slackRefusal reads the answer of Slack, which is 200 for errors too.
func slackRefusal(body []byte) *refusal {
	var answer struct {
		OK    bool   `json:"ok"`
		Error string `json:"error"`
	}
	if json.Unmarshal(body, &answer) != nil || answer.OK {
		return nil
	}
	r := &refusal{status: http.StatusForbidden, text: answer.Error}
	switch answer.Error {
	case "ratelimited", "rate_limited":
		r.status = http.StatusTooManyRequests
	case "internal_error", "fatal_error", "service_unavailable", "request_timeout":
		r.status = http.StatusServiceUnavailable
	case "message_not_found", "edit_window_closed", "cant_update_message":
		r.status = http.StatusGone
	case "msg_too_long", "no_text", "invalid_arguments":
		r.status = http.StatusBadRequest
	}
	return r
}

// idIn returns what a pointer points to in an answer; several pointers with blanks between
// them are joined by blanks. "" where there is nothing.
func idIn(body []byte, pointers string) string {
	var answer any
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if dec.Decode(&answer) != nil {
		return ""
	}
	var parts []string
	for p := range strings.FieldsSeq(pointers) {
		id := textOf(follow(answer, strings.Split(strings.TrimPrefix(p, "/"), "/"), ""))
		if id == "" {
			return ""
		}
		parts = append(parts, id)
	}
	return strings.Join(parts, " ")
}

// findIn returns the id that a pointer with * points to, of the first element that has the
// incident's id somewhere in it.
func findIn(body []byte, pointer, key string) string {
	var answer any
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if dec.Decode(&answer) != nil {
		return ""
	}
	return textOf(follow(answer, strings.Split(strings.TrimPrefix(pointer, "/"), "/"), key))
}

func follow(v any, steps []string, key string) any {
	for n, step := range steps {
		switch at := v.(type) {
		case map[string]any:
			v = at[step]
		case []any:
			if step == "*" {
				for _, e := range at {
					if b, err := json.Marshal(e); err == nil && bytes.Contains(b, []byte(key)) {
						return follow(e, steps[n+1:], key)
					}
				}
				return nil
			}
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(at) {
				return nil
			}
			v = at[i]
		default:
			return nil
		}
	}
	return v
}

func textOf(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	default:
		return ""
	}
}
