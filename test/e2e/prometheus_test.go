//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
)

// promQL returns the sum of the values of an instant query's vector.
func promQL(base, query string) (float64, error) {
	code, body, err := get(base + "/api/v1/query?" + url.Values{"query": {query}}.Encode())
	if err != nil {
		return 0, err
	}
	if code != http.StatusOK {
		return 0, fmt.Errorf("query Prometheus: %d %s", code, body)
	}
	return vectorSum(body)
}

// vectorSum adds up a vector as Prometheus and Loki write it; it fails when the
// vector is empty.
func vectorSum(body []byte) (float64, error) {
	var answer struct {
		Data struct {
			Result []struct {
				Value [2]any `json:"value"`
			} `json:"result"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return 0, fmt.Errorf("decode vector: %w", err)
	}
	if len(answer.Data.Result) == 0 {
		return 0, fmt.Errorf("no series")
	}
	var sum float64
	for _, r := range answer.Data.Result {
		v, err := strconv.ParseFloat(fmt.Sprint(r.Value[1]), 64)
		if err != nil {
			return 0, fmt.Errorf("decode value: %w", err)
		}
		sum += v
	}
	return sum, nil
}

// promSamples returns the times, in milliseconds, of the samples of a range
// selector.
func promSamples(base, selector string) ([]int64, error) {
	code, body, err := get(base + "/api/v1/query?" + url.Values{"query": {selector}}.Encode())
	if err != nil {
		return nil, err
	}
	if code != http.StatusOK {
		return nil, fmt.Errorf("query Prometheus: %d %s", code, body)
	}
	var answer struct {
		Data struct {
			Result []struct {
				Values [][2]any `json:"values"`
			} `json:"result"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("decode matrix: %w", err)
	}
	var times []int64
	for _, r := range answer.Data.Result {
		for _, v := range r.Values {
			seconds, ok := v[0].(float64)
			if !ok {
				return nil, fmt.Errorf("decode time %v", v[0])
			}
			times = append(times, int64(math.Round(seconds*1000)))
		}
	}
	return times, nil
}
