//go:build e2e

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tidewatch/tidewatch/dashboards"
)

// viewer asks what Grafana would ask when a person opens a dashboard.
type viewer struct {
	prometheus, loki, elasticsearch string
	// prefer is the value of variables of which one is chosen, where it is among them.
	prefer string
}

// look asks every query of a dashboard that is not in seen, with the variables as their own
// queries find them. What has data goes to seen, what has not to last.
func (v *viewer) look(d *dashboards.Dashboard, seen map[string]bool, last map[string]error) {
	values := map[string]string{}
	tell := func(name string, err error) {
		name = d.UID + "/" + name
		if err == nil {
			seen[name] = true
		} else if !seen[name] {
			last[name] = err
		}
	}
	for i := range d.Templating.List {
		variable := &d.Templating.List[i]
		value, err := v.variable(variable, values)
		values[variable.Name] = value
		tell("variable "+variable.Name, err)
	}
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			if name := p.Title + "/" + target.RefID; !seen[d.UID+"/"+name] {
				tell(name, v.ask(target, values))
			}
		}
	}
	for _, a := range d.Annotations.List {
		tell("annotation "+a.Name, v.ask(dashboards.Target{DataSource: &a.DataSource, Expr: a.Expr, QueryType: "range"}, values))
	}
}

var reference = regexp.MustCompile(`\$\{?(\w+)(?::\w+)?\}?`)

// fill replaces variables as Grafana does.
func fill(text string, values map[string]string) string {
	return reference.ReplaceAllStringFunc(text, func(r string) string {
		switch name := reference.FindStringSubmatch(r)[1]; name {
		case "__rate_interval", "__auto", "__interval":
			return "30s"
		case "__range":
			return "10m"
		default:
			if name[0] <= '9' { // $1 of a replacement
				return r
			}
			return values[name]
		}
	})
}

// variable returns the value that a variable has when its dashboard is opened.
func (v *viewer) variable(variable *dashboards.Variable, values map[string]string) (string, error) {
	var found []string
	var err error
	switch variable.Type {
	case "datasource":
		return "", nil
	case "custom", "textbox":
		return variable.Current.Value.(string), nil
	case "query":
		found, err = v.values(variable, values)
	default:
		err = fmt.Errorf("type %s", variable.Type)
	}
	if err != nil {
		return "", err
	}
	if variable.Regex != "" {
		pattern, err := regexp.Compile(strings.Trim(variable.Regex, "/"))
		if err != nil {
			return "", err
		}
		var parts []string
		for _, f := range found {
			if m := pattern.FindStringSubmatch(f); m != nil {
				parts = append(parts, m[1])
			}
		}
		found = parts
	}
	if len(found) == 0 {
		return "", errors.New("no values")
	}
	if variable.IncludeAll {
		return variable.AllValue, nil
	}
	for _, f := range found {
		if strings.Contains(f, v.prefer) {
			return f, nil
		}
	}
	return found[0], nil
}

var (
	labelValues = regexp.MustCompile(`^label_values\((.*), (\w+)\)$`)
	queryResult = regexp.MustCompile(`^query_result\((.*)\)$`)
)

// values asks for the values of a variable.
func (v *viewer) values(variable *dashboards.Variable, values map[string]string) ([]string, error) {
	switch q := variable.Query.(type) {
	case string: // Elasticsearch
		var terms struct{ Field string }
		if err := json.Unmarshal([]byte(q), &terms); err != nil {
			return nil, err
		}
		buckets, err := v.search("*", map[string]any{"a": map[string]any{"terms": map[string]any{"field": terms.Field}}})
		var found []string
		for _, b := range buckets {
			found = append(found, fmt.Sprint(b["key"]))
		}
		return found, err
	case map[string]any:
		if label, ok := q["label"].(string); ok {
			return labels(v.loki + "/loki/api/v1/label/" + label + "/values?" + url.Values{"start": {ago()}}.Encode())
		}
		query := fill(q["query"].(string), values)
		if m := labelValues.FindStringSubmatch(query); m != nil {
			return labels(v.prometheus + "/api/v1/label/" + m[2] + "/values?" + url.Values{"match[]": {m[1]}}.Encode())
		}
		if m := queryResult.FindStringSubmatch(query); m != nil {
			return v.results(m[1])
		}
	}
	return nil, fmt.Errorf("what is the query %v?", variable.Query)
}

func ago() string { return strconv.FormatInt(time.Now().Add(-10*time.Minute).UnixNano(), 10) }

func labels(url string) ([]string, error) {
	var answer struct{ Data []string }
	return answer.Data, fetch(url, &answer)
}

// fetch decodes an answer into v.
func fetch(url string, v any) error {
	code, body, err := get(url)
	if err != nil {
		return err
	}
	if code != http.StatusOK {
		return fmt.Errorf("%d %s", code, body)
	}
	return json.Unmarshal(body, v)
}

// results writes series as Grafana's query_result does.
func (v *viewer) results(query string) ([]string, error) {
	var answer struct {
		Data struct {
			Result []struct{ Metric map[string]string }
		}
	}
	err := fetch(v.prometheus+"/api/v1/query?"+url.Values{"query": {query}}.Encode(), &answer)
	var found []string
	for _, r := range answer.Data.Result {
		var pairs []string
		for k, l := range r.Metric {
			if k != "__name__" {
				pairs = append(pairs, fmt.Sprintf("%s=%q", k, l))
			}
		}
		found = append(found, r.Metric["__name__"]+"{"+strings.Join(pairs, ",")+"} 1 1")
	}
	return found, err
}

