package ticketexporter

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"text/template"
	"time"

	"github.com/tidewatch/tidewatch/incident"
	"github.com/tidewatch/tidewatch/internal/incidentlog"
	"github.com/tidewatch/tidewatch/signals"
)

// maxHeadline is the length of a title in characters: Jira takes 255, the others more.
const maxHeadline = 200

// values are what templates may use: the fields of incidentlog.Record, and these.
type values struct {
	incidentlog.Record

	// Action is create, update, close or reopen; Ticket the id of the ticket, or "".
	Action, Ticket string
	Project        string
	Token          string // for systems that take it in the body
	Labels         []string
	Parameters     map[string]string
}

// Headline is a title.
func (v *values) Headline() string {
	title := []rune(v.Title)
	if len(title) > maxHeadline {
		return string(title[:maxHeadline-1]) + "…"
	}
	return v.Title
}

// Text is the whole story in plain text. The incident's id in it is how a ticket is found
// again.
func (v *values) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", v.Title)
	fmt.Fprintf(&b, "State: %s%s\n", v.State, by(v.Owner))
	fmt.Fprintf(&b, "Severity: %s\n", v.Severity)
	fmt.Fprintf(&b, "Cause: %s (%s)\n", v.Cause, v.CauseWhy)
	if v.Known != "" {
		fmt.Fprintf(&b, "Known as: %s\n", v.Known)
	}
	fmt.Fprintf(&b, "Began: %s\n", v.Start.Format(time.RFC3339))
	if !v.Open() {
		fmt.Fprintf(&b, "Ended: %s (%s)\n", v.Resolved.Format(time.RFC3339), cmp.Or(v.Resolution, "resolved"))
	}
	if v.MergedInto != "" {
		fmt.Fprintf(&b, "Part of: %s\n", v.MergedInto)
	}
	if len(v.Services) > 0 {
		fmt.Fprintf(&b, "Services: %s\n", strings.Join(v.Services, ", "))
	}
	if len(v.Hosts) > 0 {
		fmt.Fprintf(&b, "Hosts: %s\n", strings.Join(v.Hosts, ", "))
	}
	fmt.Fprintf(&b, "Findings: %d\n", v.Count)
	for _, l := range v.Links {
		fmt.Fprintf(&b, "%s\n", l)
	}
	fmt.Fprintf(&b, "\nIncident %s of Tidewatch", v.ID)
	return b.String()
}

func by(owner string) string {
	if owner == "" {
		return ""
	}
	return ", " + owner
}

// Message is Text for a chat.
func (v *values) Message() string {
	sign := ":large_orange_circle:"
	switch {
	case !v.Open():
		sign = ":white_check_mark:"
	case v.Severity == signals.SeverityCritical:
		sign = ":red_circle:"
	}
	return sign + " " + v.Text()
}

// Urgency is that of ServiceNow: 1 is high.
func (v *values) Urgency() string {
	if v.Severity == signals.SeverityCritical {
		return "1"
	}
	return "2"
}

var functions = template.FuncMap{
	"json": func(v any) (string, error) {
		b, err := json.Marshal(v)
		return string(b), err
	},
	"path":  url.PathEscape,
	"query": url.QueryEscape,
	"join":  func(s []string) string { return strings.Join(s, ",") },
	"default": func(value, fallback string) string {
		return cmp.Or(value, fallback)
	},
	"part": func(ticket string, n int) string {
		parts := strings.Split(ticket, " ")
		if n >= len(parts) {
			return ""
		}
		return parts[n]
	},
}

// compiled is a template that can be read.
type compiled struct {
	Template

	path, body *template.Template
}

func compile(t Template) (*compiled, error) {
	c := &compiled{Template: t}
	var err error
	if c.path, err = template.New("path").Funcs(functions).Option("missingkey=zero").Parse(t.Path); err != nil {
		return nil, fmt.Errorf("read path: %w", err)
	}
	if c.body, err = template.New("body").Funcs(functions).Option("missingkey=zero").Parse(t.Body); err != nil {
		return nil, fmt.Errorf("read body: %w", err)
	}
	sample := &values{Record: incidentlog.Record{ID: "0", State: incident.StateOpen, Links: []string{"x", "y"}}, Ticket: "1", Parameters: map[string]string{}}
	if _, body, err := c.render(sample); err != nil {
		return nil, err
	} else if t.Body != "" && !json.Valid(body) {
		return nil, errors.New("body must be JSON: texts are written {{json .Title}}, without quotation marks")
	}
	return c, nil
}

func (c *compiled) render(v *values) (path string, body []byte, err error) {
	var p, b bytes.Buffer
	if err := c.path.Execute(&p, v); err != nil {
		return "", nil, fmt.Errorf("fill in path: %w", err)
	}
	if err := c.body.Execute(&b, v); err != nil {
		return "", nil, fmt.Errorf("fill in body: %w", err)
	}
	return p.String(), b.Bytes(), nil
}
