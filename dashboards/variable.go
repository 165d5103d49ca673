package dashboards

// dataSourceVariable lets the data source of a type be chosen; Grafana takes the first or the default one.
//
//go:noinline
func dataSourceVariable(ds DataSource, name, label string) Variable {
	return Variable{Type: "datasource", Name: name, Label: label, Query: ds.Type, Refresh: 1}
}

func prometheusVariable() Variable {
	return dataSourceVariable(prometheus, "prometheus", "Prometheus")
}
func lokiVariable() Variable { return dataSourceVariable(loki, "loki", "Loki") }
func elasticsearchVariable() Variable {
	return dataSourceVariable(elasticsearch, "elasticsearch", "Elasticsearch")
}
func tempoVariable() Variable { return dataSourceVariable(tempo, "tempo", "Traces") }

// promVariable lists the values of a label of a metric's series.
//
//go:noinline
func promVariable(name, label, metric, of string) Variable {
	return Variable{
		Type: "query", Name: name, Label: label, DataSource: &prometheus, Refresh: 2, Sort: 1,
		Query: map[string]any{"qryType": 1, "query": "label_values(" + metric + ", " + of + ")", "refId": "PrometheusVariableQueryEditor-VariableQuery"},
	}
}

// promResultVariable lists what regex finds in the series that a query answers with.
//
//go:noinline
func promResultVariable(name, label, expr, regex string) Variable {
	return Variable{
		Type: "query", Name: name, Label: label, DataSource: &prometheus, Refresh: 2, Sort: 1, Regex: regex,
		Query: map[string]any{"qryType": 3, "query": "query_result(" + expr + ")", "refId": "PrometheusVariableQueryEditor-VariableQuery"},
	}
}

// lokiLabelVariable lists the values of a label of streams.
//
//go:noinline
func lokiLabelVariable(name, label, of string) Variable {
	return Variable{
		Type: "query", Name: name, Label: label, DataSource: &loki, Refresh: 2, Sort: 1,
		Query: map[string]any{"type": 1, "label": of, "stream": "", "refId": "LokiVariableQueryEditor-VariableQuery"},
	}
}

// elasticsearchVariableOf lists the values of a field.
//
//go:noinline
func elasticsearchVariableOf(name, label, field string) Variable {
	return Variable{
		Type: "query", Name: name, Label: label, DataSource: &elasticsearch, Refresh: 2, Sort: 1,
		Query: `{"find":"terms","field":"` + field + `","size":500}`,
	}
}

// textVariable is a field to write into.
//
//go:noinline
func textVariable(name, label, description, value string) Variable {
	c := Choice{Text: value, Value: value}
	return Variable{Type: "textbox", Name: name, Label: label, Description: description, Query: value, Current: &c, Options: []Choice{{Selected: true, Text: value, Value: value}}}
}

// some lets several values be chosen; all of them are the regular expression (or the wildcard) all.
func (v Variable) some(all string) Variable {
	v.Multi, v.IncludeAll, v.AllValue = true, true, all
	v.Current = &Choice{Selected: true, Text: []string{"All"}, Value: []string{"$__all"}}
	return v
}
