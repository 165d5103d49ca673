package dashboards

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// Problem is something that is wrong with a dashboard.
type Problem struct {
	// File is the name that Lint was given; Panel the panel's title, or its number where
	// it has none. It is empty where the dashboard as a whole is meant.
	File, Panel string
	// Text says what is wrong and what to do.
	Text string
	// Hint is true where it may be meant so: a metric that an application may send.
	Hint bool
}

// String is one line: file, panel and text.
func (p Problem) String() string {
	s := p.File
	if p.Panel != "" {
		s += ": " + p.Panel
	}
	if p.Hint {
		s += ": hint"
	}
	return s + ": " + p.Text
}

// linter looks at one dashboard.
type linter struct {
	file     string
	board    seen
	metrics  Metrics
	problems []Problem
	// used are the variables that are referred to.
	used map[string]bool
}

// Lint returns what is wrong with a dashboard in Grafana's JSON, one of these or anybody's.
// file stands before each problem. metrics are the series that exist.
func Lint(file string, data []byte, metrics Metrics) []Problem {
	l := &linter{file: file, metrics: metrics, used: map[string]bool{}}
	if err := json.Unmarshal(data, &l.board); err != nil {
		l.problem("", "%s", readable(data, err))
		return l.problems
	}
	if b := l.board.Dashboard; b != nil {
		// As Grafana's API and its provisioning by API have it.
		l.board = *b
	}
	l.whole()
	panels := l.board.all()
	for i := range panels {
		l.panel(&panels[i])
	}
	l.layout(panels)
	l.annotations()
	l.variables(data)
	return l.problems
}

// readable says where JSON is broken.
func readable(data []byte, err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	at := int64(-1)
	switch {
	case errors.As(err, &syntax):
		at = syntax.Offset
	case errors.As(err, &kind):
		at = kind.Offset
	}
	if at < 0 || at > int64(len(data)) {
		return "this is no dashboard: " + err.Error()
	}
	before := data[:at]
	line := bytes.Count(before, []byte("\n")) + 1
	return fmt.Sprintf("this is no dashboard: line %d, column %d: %v", line, len(before)-bytes.LastIndexByte(before, '\n')-1, err)
}

func (l *linter) problem(panel, format string, args ...any) {
	l.problems = append(l.problems, Problem{File: l.file, Panel: panel, Text: fmt.Sprintf(format, args...)})
}

func (l *linter) hint(panel, format string, args ...any) {
	l.problem(panel, format, args...)
	l.problems[len(l.problems)-1].Hint = true
}

// whole looks at what belongs to no panel.
func (l *linter) whole() {
	b := &l.board
	if b.Title == "" {
		l.problem("", "the dashboard has no title")
	}
	if b.UID == "" {
		l.problem("", "the dashboard has no uid: links to it break when it is imported again")
	}
	if b.Description == "" {
		l.problem("", "the dashboard has no description: say which question it answers")
	}
	if len(b.Inputs) > 0 {
		l.problem("", "__inputs ask a person at each import: use a variable of the type datasource instead")
	}
	if len(b.Panels) == 0 {
		l.problem("", "the dashboard has no panels")
	}
}

// layout sees that panels have a place and a number of their own.
func (l *linter) layout(panels []seenPanel) {
	ids := map[int]string{}
	for i := range panels {
		p := &panels[i]
		if other, ok := ids[p.ID]; ok {
			l.problem(p.name(), "it has the id %d of %s", p.ID, other)
		}
		ids[p.ID] = p.name()
		g := p.GridPos
		if g.W <= 0 || g.H <= 0 || g.X < 0 || g.Y < 0 || g.X+g.W > columns {
			l.problem(p.name(), "gridPos is outside of the %d columns", columns)
		}
		for j := range i {
			o := &panels[j]
			// Panels in a closed row are laid out when it is opened.
			if p.parent == o.parent && p.overlaps(o) {
				l.problem(p.name(), "it covers %s", o.name())
			}
		}
	}
}

// annotations looks at their queries.
func (l *linter) annotations() {
	for i := range l.board.Annotations.List {
		a := &l.board.Annotations.List[i]
		if a.BuiltIn != 0 {
			continue
		}
		name := "annotation " + a.Name
		kind := l.source(name, a.DataSource, seenSource{})
		l.query(name, kind, seenTarget{Expr: a.Expr, Query: a.Query})
	}
}
