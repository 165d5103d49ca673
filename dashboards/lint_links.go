package dashboards

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

// links checks where the links of a panel lead.
func (l *linter) links(p *seenPanel) {
	links := slices.Concat(p.Links, p.FieldConfig.Defaults.Links)
	for _, o := range p.FieldConfig.Overrides {
		for _, prop := range o.Properties {
			if prop.ID == "links" {
				var more []DataLink
				if json.Unmarshal(prop.Value, &more) == nil {
					links = append(links, more...)
				}
			}
		}
	}
	for _, link := range links {
		switch {
		case link.Title == "":
			l.problem(p.name(), "a link has no title")
		case strings.HasPrefix(link.URL, "/explore"):
			l.exploreLink(p.name(), link)
		case strings.HasPrefix(link.URL, "/d/tidewatch-"):
			l.dashboardLink(p.name(), link)
		}
	}
}

// exploreLink checks that Grafana can read the panes of a link to Explore.
func (l *linter) exploreLink(where string, link DataLink) {
	_, query, _ := strings.Cut(link.URL, "?")
	values, err := url.ParseQuery(query)
	if err != nil || values.Get("schemaVersion") != "1" {
		l.problem(where, "the link %q is none to Explore with schemaVersion=1", link.Title)
		return
	}
	var panes map[string]struct {
		DataSource string       `json:"datasource"`
		Queries    []seenTarget `json:"queries"`
	}
	if err := json.Unmarshal([]byte(values.Get("panes")), &panes); err != nil || len(panes) == 0 {
		l.problem(where, "the panes of the link %q are no JSON: %v", link.Title, err)
		return
	}
	for _, pane := range panes {
		if len(references(pane.DataSource)) != 1 {
			l.problem(where, "the link %q names a data source, %q, that is not a variable", link.Title, pane.DataSource)
		}
		for _, t := range pane.Queries {
			l.query(where+" link "+link.Title, t.DataSource.Type, t)
		}
	}
}

// dashboardLink checks that a link to one of the shipped dashboards finds it, and variables there.
func (l *linter) dashboardLink(where string, link DataLink) {
	path, query, _ := strings.Cut(link.URL, "?")
	uid, _, _ := strings.Cut(strings.TrimPrefix(path, "/d/"), "/")
	target := Find(All(), uid)
	if target == nil {
		l.problem(where, "the link %q leads to the dashboard %s, which there is not", link.Title, uid)
		return
	}
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, ok := strings.CutPrefix(name, "var-")
		if strings.HasSuffix(value, ":queryparam}") {
			l.problem(where, "the link %q sets %s to %s, which already is a whole parameter", link.Title, name, value)
		}
		if whole, is := strings.CutSuffix(strings.TrimPrefix(pair, "${"), ":queryparam}"); is && !ok {
			name, ok = whole, true // every value of the variable, as var-name=value
		}
		if !ok {
			continue
		}
		if !slices.ContainsFunc(target.Templating.List, func(v Variable) bool { return v.Name == name }) {
			l.problem(where, "the link %q sets %s, a variable that %s does not have", link.Title, name, target.Title)
		}
	}
}
