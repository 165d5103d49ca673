package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// sender sends requests by OTLP over HTTP as an application's SDK would that forgets
// nothing: in turn, each as often as the agent refuses it. What is due later waits.
type sender struct {
	url  string
	of   string // what it sends
	all  int    // requests
	due  func(i int) time.Duration
	make func(i int) ([]byte, int, error) // the body of request i, and its records

	accepted, records, refused, failed atomic.Int64
}

// client has no timeout: a request whose answer is not waited for may have been accepted.
var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 4}}

// run sends everything, and returns when all is accepted or the context ends.
func (s *sender) run(ctx context.Context, clock *clock) error {
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for i := range s.all {
		for clock.now() < s.due(i) && !clock.ended() {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-look.C:
			}
		}
		body, records, err := s.make(i)
		if err != nil {
			return err
		}
		for wait := 50 * time.Millisecond; ; wait = min(2*wait, time.Second) {
			again, err := s.post(ctx, body)
			if err != nil && !again {
				return err
			}
			if !again {
				break
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(wait):
			}
		}
		s.accepted.Add(1)
		s.records.Add(int64(records))
	}
	return nil
}

// post sends a request once; again is true if the agent wants it later.
func (s *sender) post(ctx context.Context, body []byte) (again bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	resp, err := client.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		s.failed.Add(1)
		return true, nil
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		s.failed.Add(1)
		return true, nil
	case resp.StatusCode == http.StatusOK:
		return false, nil
	case resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable:
		s.refused.Add(1)
		return true, nil
	}
	return false, fmt.Errorf("the agent answered %s to %s: %s", resp.Status, s.of, said)
}
