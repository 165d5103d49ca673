package dashboards

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// reference is a variable of Grafana in a text: $name, ${name}, ${name:format}, [[name]].
var reference = regexp.MustCompile(`\$(\w+)|\$\{(\w+)(?:[.:\[][^}]*)?\}|\[\[(\w+)(?::[^\]]*)?\]\]`)

// references returns the names of the variables in a text.
func references(text string) []string {
	var names []string
	for _, m := range reference.FindAllStringSubmatch(text, -1) {
		name := m[1] + m[2] + m[3]
		if strings.Trim(name, "0123456789") == "" {
			continue // $1 of a replacement
		}
		names = append(names, name)
	}
	return names
}

// variables sees that every variable that is used is declared, and the other way round.
func (l *linter) variables(data []byte) {
	var raw any
	_ = json.Unmarshal(data, &raw) // it could be read before
	var declared []string
	for _, v := range l.board.Templating.List {
		if slices.Contains(declared, v.Name) {
			l.problem("", "the variable %s is declared twice", v.Name)
		}
		declared = append(declared, v.Name)
		l.variableQuery(&v)
	}
	var unknown []string
	eachText(raw, "", func(key, text string) {
		if key == "regex" {
			return // $ is the end there
		}
		for _, name := range references(text) {
			l.used[name] = true
			if !strings.HasPrefix(name, "__") && !slices.Contains(declared, name) && !slices.Contains(unknown, name) {
				unknown = append(unknown, name)
				l.problem("", "the variable %s is used and not declared: %s", name, text)
			}
		}
	})
	for _, v := range l.board.Templating.List {
		// Filters are applied by Grafana itself.
		if !l.used[v.Name] && v.Type != "adhoc" {
			l.problem("", "the variable %s is declared and not used", v.Name)
		}
	}
}

var labelValues = regexp.MustCompile(`^\s*(?:label_values|query_result)\((.*?)(?:,\s*\w+\s*)?\)\s*$`)

// variableQuery checks the query by which a variable finds its values.
func (l *linter) variableQuery(v *seenVariable) {
	if v.Type != "query" {
		return
	}
	where := "variable " + v.Name
	if l.source(where, v.DataSource, seenSource{}) != "prometheus" {
		return
	}
	var asked struct{ Query string }
	if json.Unmarshal(v.Query, &asked) != nil {
		_ = json.Unmarshal(v.Query, &asked.Query) // as a plain string
	}
	if m := labelValues.FindStringSubmatch(asked.Query); m != nil && m[1] != "" {
		l.promQL(where, m[1])
	}
}

// eachText calls f for every string in JSON, with the name of the field that it is in.
func eachText(v any, key string, f func(key, text string)) {
	switch v := v.(type) {
	case string:
		f(key, v)
	case []any:
		for _, e := range v {
			eachText(e, key, f)
		}
	case map[string]any:
		names := make([]string, 0, len(v))
		for k := range v {
			names = append(names, k)
		}
		slices.Sort(names)
		for _, k := range names {
			eachText(v[k], k, f)
		}
	}
}
