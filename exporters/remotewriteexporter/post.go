package remotewriteexporter

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/consumer/consumererror"
)

const (
	// maxAnswer is how much of an answer is read: its first line goes to the log.
	maxAnswer = 4096
	// maxWait bounds what Retry-After can ask for.
	maxWait = 5 * time.Minute
)

// throttled is an answer that says when to come back.
type throttled struct {
	error
	wait time.Duration
}

func (t *throttled) Unwrap() error { return t.error }

// post writes one request. The error is permanent when the receiver will never
// take it; that has been counted then.
func (e *metricsExporter) post(ctx context.Context, r request) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader(r.body))
	if err != nil {
		return consumererror.NewPermanent(fmt.Errorf("make remote write request: %w", err))
	}
	h := req.Header
	h.Set("Content-Type", "application/x-protobuf")
	h.Set("Content-Encoding", "snappy")
	h.Set("X-Prometheus-Remote-Write-Version", "0.1.0")
	h.Set("User-Agent", e.userAgent)
	switch {
	case e.cfg.Username != "":
		req.SetBasicAuth(e.cfg.Username, string(e.cfg.Password))
	case e.cfg.BearerToken != "":
		h.Set("Authorization", "Bearer "+string(e.cfg.BearerToken))
	}
	resp, err := e.client.Do(req)
	if err != nil {
		return fmt.Errorf("write to %s: %w", e.url, err)
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer)) // says why, or nothing
	if resp.StatusCode/100 == 2 {
		e.telemetry.written(ctx, r.samples)
		return nil
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(answer)), "\n")
	err = fmt.Errorf("write to %s: the receiver answers %s: %s", e.url, resp.Status, line)
	if resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode/100 == 5 {
		if wait := retryAfter(resp.Header.Get("Retry-After"), e.now()); wait > 0 {
			return &throttled{err, wait}
		}
		return err
	}
	if r.samples > 0 { // not for metadata, which some receivers refuse
		e.telemetry.drop(ctx, "http_"+strconv.Itoa(resp.StatusCode), int64(r.samples), err.Error())
		return consumererror.NewPermanent(err)
	}
	return nil
}

// retryAfter reads seconds or a date; 0 means nothing usable.
func retryAfter(header string, now time.Time) time.Duration {
	if s, err := strconv.Atoi(header); err == nil {
		return min(max(0, time.Duration(s)*time.Second), maxWait)
	}
	if at, err := http.ParseTime(header); err == nil {
		return min(max(0, at.Sub(now)), maxWait)
	}
	return 0
}
