package remotewriteexporter

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/tidewatch/tidewatch/internal/address"
	"github.com/tidewatch/tidewatch/internal/breaker"
	"github.com/tidewatch/tidewatch/internal/retryafter"
)

const (
	// maxAnswer is how much of an answer is read: its first line goes to the log.
	maxAnswer = 4096
	// maxLocation is how much of a redirect's target goes to the log.
	maxLocation = 200

	contentType1 = "application/x-protobuf"
	contentType2 = "application/x-protobuf;proto=io.prometheus.write.v2.Request"
)

// throttled is an answer that says when to come back.
type throttled struct {
	error
	wait time.Duration
}

func (t *throttled) Unwrap() error { return t.error }

// errOtherVersion says that the request is to be sent in the other version.
var errOtherVersion = errors.New("the receiver does not take this version")

// post writes one request. An error means that it is to be sent again; what the
// receiver will never take has been counted.
func (e *metricsExporter) post(ctx context.Context, r *request) error {
	req, err := e.request(ctx, r)
	if err != nil {
		return err
	}
	resp, err := e.client.Do(req)
	if err != nil {
		if _, open := errors.AsType[*breaker.OpenError](err); !open { // nothing was sent then
			e.telemetry.undelivered.Retry(ctx, "answer", r.points)
		}
		return fmt.Errorf("write to %s: %w", address.Plain(e.url), address.Reason(err))
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer)) // half of it says something, too
	return e.judge(ctx, r, resp, answer)
}

func (e *metricsExporter) request(ctx context.Context, r *request) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url.String(), bytes.NewReader(r.body))
	if err != nil {
		return nil, fmt.Errorf("make remote write request: %w", err)
	}
	h := req.Header
	h.Set("Content-Encoding", "snappy")
	h.Set("User-Agent", e.userAgent)
	h.Set("Content-Type", contentType1)
	h.Set("X-Prometheus-Remote-Write-Version", "0.1.0")
	if r.version == v2 {
		h.Set("Content-Type", contentType2)
		h.Set("X-Prometheus-Remote-Write-Version", "2.0.0")
	}
	switch {
	case e.cfg.Username != "":
		password, err := e.password.Read()
		if err != nil {
			return nil, fmt.Errorf("read password_file: %w", err)
		}
		req.SetBasicAuth(e.cfg.Username, password)
	case e.cfg.BearerToken != "" || e.cfg.BearerTokenFile != "":
		token, err := e.token.Read()
		if err != nil {
			return nil, fmt.Errorf("read bearer_token_file: %w", err)
		}
		h.Set("Authorization", "Bearer "+token)
	}
	return req, nil
}

// judge decides what an answer means.
func (e *metricsExporter) judge(ctx context.Context, r *request, resp *http.Response, answer []byte) error {
	written := readWritten(resp.Header)
	if r.version == v2 && e.unsupported(r, resp.StatusCode, written) {
		return errOtherVersion
	}
	status := resp.StatusCode
	if status/100 == 2 {
		if r.version == v1 { // a success stands for all
			written = counts{samples: r.samples, histograms: r.histograms, exemplars: r.exemplars}
		}
		e.settle(ctx, r, written, "unconfirmed", fmt.Sprintf("%s answers %s, but confirms %s", address.Plain(e.url), resp.Status, written))
		return nil
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(answer)), "\n")
	err := fmt.Errorf("write to %s: the receiver answers %s: %s", address.Plain(e.url), resp.Status, line)
	switch {
	case status == http.StatusTooManyRequests || status/100 == 5:
		e.telemetry.undelivered.Retry(ctx, strconv.Itoa(status), r.points)
		if wait := retryafter.Wait(resp.Header, e.now()); wait > 0 {
			return &throttled{err, wait}
		}
		return err
	case status/100 == 3:
		e.telemetry.undelivered.Retry(ctx, strconv.Itoa(status), r.points)
		to := resp.Header.Get("Location")
		return fmt.Errorf("%w (it points to %q: redirects are not followed, set endpoint to where it leads)", err, to[:min(len(to), maxLocation)])
	case r.size() > 0: // not for metadata, which some receivers refuse
		if r.version == v1 {
			written = counts{} // a receiver of version 1 may have stored a part and cannot say so
		}
		e.settle(ctx, r, written, "refused_"+strconv.Itoa(status), err.Error())
	}
	return nil
}

// unsupported tells whether the receiver cannot have understood version 2, and if
// so falls back where that is allowed. A receiver of version 1 that looks at no
// header finds the message empty, answers 2xx and confirms nothing. One that has
// never confirmed anything may answer 400 for the same reason.
func (e *metricsExporter) unsupported(r *request, status int, w counts) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if w.confirmed {
		e.protocol.confirmed = true
		return false
	}
	if status != http.StatusUnsupportedMediaType && status/100 != 2 && (status != http.StatusBadRequest || e.protocol.confirmed) {
		return false
	}
	ok, changed := e.protocol.fallBack(e.now())
	if changed {
		e.set.Logger.Info("The receiver does not take remote write 2.0; it gets 1.0 from now on, without the start of counters.",
			zap.String("endpoint", address.Plain(e.url)), zap.Int("status", status))
	}
	return ok && r.version == v2
}

// settle counts what was written, and what was not as dropped.
func (e *metricsExporter) settle(ctx context.Context, r *request, w counts, reason, detail string) {
	w.samples, w.histograms, w.exemplars = min(w.samples, r.samples), min(w.histograms, r.histograms), min(w.exemplars, r.exemplars)
	e.telemetry.written(ctx, r.version, w)
	if missing := r.size() - w.samples - w.histograms; missing > 0 {
		points := (r.points*missing + r.size() - 1) / r.size() // upwards: nothing is lost unseen
		e.telemetry.drop(ctx, reason, int64(points), detail)
	}
}

// counts is what a receiver says that it has written.
type counts struct {
	samples, histograms, exemplars int
	confirmed                      bool // it says something
}

func (c counts) String() string {
	if !c.confirmed {
		return "nothing"
	}
	return fmt.Sprintf("%d samples and %d histograms", c.samples, c.histograms)
}

func readWritten(h http.Header) (c counts) {
	for name, to := range map[string]*int{"Samples": &c.samples, "Histograms": &c.histograms, "Exemplars": &c.exemplars} {
		n, err := strconv.Atoi(strings.TrimSpace(h.Get("X-Prometheus-Remote-Write-" + name + "-Written")))
		if err == nil && n >= 0 {
			*to, c.confirmed = n, true
		}
	}
	return c
}
