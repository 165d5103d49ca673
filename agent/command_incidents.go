package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/user"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tidewatch/tidewatch/incident"
)

// incidentsCommand sees to the incidents of a running agent.
type incidentsCommand struct {
	page  page
	json  bool
	all   bool
	said  saidOfIncident
	entry incident.Entry
}

// saidOfIncident is the body of what a person says.
type saidOfIncident struct {
	By      string          `json:"by"`
	Text    string          `json:"text,omitempty"`
	Finding string          `json:"finding,omitempty"`
	Days    int             `json:"days,omitempty"`
	Node    string          `json:"node,omitempty"`
	Entry   *incident.Entry `json:"entry,omitempty"`
}

func newIncidentsCommand() *cobra.Command {
	c := incidentsCommand{}
	list := func(cmd *cobra.Command, _ []string) error { return c.list(cmd.Context(), cmd.OutOrStdout()) }
	root := &cobra.Command{
		Use:   "incidents",
		Short: "See to the incidents of the running agent",
		Long:  "Lists the incidents of the running agent, and tells it what you know of one of them.",
		Args:  cobra.NoArgs, RunE: list,
	}
	c.page.flags(root.PersistentFlags())
	root.PersistentFlags().BoolVar(&c.json, "json", false, "print the agent's answer")
	root.Flags().BoolVar(&c.all, "all", false, "resolved ones, too")
	lists := &cobra.Command{Use: "list", Short: "What holds", Args: cobra.NoArgs, RunE: list}
	lists.Flags().BoolVar(&c.all, "all", false, "resolved ones, too")
	root.AddCommand(lists, &cobra.Command{
		Use: "show ID", Short: "One incident, its findings and its history", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.show(cmd.Context(), cmd.OutOrStdout(), args[0])
		},
	})
	for _, a := range []struct{ use, action, short string }{
		{"ack", "acknowledge", "You take care of it"},
		{"resolve", "resolve", "It is over"},
		{"noise", "noise", "This was noise: its cause's findings make no incident for some days"},
		{"cause", "cause", "This was it: teach the catalogue"},
	} {
		cmd := &cobra.Command{
			Use: a.use + " ID", Short: a.short, Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				return c.say(cmd.Context(), cmd.OutOrStdout(), args[0], a.action)
			},
		}
		f := cmd.Flags()
		f.StringVar(&c.said.By, "by", "", "who says so (default: your user name)")
		f.StringVarP(&c.said.Text, "message", "m", "", "why, in words")
		switch a.use {
		case "noise":
			f.StringVar(&c.said.Finding, "finding", "", "this finding only")
			f.IntVar(&c.said.Days, "days", 30, "for how long")
		case "cause":
			f.StringVar(&c.said.Finding, "finding", "", "this finding is the cause")
			f.StringVar(&c.said.Node, "node", "", "this place is the cause, for example service:router")
			f.StringVar(&c.entry.Code, "code", "", "name of the entry, for example pool-exhausted")
			f.StringVar(&c.entry.Class, "class", "", "class of the entry; tidewatch code --list shows them in use")
			f.StringArrayVar(&c.entry.Matchers, "match", nil, "words by which a log line is known; may be repeated")
			f.StringArrayVar(&c.entry.Causes, "likely", nil, "a likely cause; may be repeated")
			f.StringVar(&c.entry.FirstCommand, "command", "", "the first command to run")
			f.StringVar(&c.entry.Runbook, "runbook", "", "where to read on")
			c.said.Entry = &c.entry
		}
		root.AddCommand(cmd)
	}
	return root
}

func (c *incidentsCommand) list(ctx context.Context, w io.Writer) error {
	path := "incidents?limit=1000"
	if !c.all {
		path += "&state=" + incident.StateOpen
	}
	body, err := c.page.ask(ctx, http.MethodGet, path, nil)
	if err != nil || c.json {
		return c.print(w, body, err)
	}
	var answer struct {
		Enabled   bool
		Incidents []incident.Incident
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return fmt.Errorf("read the agent's answer: %w", err)
	}
	switch {
	case !answer.Enabled:
		fmt.Fprintln(w, "The agent has no incident connector in its pipelines.")
	case len(answer.Incidents) == 0:
		fmt.Fprintln(w, "There is no incident.")
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, i := range answer.Incidents {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", i.ID, i.Severity, i.State+of(i.Owner), i.Start.Local().Format(time.DateTime), i.Title)
	}
	return t.Flush()
}

func of(owner string) string {
	if owner == "" {
		return ""
	}
	return " by " + owner
}

func (c *incidentsCommand) show(ctx context.Context, w io.Writer, id string) error {
	body, err := c.page.ask(ctx, http.MethodGet, "incidents/"+url.PathEscape(id), nil)
	if err != nil || c.json {
		return c.print(w, body, err)
	}
	var answer struct{ Incident incident.Incident }
	if err := json.Unmarshal(body, &answer); err != nil {
		return fmt.Errorf("read the agent's answer: %w", err)
	}
	i := &answer.Incident
	fmt.Fprintf(w, "%s\n\n", i.Title)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) {
		fmt.Fprintf(t, "%s\t"+format+"\n", append([]any{name}, args...)...)
	}
	row("state", "%s%s, %s", i.State, of(i.Owner), i.Severity)
	row("began", "%s", i.Start.Local().Format(time.DateTime))
	if !i.Open() {
		row("ended", "%s, %s", i.Resolved.Local().Format(time.DateTime), i.Resolution)
	}
	row("cause", "%s: %s", i.Cause, i.CauseWhy)
	if i.Known != "" {
		row("known as", "learned.%s", i.Known)
	}
	t.Flush()
	fmt.Fprintln(w)
	for _, f := range i.Findings {
		ended := ""
		if !f.Ended.IsZero() {
			ended = ", ended"
		}
		fmt.Fprintf(t, "%s\t%s%s\t%s\t%s\n", f.ID, f.Why, ended, f.Node.Name(), f.Summary)
	}
	t.Flush()
	fmt.Fprintln(w)
	for _, e := range i.History {
		fmt.Fprintf(t, "%s\t%s%s\t%s\n", e.Time.Local().Format(time.DateTime), e.What, of(e.By), e.Text)
	}
	return t.Flush()
}

func (c *incidentsCommand) say(ctx context.Context, w io.Writer, id, action string) error {
	if c.said.By == "" {
		if u, err := user.Current(); err == nil {
			c.said.By = u.Username
		}
	}
	said := c.said
	if action != "cause" {
		said.Entry = nil
	}
	if action != "noise" {
		said.Days = 0
	}
	b, err := json.Marshal(said)
	if err != nil {
		return fmt.Errorf("write request: %w", err)
	}
	body, err := c.page.ask(ctx, http.MethodPost, "incidents/"+url.PathEscape(id)+"/"+action, b)
	if err != nil || c.json {
		return c.print(w, body, err)
	}
	var answer struct{ Message string }
	if err := json.Unmarshal(body, &answer); err != nil {
		return fmt.Errorf("read the agent's answer: %w", err)
	}
	fmt.Fprintln(w, answer.Message)
	return nil
}

func (c *incidentsCommand) print(w io.Writer, body []byte, err error) error {
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n", body)
	return err
}
