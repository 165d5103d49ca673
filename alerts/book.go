package alerts

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	_ "embed"

	"github.com/tidewatch/tidewatch/internal/template"
)

//go:embed book.html
var bookHTML string

// chapter is what the book says of one rule.
type chapter struct {
	*Rule
	Owner, Escalation, When, For, Deadline, Drill, Review string
	Wakes                                                 string
	Expr                                                  []string
	Runbook                                               string
	RunbookHTML                                           template.HTML
}

// Drill is what the book says of a storm drill.
type Drill struct {
	Date   time.Time
	Passed bool
	// Causes are the rules whose alerts were the true causes.
	Causes []string
	// Alerts were fired and Notifications sent.
	Alerts, Notifications int
}

// RenderBook renders book/README.md and book/index.html: for people, what each rule means, who owns it, what is to be
// done and by when. The page needs nothing from elsewhere.
func RenderBook(l Ledger, o Options) (map[string][]byte, error) {
	var chapters []chapter
	for _, r := range l.Enabled() {
		c, err := l.chapter(r, o.Drills)
		if err != nil {
			return nil, err
		}
		chapters = append(chapters, c)
	}
	book, err := template.ParseHTML("book", bookHTML, nil)
	if err != nil {
		return nil, fmt.Errorf("read template of the book: %w", err)
	}
	var page bytes.Buffer
	if err := book.Execute(&page, struct {
		Chapters []chapter
		Drill    template.HTML
	}{chapters, markdownHTML(lastDrill(o.Drills))}); err != nil {
		return nil, fmt.Errorf("write book: %w", err)
	}
	return map[string][]byte{"book/README.md": []byte(markdownBook(chapters, lastDrill(o.Drills))), "book/index.html": page.Bytes()}, nil
}

// severityWords say what a severity does to a person.
var severityWords = map[string]string{
	SeverityCritical: "wakes somebody", SeverityWarning: "next working day", SeverityInfo: "shown only",
}

func (l Ledger) chapter(r *Rule, drills []Drill) (chapter, error) {
	compiled, err := r.Compile()
	if err != nil {
		return chapter{}, err
	}
	owner := l.Owners.Owners[r.Owner]
	c := chapter{
		Rule: r, Owner: r.Owner, Escalation: owner.Escalation, Wakes: severityWords[r.Severity], When: r.when(), For: "at once",
		Deadline: r.Response.Deadline.String(), Drill: "never as a cause", Review: r.Review.String(),
	}
	if owner.Name != "" {
		c.Owner = owner.Name
	}
	if r.Trigger.For > 0 {
		c.For = "after " + r.Trigger.For.String()
	}
	for _, d := range drills {
		if slices.Contains(d.Causes, r.ID) {
			c.Drill = d.words()
			break
		}
	}
	for _, a := range compiled.Alertings {
		c.Expr = append(c.Expr, a.Expr)
	}
	// The book has a heading for each rule already.
	text := strings.TrimSpace(l.Runbooks[r.Runbook])
	if first, rest, _ := strings.Cut(text, "\n"); strings.HasPrefix(first, "# ") {
		text = strings.TrimSpace(rest)
	}
	c.Runbook = text
	c.RunbookHTML = markdownHTML(text)
	return c, nil
}

// when is the trigger in a sentence.
func (r *Rule) when() string {
	t := r.Trigger
	switch t.Type {
	case TriggerDynamic:
		side := map[string]string{"up": "above", "down": "below", "both": "outside of"}[t.Direction]
		return fmt.Sprintf("%s is %s the band that was learned for it", t.Metric, side)
	case TriggerPattern:
		return "the agent finds a change of log patterns: " + strings.ReplaceAll(t.Change, "_", " ")
	case TriggerSLO:
		return fmt.Sprintf("less than %s%% of events are good, so that the error budget of %s burns too fast", number(t.Objective), max(t.Window, defaultPeriod))
	case TriggerAbsence:
		return "something that should be there is not"
	}
	return "a threshold is crossed"
}

func (d Drill) words() string {
	verdict := "failed"
	if d.Passed {
		verdict = "passed"
	}
	return fmt.Sprintf("%s on %s: %d alerts, %d notifications", verdict, d.Date.Format(time.DateOnly), d.Alerts, d.Notifications)
}

func lastDrill(drills []Drill) string {
	if len(drills) == 0 {
		return "No drill is on record: `tidewatch alerts drill` fires a storm of alerts at an Alertmanager and counts what people would get."
	}
	return "Last drill: " + drills[0].words() + "."
}

func markdownBook(chapters []chapter, drill string) string {
	var b strings.Builder
	b.WriteString("<!-- Generated from the ledger of alert rules by `tidewatch alerts book`. DO NOT EDIT. -->\n# Alerts\n\n" + drill + "\n\n| alert | severity | owner | answer within | review |\n| --- | --- | --- | --- | --- |\n")
	for _, c := range chapters {
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s | %s | %s |\n", c.ID, strings.ToLower(c.ID), c.Severity, c.Rule.Owner, c.Deadline, c.Review)
	}
	for _, c := range chapters {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n", c.ID, c.Description)
		fmt.Fprintf(&b, "- **Do**: %s Within %s.\n", c.Response.Action, c.Deadline)
		fmt.Fprintf(&b, "- **Severity**: %s (%s)\n- **Owner**: %s\n", c.Severity, c.Wakes, c.Owner)
		if c.Escalation != "" {
			fmt.Fprintf(&b, "- **If nobody answers**: %s\n", c.Escalation)
		}
		fmt.Fprintf(&b, "- **Fires**: when %s, %s\n", c.When, c.For)
		if len(c.InhibitedBy) > 0 {
			fmt.Fprintf(&b, "- **Silent while**: %s\n", strings.Join(c.InhibitedBy, ", "))
		}
		fmt.Fprintf(&b, "- **Last drill**: %s\n- **Review by**: %s\n\n", c.Drill, c.Review)
		for _, e := range c.Expr {
			fmt.Fprintf(&b, "```\n%s\n```\n\n", e)
		}
		b.WriteString(deeper(c.Runbook))
		b.WriteString("\n")
	}
	return b.String()
}

// deeper puts the headings of a runbook below that of its rule; lines of code stay as they are.
func deeper(text string) string {
	var b strings.Builder
	code := false
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "```") {
			code = !code
		}
		if !code && strings.HasPrefix(line, "#") {
			b.WriteByte('#')
		}
		b.WriteString(line)
	}
	return b.String()
}
