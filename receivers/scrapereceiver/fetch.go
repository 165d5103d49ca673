package scrapereceiver

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

const (
	acceptText     = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
	acceptProtobuf = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,"
	// textPage is the content type of pages that are made here.
	textPage = "text/plain; version=0.0.4"
)

// bodies are buffers of pages. The garbage collector takes those that are not in use.
var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

var unzippers sync.Pool

// statusError is an answer other than 200.
type statusError struct{ code int }

func (e statusError) Error() string {
	text := "the target answers " + strconv.Itoa(e.code) + " " + http.StatusText(e.code)
	if e.code == http.StatusUnauthorized || e.code == http.StatusForbidden {
		text += ": check authorization, and what it may read"
	}
	return text
}

// fetch reads the target's page into a buffer, and returns its content type.
func (t *target) fetch(ctx context.Context, into *bytes.Buffer) (contentType string, err error) {
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.url, http.NoBody)
	if err != nil {
		return "", fmt.Errorf("make request: %w", err)
	}
	accept := acceptText
	if t.job.native {
		accept = acceptProtobuf + acceptText
	}
	req.Header.Set("Accept", accept)
	req.Header.Set("Accept-Encoding", "gzip")
	req.Header.Set("User-Agent", "tidewatch")
	req.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", strconv.FormatFloat(t.timeout.Seconds(), 'f', -1, 64))
	client := t.job.client
	if t.client != nil {
		client = t.client
	} else if err := t.job.authorize(req); err != nil {
		return "", err
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		_, _ = io.CopyN(io.Discard, resp.Body, 4<<10) // so that the connection can be used again
		return "", statusError{resp.StatusCode}
	}
	body := io.Reader(resp.Body)
	if resp.Header.Get("Content-Encoding") == "gzip" {
		z, err := unzip(resp.Body)
		if err != nil {
			return "", fmt.Errorf("read gzip: %w", err)
		}
		defer unzippers.Put(z)
		body = z
	}
	if _, err := into.ReadFrom(io.LimitReader(body, t.job.limits.body+1)); err != nil {
		return "", fmt.Errorf("read page: %w", err)
	}
	if int64(into.Len()) > t.job.limits.body {
		return "", fmt.Errorf("the page has more bytes than body_size_limit, %d", t.job.limits.body)
	}
	return resp.Header.Get("Content-Type"), nil
}

func unzip(r io.Reader) (*gzip.Reader, error) {
	if z, ok := unzippers.Get().(*gzip.Reader); ok {
		return z, z.Reset(r)
	}
	return gzip.NewReader(r)
}

// read returns the page and its content type. The buffer holds it.
func (t *target) read(ctx context.Context, at time.Time, into *bytes.Buffer) ([]byte, string, error) {
	if t.page != nil {
		page := t.page(at)
		if page == nil {
			return nil, "", errors.New("the kubelet has not listed its pods yet")
		}
		return page, textPage, nil
	}
	contentType, err := t.fetch(ctx, into)
	return into.Bytes(), contentType, err
}
