//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// lokiPage is how many lines Loki returns at most for one query.
const lokiPage = 5000

// lokiLine is one log line with its labels and structured metadata.
type lokiLine struct {
	time   time.Time
	line   string
	labels map[string]string
}

// lokiQuery returns every line of a LogQL query since a time, oldest first. It
// asks page by page: a page begins with the instant at which the last one ended.
func lokiQuery(base, query string, since time.Time) ([]lokiLine, error) {
	var all []lokiLine
	start, end := since, time.Now().Add(time.Hour)
	seen := map[string]bool{} // lines of the instant at which the last page ended
	for {
		page, err := lokiRange(base, query, start, end)
		if err != nil {
			return nil, err
		}
		fresh := 0
		for _, l := range page {
			id := fmt.Sprint(l.time.UnixNano(), l.line, l.labels)
			if seen[id] {
				continue
			}
			seen[id] = true
			fresh++
			all = append(all, l)
			if l.time.After(start) {
				start = l.time
			}
		}
		if fresh == 0 || len(page) < lokiPage {
			return all, nil
		}
	}
}

func lokiRange(base, query string, start, end time.Time) ([]lokiLine, error) {
	q := url.Values{
		"query": {query}, "direction": {"forward"}, "limit": {strconv.Itoa(lokiPage)},
		"start": {strconv.FormatInt(start.UnixNano(), 10)}, "end": {strconv.FormatInt(end.UnixNano(), 10)},
	}
	code, body, err := get(base + "/loki/api/v1/query_range?" + q.Encode())
	if err != nil {
		return nil, err
	}
	if code != http.StatusOK {
		return nil, fmt.Errorf("query Loki: %d %s", code, body)
	}
	var answer struct {
		Data struct {
			Result []struct {
				Stream map[string]string `json:"stream"`
				Values [][2]string       `json:"values"`
			} `json:"result"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("decode Loki's answer: %w", err)
	}
	var lines []lokiLine
	for _, s := range answer.Data.Result {
		for _, v := range s.Values {
			ns, err := strconv.ParseInt(v[0], 10, 64)
			if err != nil {
				return nil, fmt.Errorf("decode Loki's time: %w", err)
			}
			// Loki splits a fast stream in shards by itself: a line that is sent again, after a
			// crash, may land in another shard and is the same line nonetheless.
			delete(s.Stream, "__stream_shard__")
			lines = append(lines, lokiLine{time: time.Unix(0, ns), line: v[1], labels: s.Stream})
		}
	}
	return lines, nil
}

// lokiCount asks Loki itself to count the lines of a query.
func lokiCount(base, query string, since time.Time) (int, error) {
	seconds := int(time.Since(since).Seconds()) + 60
	q := url.Values{"query": {fmt.Sprintf("sum(count_over_time(%s[%ds]))", query, seconds)}}
	code, body, err := get(base + "/loki/api/v1/query?" + q.Encode())
	if err != nil {
		return 0, err
	}
	if code != http.StatusOK {
		return 0, fmt.Errorf("query Loki: %d %s", code, body)
	}
	v, err := vectorSum(body)
	return int(v), err
}

// loki returns the application's records as Loki holds them.
func (a *application) loki(base string) (map[string]found, error) {
	lines, err := lokiQuery(base, a.lokiLines(), a.since())
	if err != nil {
		return nil, err
	}
	in := map[string]found{}
	for _, l := range lines {
		key, ok := a.keyOf(l.line)
		if !ok {
			continue
		}
		before := in[key]
		in[key] = found{
			labels: l.labels, unlike: unlike(before.labels, l.labels),
			time: l.time, body: l.line, severity: l.labels["detected_level"], traceID: l.labels["trace_id"],
			order: l.labels["order_id"], tier: l.labels["customer_tier"], file: l.labels["log_file_path"],
			host: l.labels["host_name"], pattern: l.labels["log_pattern_id"], copies: before.copies + 1,
		}
	}
	return in, nil
}

// lokiLines selects the application's lines. Loki gives every stream a
// service_name. Findings quote lines, so they are left out.
func (a *application) lokiLines() string {
	return fmt.Sprintf(`{service_name=~".+"} |= %q | finding_id=""`, a.marker)
}

// since is before the application's first record.
func (a *application) since() time.Time {
	first := a.clock
	for _, s := range a.sent {
		if s.time.Before(first) {
			first = s.time
		}
	}
	return first.Add(-time.Second)
}
