//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/propagation"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// shopService is a service of a small shop, instrumented with the OpenTelemetry SDK and
// called over HTTP.
type shopService struct {
	*httptest.Server

	tracer trace.Tracer
	logger log.Logger
}

var propagator = propagation.TraceContext{}

// newShopService serves an operation; work is what it does within its span.
func newShopService(t *testing.T, a *agent, name, operation string, work func(context.Context, *shopService) error) *shopService {
	t.Helper()
	endpoint := fmt.Sprintf("127.0.0.1:%d", a.http)
	spans, err := otlptracehttp.New(t.Context(), otlptracehttp.WithEndpoint(endpoint), otlptracehttp.WithInsecure())
	require.NoError(t, err)
	lines, err := otlploghttp.New(t.Context(), otlploghttp.WithEndpoint(endpoint), otlploghttp.WithInsecure())
	require.NoError(t, err)
	res := resource.NewSchemaless(attribute.String("service.name", name))
	traces := sdktrace.NewTracerProvider(sdktrace.WithResource(res), sdktrace.WithBatcher(spans, sdktrace.WithBatchTimeout(300*time.Millisecond), sdktrace.WithMaxQueueSize(queue)))
	logs := sdklog.NewLoggerProvider(sdklog.WithResource(res), sdklog.WithProcessor(sdklog.NewBatchProcessor(lines, sdklog.WithExportInterval(300*time.Millisecond))))
	s := &shopService{tracer: traces.Tracer(name), logger: logs.Logger(name)}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, span := s.tracer.Start(propagator.Extract(r.Context(), propagation.HeaderCarrier(r.Header)), operation, trace.WithSpanKind(trace.SpanKindServer))
		defer span.End()
		if err := work(ctx, s); err != nil {
			span.SetStatus(codes.Error, err.Error())
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(func() {
		s.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = traces.Shutdown(ctx) // the agent may be gone
		_ = logs.Shutdown(ctx)
	})
	return s
}

// call asks another service within a span of its own.
func (s *shopService) call(ctx context.Context, operation, url string) error {
	ctx, span := s.tracer.Start(ctx, operation, trace.WithSpanKind(trace.SpanKindClient))
	defer span.End()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	propagator.Inject(ctx, propagation.HeaderCarrier(r.Header))
	resp, err := http.DefaultClient.Do(r)
	if err == nil {
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			err = fmt.Errorf("%s answers %s", operation, resp.Status)
		}
	}
	if err != nil {
		span.SetStatus(codes.Error, err.Error())
	}
	return err
}

// inventoryWork looks into a database through a pool of connections. While exhausted is
// set it waits for one, in vain in one of eight requests, which is logged.
func inventoryWork(exhausted *atomic.Bool) func(context.Context, *shopService) error {
	var asked atomic.Int64
	return func(ctx context.Context, s *shopService) error {
		if exhausted.Load() {
			time.Sleep(120 * time.Millisecond)
			if asked.Add(1)%8 == 0 {
				var r log.Record
				r.SetTimestamp(time.Now())
				r.SetSeverity(log.SeverityError)
				r.SetSeverityText("ERROR")
				r.SetBody(attribute.StringValue("connection pool exhausted: timeout waiting for connection from pool"))
				s.logger.Emit(ctx, r)
				return errors.New("connection pool exhausted")
			}
		}
		_, query := s.tracer.Start(ctx, "SELECT stock", trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attribute.String("db.system", "postgresql")))
		time.Sleep(time.Millisecond)
		query.End()
		return nil
	}
}

