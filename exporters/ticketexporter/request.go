package ticketexporter

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/tidewatch/tidewatch/incident"
	"github.com/tidewatch/tidewatch/internal/incidentlog"
	"github.com/tidewatch/tidewatch/internal/template"
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

	// What render makes of the incident.
	Headline, Text, Message, Urgency string
	Open                             bool
}

// tell fills in what is made of the incident.
func (v *values) tell() {
	v.Open = v.Record.Open()
	v.Headline, v.Text, v.Urgency = v.headline(), v.text(), "2"
	if v.Severity == signals.SeverityCritical {
		v.Urgency = "1" // high, at ServiceNow
	}
	v.Message = v.sign() + " " + v.Text
}

func (v *values) headline() string {
	title := []rune(v.Title)
	if len(title) > maxHeadline {
		return string(title[:maxHeadline-1]) + "…"
	}
	return v.Title
}

// text is the whole story in plain text. The incident's id in it is how a ticket is found
// again.
func (v *values) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", v.Title)
	fmt.Fprintf(&b, "State: %s%s\n", v.State, by(v.Owner))
	fmt.Fprintf(&b, "Severity: %s\n", v.Severity)
	fmt.Fprintf(&b, "Cause: %s (%s)\n", v.Cause, v.CauseWhy)
	if v.Known != "" {
		fmt.Fprintf(&b, "Known as: %s\n", v.Known)
	}
	fmt.Fprintf(&b, "Began: %s\n", v.Start.Format(time.RFC3339))
	if !v.Open {
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

// sign is what a chat shows before a text.
func (v *values) sign() string {
	switch {
	case !v.Open:
		return ":white_check_mark:"
	case v.Severity == signals.SeverityCritical:
		return ":red_circle:"
	}
	return ":large_orange_circle:"
}

var functions = template.Functions{
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
	"date": func(layout string, t time.Time) string { return t.Format(layout) },
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
	if c.path, err = template.Parse("path", t.Path, functions); err != nil {
		return nil, fmt.Errorf("read path: %w", err)
	}
	if c.body, err = template.Parse("body", t.Body, functions); err != nil {
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
	v.tell()
	var p, b bytes.Buffer
	if err := c.path.Execute(&p, v); err != nil {
		return "", nil, fmt.Errorf("fill in path: %w", err)
	}
	if err := c.body.Execute(&b, v); err != nil {
		return "", nil, fmt.Errorf("fill in body: %w", err)
	}
	return p.String(), b.Bytes(), nil
}
