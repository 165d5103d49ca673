package dashboards

import (
	"encoding/json"
	"slices"
	"strings"
)

// panel looks at one panel by itself.
func (l *linter) panel(p *seenPanel) {
	name := p.name()
	if p.Title == "" {
		l.problem(name, "it has no title")
	}
	if p.Type == "row" || p.Type == "text" || p.Library != nil {
		return
	}
	if p.Description == "" {
		l.problem(name, "it has no description: say what is normal, and what to do when it is not")
	}
	if p.FieldConfig.Defaults.Unit == "" && slices.Contains([]string{"stat", "timeseries", "gauge", "bargauge", "barchart", "histogram", "heatmap"}, p.Type) {
		l.problem(name, `it has no unit; "none" is one`)
	}
	if len(p.Targets) == 0 {
		l.problem(name, "it has no query")
	}
	refs := map[string]bool{}
	for _, t := range p.Targets {
		if refs[t.RefID] {
			l.problem(name, "two queries are called %q", t.RefID)
		}
		refs[t.RefID] = true
		where := name
		if len(p.Targets) > 1 {
			where += " query " + t.RefID
		}
		l.query(where, l.source(where, t.DataSource, p.DataSource), t)
	}
	l.legends(p)
	l.links(p)
}

// builtInSources are Grafana's own.
var builtInSources = []string{"-- Mixed --", "-- Dashboard --", "-- Grafana --", "grafana", "__expr__"}

// source checks that a data source is chosen by a variable, and returns its type.
func (l *linter) source(where string, own, above seenSource) string {
	s := own
	if s.UID == "" && s.Type == "" || slices.Contains(builtInSources, s.UID) && above.UID != "" {
		s = above
	}
	if slices.Contains(builtInSources, s.UID) {
		return s.Type
	}
	names := references(s.UID)
	if len(names) != 1 {
		l.problem(where, "its data source %q is not a variable: the dashboard works on one Grafana only", s.UID)
		return s.Type
	}
	for _, v := range l.board.Templating.List {
		if v.Name != names[0] {
			continue
		}
		var kind string
		_ = json.Unmarshal(v.Query, &kind) // anything but a string is another type of variable
		switch {
		case v.Type != "datasource":
			l.problem(where, "its data source is the variable %s, which is not of the type datasource", v.Name)
		case s.Type != "" && kind != s.Type:
			l.problem(where, "its data source is of the type %s, but the variable %s is of the type %s", s.Type, v.Name, kind)
		case s.Type == "":
			return kind
		}
		return s.Type
	}
	return s.Type // variables that nobody declared are told elsewhere
}

// query checks one query by the language of its data source.
func (l *linter) query(where, kind string, t seenTarget) {
	switch kind {
	case "prometheus":
		l.promQL(where, t.Expr)
	case "loki":
		if err := checkLogQL(t.Expr); err != nil {
			l.problem(where, "LogQL: %v: %s", err, t.Expr)
		}
	case "elasticsearch":
		if err := checkLucene(string(t.Query)); err != nil {
			l.problem(where, "Lucene: %v: %s", err, t.Query)
		}
	}
}

func (l *linter) promQL(where, expr string) {
	selectors, err := scanPromQL(expr)
	if err != nil {
		l.problem(where, "PromQL: %v: %s", err, expr)
		return
	}
	for _, s := range selectors {
		switch {
		case s.metric == "" || strings.Contains(s.metric, "$"):
		case !l.metrics.Has(s.metric) && Own(s.metric):
			l.problem(where, "the agent emits no %s", s.metric)
		case !l.metrics.Has(s.metric):
			l.hint(where, "the agent emits no %s; it must come from elsewhere", s.metric)
		default:
			for _, label := range s.labels {
				if !l.metrics.hasLabel(s.metric, label) {
					l.problem(where, "%s has no label %s", s.metric, label)
				}
			}
		}
	}
}

// legends checks that what is said about a series by its name names one.
func (l *linter) legends(p *seenPanel) {
	var names []string
	dynamic := false
	for _, t := range p.Targets {
		for _, legend := range []string{t.LegendFormat, t.Alias} {
			dynamic = dynamic || strings.Contains(legend, "{{")
			names = append(names, legend)
		}
	}
	below := func(to string) {
		if to != "" && !slices.Contains(names, to) {
			l.problem(p.name(), "fillBelowTo names %q, which is no legend of its queries", to)
		}
	}
	below(p.FieldConfig.Defaults.Custom.FillBelowTo)
	for _, o := range p.FieldConfig.Overrides {
		of, _ := o.Matcher.Options.(string)
		if p.Type == "timeseries" && o.Matcher.ID == "byName" && !dynamic && !slices.Contains(names, of) {
			l.problem(p.name(), "an override is for %q, which is no legend of its queries", of)
		}
		for _, prop := range o.Properties {
			if prop.ID == "custom.fillBelowTo" {
				var to string
				_ = json.Unmarshal(prop.Value, &to) // anything but a string names no legend
				below(to)
			}
		}
	}
}