// The inventory's connection pool is exhausted, and the shop's front is slow and fails. The
// agent names the inventory, as one incident: on the page with its logs and its trace a
// click away, in a real Alertmanager and as a ticket. A crash of the agent loses nothing of
// it, and all of it ends with the fault.
func TestExhaustedPoolIsFoundFromTheFront(t *testing.T) {
	browser := chromium(t)
	am, sink := startBackend(t, "alertmanager"), newTickets(t)
	a := newAgent(t)
	a.env = append(a.env, "TIDEWATCH_ALERTMANAGER_URL="+am.url, "TIDEWATCH_TICKET_SYSTEM=generic", "TIDEWATCH_TICKET_URL="+sink.URL)
	// Minutes are made seconds.
	a.set = append(a.set, "connectors::root_cause::interval=2s", "connectors::root_cause::window=8s", "connectors::root_cause::resolve_after=6s", "connectors::root_cause::update_interval=2s",
		"connectors::red::interval=1s", "connectors::incident::interval=1s", "connectors::incident::settle=1s", "connectors::incident::persist=2s",
		"connectors::incident::resolve_after=3s")
	a.start()

	var exhausted atomic.Bool
	inventory := newShopService(t, a, "inventory", "GET /stock", inventoryWork(&exhausted))
	orders := newShopService(t, a, "orders", "POST /orders", func(ctx context.Context, s *shopService) error { return s.call(ctx, "GET inventory", inventory.URL) })
	front := newShopService(t, a, "front", "GET /checkout", func(ctx context.Context, s *shopService) error { return s.call(ctx, "POST orders", orders.URL) })
	stop := customers(t, front.URL)
	defer stop()

	var story struct {
		Services []struct {
			Service string
			Calls   *float64
		}
	}
	eventually(t, 2*time.Minute, "the three services are known", func() error {
		if err := a.api("/api/v1/services", &story); err != nil {
			return err
		}
		if len(story.Services) < 3 {
			return fmt.Errorf("%+v", story.Services)
		}
		return nil
	})
	time.Sleep(50 * time.Second) // what is usual is learned from some windows
	alerts, err := incidentAlerts(am.url)
	require.NoError(t, err)
	require.Empty(t, alerts, "nothing is wrong yet")

	exhausted.Store(true)
	began := time.Now()
	var alert amAlert
	active := func() error {
		alerts, err := incidentAlerts(am.url)
		if err != nil {
			return err
		}
		if len(alerts) != 1 || alerts[0].Annotations["cause"] != "service:inventory" {
			return fmt.Errorf("%d incidents: %+v", len(alerts), alerts)
		}
		alert = alerts[0]
		return nil
	}
	eventually(t, 3*time.Minute, "the inventory's incident is an alert", active)
	t.Logf("an alert after %s: %s", time.Since(began).Round(time.Second), alert.Annotations["summary"])
	id, fingerprint := alert.Labels["tidewatch_incident"], alert.Fingerprint
	eventually(t, 2*time.Minute, "it has a ticket", func() error { return sink.has("create " + id) })

	ctx := openBrowser(t, browser)
	see := func(what, javascript string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		_, err := chromedp.Run(ctx, chromedp.Poll[bool](javascript))
		require.NoError(t, err, "%s: %s", what, javascript)
	}
	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate(fmt.Sprintf("http://127.0.0.1:%d/", a.console))))
	see("the incident on the first page", `document.querySelector("#incidents-open h3 a") !== null`)
	require.NoError(t, chromedp.Do(ctx, chromedp.Click(chromedp.CSS(`#incidents-open h3 a`))))
	see("its cause", `document.querySelector("[data-testid=incident-cause]")?.textContent.includes("Cause: inventory") === true`)
	see("a way to its trace", `document.querySelector("[data-testid=incident-links] a[href^='#/trace/']") !== null`)
	require.NoError(t, chromedp.Do(ctx, chromedp.Click(chromedp.CSS(`[data-testid=incident-links] a[href^='#/services/inventory']`))))
	see("its logs", `document.querySelector("[data-testid=lines]")?.textContent.includes("connection pool exhausted") === true`)
	_, err = chromedp.Run(ctx, chromedp.Evaluate[any](`history.back()`))
	require.NoError(t, err)
	see("the incident again", `document.querySelector("[data-testid=incident-links] a[href^='#/trace/']") !== null`)
	require.NoError(t, chromedp.Do(ctx, chromedp.Click(chromedp.CSS(`[data-testid=incident-links] a[href^='#/trace/']`))))
	see("its trace", `document.querySelectorAll("[data-testid=span]").length >= 5 && document.querySelector("[data-testid=trace-facts]").textContent.includes("inventory")`)

	a.kill()
	a.start()
	var held struct {
		Incident struct{ State, Cause string }
	}
	require.NoError(t, a.api("/api/v1/incidents/"+id, &held))
	require.Equal(t, "open", held.Incident.State)
	require.Equal(t, "service:inventory", held.Incident.Cause)
	eventually(t, time.Minute, "the alert is the same", active)
	require.Equal(t, fingerprint, alert.Fingerprint)

	exhausted.Store(false)
	eventually(t, 3*time.Minute, "the alert ends", func() error {
		alerts, err := incidentAlerts(am.url)
		if err == nil && len(alerts) > 0 {
			err = fmt.Errorf("%+v", alerts)
		}
		return err
	})
	eventually(t, time.Minute, "the ticket is closed", func() error { return sink.has("close " + id) })
	require.NoError(t, a.stop())
}

// customers ask again and again until stop is called.
func customers(t *testing.T, url string) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for ctx.Err() == nil {
				if r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody); err == nil {
					if resp, err := http.DefaultClient.Do(r); err == nil {
						_, _ = io.Copy(io.Discard, resp.Body)
						resp.Body.Close()
					}
				}
				time.Sleep(60 * time.Millisecond)
			}
		})
	}
	return func() { cancel(); wg.Wait() }
}
