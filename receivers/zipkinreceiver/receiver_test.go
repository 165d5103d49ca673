package zipkinreceiver_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/golden"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/ptracetest"
	"github.com/openzipkin/zipkin-go/model"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/goleak"

	"github.com/tidewatch/tidewatch/receivers/zipkinreceiver"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var update = flag.Bool("update", false, "write golden files")

// serve starts a receiver and returns its address.
func serve(t *testing.T, next consumer.Traces) string {
	f := zipkinreceiver.NewFactory()
	cfg := f.CreateDefaultConfig().(*zipkinreceiver.Config)
	cfg.NetAddr.Endpoint = "127.0.0.1:0"
	cfg.MaxRequestBodySize = 64 << 10
	r, err := f.CreateTraces(t.Context(), receivertest.NewNopSettings(f.Type()), cfg, next)
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
	address := r.(interface{ Address() string }).Address()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		require.NoError(t, r.Shutdown(context.Background()))
		require.NoError(t, r.Shutdown(context.Background()))
	})
	return "http://" + address
}

func post(t *testing.T, url string, body []byte, headers ...string) (status int, answer string) {
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	require.NoError(t, err)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(b)
}

func zipped(t *testing.T, b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, err := z.Write(b)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return out.Bytes()
}

func TestGolden(t *testing.T) {
	sink := &consumertest.TracesSink{}
	url := serve(t, sink)
	body, err := os.ReadFile("testdata/spans.json")
	require.NoError(t, err)
	code, _ := post(t, url+"/api/v2/spans", zipped(t, body), "Content-Type", "application/json", "Content-Encoding", "gzip")
	require.Equal(t, http.StatusAccepted, code)
	require.Len(t, sink.AllTraces(), 1)
	got := sink.AllTraces()[0]
	if *update {
		require.NoError(t, golden.WriteTracesToFile("testdata/spans.yaml", got))
	}
	want, err := golden.ReadTraces("testdata/spans.yaml")
	require.NoError(t, err)
	require.NoError(t, ptracetest.CompareTraces(want, got))
}

// TestZipkinsOwnModel sends what Zipkin's client for Go writes.
func TestZipkinsOwnModel(t *testing.T) {
	sink := &consumertest.TracesSink{}
	url := serve(t, sink)
	at := time.UnixMicro(1_750_000_000_123_456)
	parent := model.ID(7)
	body, err := json.Marshal([]model.SpanModel{{
		SpanContext: model.SpanContext{TraceID: model.TraceID{High: 1, Low: 2}, ID: 8, ParentID: &parent},
		Name:        "get", Kind: model.Client, Timestamp: at, Duration: 1500 * time.Microsecond,
		LocalEndpoint:  &model.Endpoint{ServiceName: "web", IPv4: net.IPv4(10, 0, 0, 1)},
		RemoteEndpoint: &model.Endpoint{ServiceName: "cart", IPv6: net.ParseIP("2001:db8::1"), Port: 8080},
		Annotations:    []model.Annotation{{Timestamp: at.Add(time.Millisecond), Value: "ws"}},
		Tags:           map[string]string{"http.status_code": "500", "error": "refused"},
	}})
	require.NoError(t, err)
	code, answer := post(t, url+"/api/v2/spans", body, "Content-Type", "application/json; charset=utf-8")
	require.Equal(t, http.StatusAccepted, code, answer)
	rs := sink.AllTraces()[0].ResourceSpans().At(0)
	require.Equal(t, map[string]any{"service.name": "web", "host.ip": []any{"10.0.0.1"}}, rs.Resource().Attributes().AsRaw())
	s := rs.ScopeSpans().At(0).Spans().At(0)
	require.Equal(t, "00000000000000010000000000000002", s.TraceID().String())
	require.Equal(t, "0000000000000008", s.SpanID().String())
	require.Equal(t, "0000000000000007", s.ParentSpanID().String())
	require.Equal(t, ptrace.SpanKindClient, s.Kind())
	require.True(t, at.Equal(s.StartTimestamp().AsTime()))
	require.Equal(t, 1500*time.Microsecond, s.EndTimestamp().AsTime().Sub(s.StartTimestamp().AsTime()))
	require.Equal(t, "refused", s.Status().Message())
	require.Equal(t, map[string]any{
		"http.response.status_code": int64(500), "peer.service": "cart", "network.peer.address": "2001:db8::1", "network.peer.port": int64(8080),
	}, s.Attributes().AsRaw())
	require.Equal(t, "ws", s.Events().At(0).Name())
}

func TestAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		body    string
		headers []string
		path    string
		code    int
	}{
		"nothing":          {body: "[]", code: 202},
		"not JSON":         {body: "hello", code: 400},
		"an object":        {body: `{"traceId":"1"}`, code: 400},
		"cut short":        {body: `[{"traceId":"1","id":"2"`, code: 400},
		"not closed":       {body: `[{"traceId":"1","id":"2"}`, code: 400},
		"empty":            {body: ``, code: 400},
		"protobuf":         {body: "x", headers: []string{"Content-Type", "application/x-protobuf"}, code: 415},
		"too large":        {body: "[" + strings.Repeat(" ", 70<<10) + "]", code: 413},
		"not gzip":         {body: "[]", headers: []string{"Content-Encoding", "gzip"}, code: 400},
		"the first API":    {body: "[]", path: "/api/v1/spans", code: 404},
		"some are invalid": {body: `[{"traceId":"0","id":"1"},{"traceId":"1","id":"x"},{"traceId":7},{"traceId":"1","id":"1","parentId":"-"}]`, code: 202},
	} {
		t.Run(name, func(t *testing.T) {
			sink := &consumertest.TracesSink{}
			path := c.path
			if path == "" {
				path = "/api/v2/spans"
			}
			code, answer := post(t, serve(t, sink)+path, []byte(c.body), c.headers...)
			require.Equal(t, c.code, code, answer)
			require.Empty(t, sink.AllTraces())
		})
	}
}

func TestABombIsRefused(t *testing.T) {
	url := serve(t, consumertest.NewNop())
	code, _ := post(t, url+"/api/v2/spans", zipped(t, []byte("["+strings.Repeat(" ", 8<<20)+"]")), "Content-Encoding", "gzip")
	require.Equal(t, http.StatusRequestEntityTooLarge, code)
}

func TestBackPressure(t *testing.T) {
	for code, err := range map[int]error{
		http.StatusServiceUnavailable: errors.New("full"),
		http.StatusBadRequest:         consumererror.NewPermanent(errors.New("never")),
	} {
		got, _ := post(t, serve(t, consumertest.NewErr(err))+"/api/v2/spans", []byte(`[{"traceId":"1","id":"2"}]`))
		require.Equal(t, code, got)
	}
}

func TestConfig(t *testing.T) {
	f := zipkinreceiver.NewFactory()
	cfg := f.CreateDefaultConfig().(*zipkinreceiver.Config)
	require.NoError(t, componenttest.CheckConfigStruct(cfg))
	require.NoError(t, cfg.Validate())
	conf, err := confmaptest.LoadConf("testdata/config.yaml")
	require.NoError(t, err)
	sub, err := conf.Sub("zipkin")
	require.NoError(t, err)
	require.NoError(t, sub.Unmarshal(cfg))
	require.Equal(t, "0.0.0.0:9411", cfg.NetAddr.Endpoint)
	require.EqualValues(t, 1<<20, cfg.MaxRequestBodySize)
	cfg.NetAddr.Endpoint, cfg.MaxRequestBodySize = "", 1
	require.ErrorContains(t, cfg.Validate(), "endpoint must be")
	cfg.NetAddr.Endpoint, cfg.MaxRequestBodySize = "x:1", 0
	require.ErrorContains(t, cfg.Validate(), "max_request_body_size must be positive")
}
