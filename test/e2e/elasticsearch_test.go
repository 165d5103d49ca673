//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// esPage is how many documents Elasticsearch returns at most for one search.
const esPage = 10000

// esDocument is one hit; fields are the leaves of its source, by dotted name.
type esDocument struct {
	index, id string
	fields    map[string]string
}

// esPost sends a JSON request and decodes the answer.
func esPost(url string, request, answer any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return fmt.Errorf("encode request: %w", err)
	}
	resp, err := client.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("POST %s: %d %s", url, resp.StatusCode, b)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	return d.Decode(answer)
}

// esRefresh makes everything that was written visible to searches.
func esRefresh(base string) error {
	code, body, err := get(base + "/_refresh")
	if err == nil && code != http.StatusOK {
		err = fmt.Errorf("refresh: %d %s", code, body)
	}
	return err
}

// esCount asks Elasticsearch to count the documents of a query, newest included.
func esCount(base string, query any) (int, error) {
	if err := esRefresh(base); err != nil {
		return 0, err
	}
	var answer struct{ Count int }
	err := esPost(base+"/_count", map[string]any{"query": query}, &answer)
	return answer.Count, err
}

// esSearch returns every document of a query, page by page.
func esSearch(base string, query any) ([]esDocument, error) {
	if err := esRefresh(base); err != nil {
		return nil, err
	}
	var all []esDocument
	var after []any
	for {
		request := map[string]any{"query": query, "size": esPage, "sort": []any{
			map[string]any{"@timestamp": map[string]any{"order": "asc", "format": "strict_date_optional_time_nanos", "numeric_type": "date_nanos"}},
		}}
		if after != nil {
			request["search_after"] = after
		}
		var answer struct {
			Hits struct {
				Hits []struct {
					Index  string         `json:"_index"`
					ID     string         `json:"_id"`
					Source map[string]any `json:"_source"`
					Sort   []any          `json:"sort"`
				} `json:"hits"`
			} `json:"hits"`
		}
		if err := esPost(base+"/_search", request, &answer); err != nil {
			return nil, err
		}
		for _, h := range answer.Hits.Hits {
			d := esDocument{index: h.Index, id: h.ID, fields: map[string]string{}}
			flatten("", h.Source, d.fields)
			all = append(all, d)
			after = h.Sort
		}
		if len(answer.Hits.Hits) < esPage {
			return all, nil
		}
	}
}

func flatten(prefix string, v any, into map[string]string) {
	m, ok := v.(map[string]any)
	if !ok {
		into[prefix] = fmt.Sprint(v)
		return
	}
	for k, v := range m {
		if prefix != "" {
			k = prefix + "." + k
		}
		flatten(k, v, into)
	}
}

// elasticsearch returns the application's records as Elasticsearch holds them.
func (a *application) elasticsearch(base string) (map[string]found, error) {
	docs, err := esSearch(base, a.esDocuments())
	if err != nil {
		return nil, err
	}
	in := map[string]found{}
	for _, d := range docs {
		key, ok := a.keyOf(d.fields["message"])
		if !ok {
			continue
		}
		at, err := time.Parse(time.RFC3339Nano, d.fields["@timestamp"])
		if err != nil {
			return nil, fmt.Errorf("document %s/%s: %w", d.index, d.id, err)
		}
		in[key] = found{
			time: at, body: d.fields["message"], severity: d.fields["log.level"], traceID: d.fields["trace.id"],
			order: d.fields["attributes.order_id"], tier: d.fields["attributes.customer.tier"], file: d.fields["log.file.path"],
			host: d.fields["host.name"], pattern: d.fields["log.pattern.id"], copies: in[key].copies + 1,
		}
	}
	return in, nil
}

// esDocuments selects the application's log records.
func (a *application) esDocuments() any {
	return map[string]any{"bool": map[string]any{
		"must":     []any{map[string]any{"match": map[string]any{"message": a.marker}}},
		"must_not": []any{map[string]any{"exists": map[string]any{"field": "finding.id"}}},
	}}
}

// esTraces selects the spans and log records of traces, esSpans the spans alone.
func esTraces(ids []string) any {
	return map[string]any{"terms": map[string]any{"trace.id": ids}}
}

func esSpans(ids []string) any {
	return map[string]any{"bool": map[string]any{"must": []any{esTraces(ids), map[string]any{"exists": map[string]any{"field": "span.name"}}}}}
}