// ask sends one query; no data is an error.
func (v *viewer) ask(t dashboards.Target, values map[string]string) error {
	expr := fill(t.Expr, values)
	now := time.Now()
	when := url.Values{"query": {expr}, "start": {seconds(now.Add(-3 * time.Minute))}, "end": {seconds(now)}, "step": {"5"}}
	switch t.DataSource.Type {
	case "prometheus":
		path := "/api/v1/query_range?"
		if t.Instant {
			path = "/api/v1/query?"
			when = url.Values{"query": {expr}}
		}
		if err := hasData(v.prometheus + path + when.Encode()); err != nil {
			return fmt.Errorf("%s: %w", expr, err)
		}
		if t.Exemplar {
			var answer struct{ Data []any }
			if err := fetch(v.prometheus+"/api/v1/query_exemplars?"+when.Encode(), &answer); err != nil || len(answer.Data) == 0 {
				return fmt.Errorf("%s: no exemplars %w", expr, err)
			}
		}
	case "loki":
		path := "/loki/api/v1/query_range?"
		if t.QueryType == "instant" {
			path = "/loki/api/v1/query?"
			when = url.Values{"query": {expr}}
		}
		if err := hasData(v.loki + path + when.Encode()); err != nil {
			return fmt.Errorf("%s: %w", expr, err)
		}
	case "elasticsearch":
		if err := v.documents(fill(*t.Query, values), t); err != nil {
			return fmt.Errorf("%s: %w", fill(*t.Query, values), err)
		}
	}
	return nil
}

func seconds(t time.Time) string {
	return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64)
}

// hasData wants one number that is one, or one line.
func hasData(url string) error {
	var answer struct {
		Data struct {
			Result []struct {
				Value  []any
				Values [][]any
			}
		}
	}
	if err := fetch(url, &answer); err != nil {
		return err
	}
	number := func(pair []any) bool {
		if len(pair) < 2 {
			return false
		}
		f, err := strconv.ParseFloat(fmt.Sprint(pair[1]), 64)
		return err != nil || !math.IsNaN(f) // a line is no number
	}
	for _, r := range answer.Data.Result {
		if number(r.Value) {
			return nil
		}
		if slices.ContainsFunc(r.Values, number) {
			return nil
		}
	}
	return fmt.Errorf("no data in %d series", len(answer.Data.Result))
}

// documents asks Elasticsearch as Grafana's data source does: buckets within buckets, and a
// metric in the innermost.
func (v *viewer) documents(query string, t dashboards.Target) error {
	var inner map[string]any
	if m := t.Metrics[0]; m.Type == "cardinality" {
		inner = map[string]any{"a": map[string]any{"cardinality": map[string]any{"field": m.Field}}}
	}
	for _, b := range slices.Backward(t.BucketAggs) {
		agg := map[string]any{"terms": map[string]any{"field": b.Field, "size": b.Settings["size"]}}
		if b.Type == "date_histogram" {
			agg = map[string]any{"date_histogram": map[string]any{"field": b.Field, "fixed_interval": "10s", "min_doc_count": 1}}
		}
		if inner != nil {
			agg["aggs"] = inner
		}
		inner = map[string]any{"a": agg}
	}
	buckets, err := v.search(query, inner)
	if err != nil {
		return err
	}
	for range max(len(t.BucketAggs)-1, 0) {
		var below []map[string]any
		for _, b := range buckets {
			below = append(below, bucketsOf(b["a"])...)
		}
		buckets = below
	}
	if len(buckets) == 0 {
		return errors.New("no documents")
	}
	return nil
}

// search returns the outermost buckets of logs of the last minutes, or the documents where
// there are no aggregations.
func (v *viewer) search(query string, aggs map[string]any) ([]map[string]any, error) {
	if err := esRefresh(v.elasticsearch); err != nil {
		return nil, err
	}
	request := map[string]any{"size": 1, "query": map[string]any{"bool": map[string]any{"filter": []any{
		map[string]any{"query_string": map[string]any{"query": query, "analyze_wildcard": true}},
		map[string]any{"range": map[string]any{"@timestamp": map[string]any{"gte": "now-10m"}}},
	}}}}
	if aggs != nil {
		request["aggs"] = aggs
	}
	var answer struct {
		Hits         struct{ Hits []map[string]any }
		Aggregations map[string]any
	}
	if err := esPost(v.elasticsearch+"/logs-*/_search", request, &answer); err != nil {
		return nil, err
	}
	if aggs == nil {
		return answer.Hits.Hits, nil
	}
	return bucketsOf(answer.Aggregations["a"]), nil
}

func bucketsOf(agg any) []map[string]any {
	m, _ := agg.(map[string]any)
	list, _ := m["buckets"].([]any)
	var buckets []map[string]any
	for _, b := range list {
		if b, ok := b.(map[string]any); ok {
			buckets = append(buckets, b)
		}
	}
	return buckets
}
