package dashboards

// documents counts documents, in buckets of buckets.
//
//go:noinline
func documents(query, alias string, buckets ...Aggregation) *Target {
	return numbered(query, alias, []Aggregation{{Type: "count"}}, buckets)
}

// distinct counts the different values of a field.
//
//go:noinline
func distinct(query, field string) *Target {
	// One bucket for all of the time that is shown, so that the same value is not counted
	// twice: all log records are of one type.
	return numbered(query, "", []Aggregation{{Type: "cardinality", Field: field}}, []Aggregation{terms("data_stream.type", "1")})
}

// documentLines shows documents as log lines.
//
//go:noinline
func documentLines(query string) *Target {
	return numbered(query, "", []Aggregation{{Type: "logs", Settings: map[string]string{"limit": "200"}}}, nil)
}

// documentRows shows whole documents as rows of a table, newest first.
//
//go:noinline
func documentRows(query string) *Target {
	return numbered(query, "", []Aggregation{{Type: "raw_data", Settings: map[string]string{"size": "200"}}}, nil)
}

// numbered gives the steps of a query their ids; the query refers to none of them.
func numbered(query, alias string, metrics, buckets []Aggregation) *Target {
	for i := range metrics {
		metrics[i].ID = string(rune('1' + i))
	}
	for i := range buckets {
		buckets[i].ID = string(rune('2' + i))
	}
	if buckets == nil {
		buckets = []Aggregation{}
	}
	return &Target{DataSource: &elasticsearch, Query: &query, Alias: alias, TimeField: "@timestamp", Metrics: metrics, BucketAggs: buckets}
}

// overTime makes a bucket of each step of time.
//
//go:noinline
func overTime() Aggregation {
	return Aggregation{Type: "date_histogram", Field: "@timestamp", Settings: map[string]string{"interval": "auto", "min_doc_count": "0"}}
}

// terms makes a bucket of each value of a field, the most frequent first.
//
//go:noinline
func terms(field, size string) Aggregation {
	return Aggregation{Type: "terms", Field: field, Settings: map[string]string{"size": size, "order": "desc", "orderBy": "_count", "min_doc_count": "1"}}
}

// summed adds the values of a series up.
//
//go:noinline
func (p *Panel) summed() *Panel {
	o := p.Options.(StatOptions)
	o.ReduceOptions.Calcs = []string{"sum"}
	p.Options = o
	return p
}
