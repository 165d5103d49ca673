package alertmanagerexporter

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.uber.org/zap"

	"github.com/tidewatch/tidewatch/internal/address"
	"github.com/tidewatch/tidewatch/internal/retryafter"
)

const (
	// maxBatch is how many alerts a request has; Prometheus sends as many.
	maxBatch = 256
	// maxAnswer is how much of an answer is read: its first line goes to the log.
	maxAnswer = 4096
)

// refusal is an answer that is not 2xx.
type refusal struct {
	status int
	text   string
	wait   time.Duration
}

func (r *refusal) Error() string { return fmt.Sprintf("it answers %d: %s", r.status, r.text) }

// final says whether the same request would be refused again.
func (r *refusal) final() bool {
	return r.status == http.StatusBadRequest || r.status == http.StatusUnprocessableEntity
}

// deliver sends alerts that were just told of, and says whether to try again.
func (e *alertExporter) deliver(ctx context.Context, alerts []alert, records int) error {
	errs := e.send(ctx, alerts)
	final, wait := true, time.Duration(0)
	for _, err := range errs {
		if err == nil {
			return nil // one has it
		}
		r, answered := errors.AsType[*refusal](err)
		final = final && answered && r.final()
		if answered {
			wait = max(wait, r.wait)
		}
	}
	err := errors.Join(errs...)
	switch {
	case final:
		e.counter.Drop(ctx, "refused", records, err.Error())
		return consumererror.NewPermanent(err)
	case wait > 0:
		return exporterhelper.NewThrottleRetry(err, wait)
	default:
		return err
	}
}

// send gives alerts to all Alertmanagers side by side and returns an error or nil for
// each.
func (e *alertExporter) send(ctx context.Context, alerts []alert) []error {
	errs := make([]error, len(e.urls))
	var wg sync.WaitGroup
	for i, u := range e.urls {
		wg.Go(func() {
			errs[i] = e.counter.Try(func() error {
				for batch := range slices.Chunk(alerts, maxBatch) {
					if err := e.post(ctx, u, batch); err != nil {
						return err
					}
				}
				return nil
			})
			e.note(ctx, u, errs[i])
		})
	}
	wg.Wait()
	return errs
}

func (e *alertExporter) post(ctx context.Context, to string, alerts []alert) error {
	body, err := json.Marshal(alerts)
	if err != nil {
		return fmt.Errorf("encode alerts: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", e.userAgent)
	resp, err := e.client.Do(req)
	if err != nil {
		return fmt.Errorf("send alerts: %w", address.Reason(err))
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer)) // says why, or nothing
	if resp.StatusCode/100 == 2 {
		return nil
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(answer)), "\n")
	return fmt.Errorf("send alerts to %s: %w", req.URL.Host, &refusal{resp.StatusCode, line, retryafter.Wait(resp.Header, e.now())})
}

// note counts a request, and says when an Alertmanager stops or begins to take alerts.
func (e *alertExporter) note(ctx context.Context, to string, err error) {
	u, parseErr := url.Parse(to)
	if parseErr != nil {
		return // it was checked
	}
	outcome := "ok"
	if err != nil {
		outcome = "failed"
		if r, ok := errors.AsType[*refusal](err); ok {
			outcome = "http_" + strconv.Itoa(r.status)
		}
	}
	e.telemetry.request(ctx, u.Host, outcome)
	e.mu.Lock()
	was := e.down[to]
	e.down[to] = err != nil
	e.mu.Unlock()
	switch {
	case err != nil && !was && ctx.Err() == nil:
		e.set.Logger.Warn("An Alertmanager does not take alerts; they are sent again.", zap.String("alertmanager", u.Host), zap.Error(err))
	case err == nil && was:
		e.set.Logger.Info("The Alertmanager takes alerts again.", zap.String("alertmanager", u.Host))
	}
}
