package segmentstorageextension_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/processor/memorylimiterprocessor"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	segmentstorage "github.com/tidewatch/tidewatch/extensions/segmentstorageextension"
	"github.com/tidewatch/tidewatch/internal/delivery"
	"github.com/tidewatch/tidewatch/internal/freeport"
	"github.com/tidewatch/tidewatch/internal/selfmetrics"
)

// otlpServer is a running otlp receiver with clients of both kinds.
type otlpServer struct {
	t    *testing.T
	http string
	grpc plogotlp.GRPCClient
}

func startOTLP(t *testing.T, tel component.TelemetrySettings, next consumer.Logs) *otlpServer {
	t.Helper()
	factory := otlpreceiver.NewFactory()
	cfg := factory.CreateDefaultConfig()
	addrs := []string{freeport.Address(), freeport.Address()}
	require.NoError(t, confmap.NewFromStringMap(map[string]any{"protocols": map[string]any{
		"grpc": map[string]any{"endpoint": addrs[0]}, "http": map[string]any{"endpoint": addrs[1]},
	}}).Unmarshal(cfg))
	set := receivertest.NewNopSettings(factory.Type())
	set.ID, set.TelemetrySettings = component.MustNewID("otlp"), tel
	r, err := factory.CreateLogs(t.Context(), set, cfg, next)
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, r.Shutdown(context.Background())) })
	conn, err := grpc.NewClient(addrs[0], grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	return &otlpServer{t: t, http: "http://" + addrs[1] + "/v1/logs", grpc: plogotlp.NewGRPCClient(conn)}
}

// answer is what a client was told.
type answer struct {
	taken, again bool
	wait         time.Duration
}

// send sends as an SDK would, which keeps what it is told to send again.
func (s *otlpServer) send(overGRPC bool, ld plog.Logs) answer {
	s.t.Helper()
	req := plogotlp.NewExportRequestFromLogs(ld)
	if overGRPC {
		_, err := s.grpc.Export(s.t.Context(), req)
		st := status.Convert(err)
		a := answer{taken: err == nil, again: st.Code() == codes.Unavailable}
		for _, d := range st.Details() {
			if info, ok := d.(*errdetails.RetryInfo); ok {
				a.wait = info.GetRetryDelay().AsDuration()
				a.again = a.again || st.Code() == codes.ResourceExhausted
			}
		}
		return a
	}
	body, err := req.MarshalProto()
	require.NoError(s.t, err)
	resp, err := http.Post(s.http, "application/x-protobuf", bytes.NewReader(body))
	require.NoError(s.t, err)
	require.NoError(s.t, resp.Body.Close())
	a := answer{taken: resp.StatusCode == http.StatusOK, again: resp.StatusCode == http.StatusServiceUnavailable || resp.StatusCode == http.StatusTooManyRequests}
	if after := resp.Header.Get("Retry-After"); after != "" {
		a.wait, err = time.ParseDuration(after + "s")
		require.NoError(s.t, err)
	}
	return a
}

// ledger draws the delivery ledger of the test's components.
func ledger(t *testing.T, tel *componenttest.Telemetry) (delivery.Source, delivery.Exporter) {
	t.Helper()
	var read metricdata.ResourceMetrics
	require.NoError(t, tel.Reader.Collect(t.Context(), &read))
	var samples []selfmetrics.Sample
	add := func(name string, attrs attribute.Set, v float64) {
		labels := map[string]string{}
		for _, kv := range attrs.ToSlice() {
			labels[string(kv.Key)] = kv.Value.String()
		}
		samples = append(samples, selfmetrics.Sample{Name: name, Labels: labels, Value: v})
	}
	for _, sm := range read.ScopeMetrics {
		for _, m := range sm.Metrics {
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					add(m.Name, p.Attributes, float64(p.Value))
				}
			case metricdata.Gauge[int64]:
				for _, p := range data.DataPoints {
					add(m.Name, p.Attributes, float64(p.Value))
				}
			case metricdata.Histogram[int64]:
				for _, p := range data.DataPoints {
					add(m.Name+"_sum", p.Attributes, float64(p.Sum))
				}
			}
		}
	}
	l := delivery.Draw(samples)
	var s delivery.Source
	if len(l.Sources) > 0 {
		s = l.Sources[0]
	}
	require.Len(t, l.Exporters, 1)
	return s, l.Exporters[0]
}

// TestOTLPClientsKeepWhatIsRefused lets clients send more than the queue, or the
// storage, takes. They are told to come again, and when they do all is delivered once.
func TestOTLPClientsKeepWhatIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		queueSize, maxBytes int64
		wait                time.Duration
	}{
		"queue full":   {queueSize: 10, maxBytes: 1 << 30},
		"storage full": {queueSize: 1 << 30, maxBytes: 1 << 18, wait: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := segmentstorage.NewFactory().CreateDefaultConfig().(*segmentstorage.Config)
			cfg.Directory, cfg.Fsync, cfg.SegmentBytes, cfg.MaxBytes, cfg.MinFreeBytes = t.TempDir(), "never", 1<<16, c.maxBytes, 0
			m := startMeasuredWith(t, cfg)
			b := &backend{permits: make(chan struct{}, 1000)}
			e := startRefusing(t, m, b, c.queueSize)
			server := startOTLP(t, m.telemetry.NewTelemetrySettings(), e)

			const batches, records = 60, 100
			kept := map[int]bool{} // by the clients
			for i := range batches {
				a := server.send(i%2 == 0, several(fmt.Sprint("batch ", i), records))
				if !a.taken {
					require.True(t, a.again, "batch %d is refused for good", i)
					require.Equal(t, c.wait, a.wait)
					kept[i] = true
				}
			}
			require.NotEmpty(t, kept)
			require.Less(t, len(kept), batches)
			taken := float64(records * (batches - len(kept)))
			source, exporter := ledger(t, m.telemetry)
			require.Equal(t, taken, source.Read)
			require.Equal(t, float64(records*len(kept)), source.Refused)
			require.Equal(t, []float64{taken, taken, 0, 0}, []float64{exporter.Accepted, exporter.Queued, exporter.DroppedTotal(), exporter.Unaccounted})

			for range batches {
				b.permits <- struct{}{}
			}
			for i := range kept {
				require.Eventually(t, func() bool {
					a := server.send(i%2 == 1, several(fmt.Sprint("batch ", i), records))
					require.True(t, a.taken || a.again)
					return a.taken
				}, time.Minute, time.Millisecond)
			}
			require.Eventually(t, func() bool { return m.value("items") == 0 }, time.Minute, time.Millisecond)
			source, exporter = ledger(t, m.telemetry)
			require.Equal(t, []float64{batches * records, batches * records, 0, 0}, []float64{source.Read, exporter.Exported, exporter.DroppedTotal(), exporter.Unaccounted})
			once := map[string]bool{}
			for _, body := range b.delivered() {
				require.False(t, once[body], "%s came twice", body)
				once[body] = true
			}
			require.Len(t, once, batches*records)
			require.Equal(t, batches, b.successes(), "no empty request is sent")
			require.NoError(t, e.Shutdown(context.Background()))
			m.stop()
		})
	}
}

// startRefusing starts a queue that refuses what it has no room for.
func startRefusing(t *testing.T, m *measured, b *backend, size int64) exporter.Logs {
	t.Helper()
	cfg := exporterhelper.NewDefaultQueueConfig()
	cfg.StorageID, cfg.NumConsumers, cfg.QueueSize, cfg.BlockOnOverflow = &storageID, 1, size, false
	cfg.Batch = configoptional.None[exporterhelper.BatchConfig]()
	set := exportertest.NewNopSettings(component.MustNewType("test"))
	set.ID, set.TelemetrySettings = component.MustNewID("test"), m.telemetry.NewTelemetrySettings()
	e, err := exporterhelper.NewLogs(t.Context(), set, &struct{}{}, b.push, exporterhelper.WithQueue(configoptional.Some(cfg)))
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), hostWith{m.ext}))
	return e
}

func TestOTLPClientsKeepWhatMemoryRefuses(t *testing.T) {
	m := startMeasured(t, t.TempDir(), "block")
	b := &backend{}
	e := startRefusing(t, m, b, 1000)
	factory := memorylimiterprocessor.NewFactory()
	cfg := factory.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(map[string]any{"check_interval": "1ms", "limit_mib": 1}).Unmarshal(cfg))
	limiter, err := factory.CreateLogs(t.Context(), processortest.NewNopSettings(factory.Type()), cfg, e)
	require.NoError(t, err)
	require.NoError(t, limiter.Start(t.Context(), componenttest.NewNopHost()))
	server, free := startOTLP(t, m.telemetry.NewTelemetrySettings(), limiter), startOTLP(t, m.telemetry.NewTelemetrySettings(), e)
	for i, overGRPC := range []bool{true, false} {
		ld := func() plog.Logs { return several(fmt.Sprint("batch ", i), 10) }
		var a answer
		before := 0
		require.Eventually(t, func() bool { // until the limiter has looked at the memory
			if a = server.send(overGRPC, ld()); a.taken {
				before++
			}
			return !a.taken
		}, time.Minute, time.Millisecond)
		require.True(t, a.again)
		source, exporter := ledger(t, m.telemetry)
		require.Equal(t, float64(10*(i+1)), source.Refused)
		require.Equal(t, source.Read, exporter.Accepted)
		if before == 0 {
			require.True(t, free.send(overGRPC, ld()).taken, "there is memory again")
		}
	}
	require.Eventually(t, func() bool { return m.value("items") == 0 }, time.Minute, time.Millisecond)
	source, exporter := ledger(t, m.telemetry)
	require.Equal(t, []float64{float64(len(b.delivered())), source.Read, 0}, []float64{exporter.Exported, exporter.Accepted, exporter.Unaccounted})
	require.NoError(t, limiter.Shutdown(context.Background()))
	require.NoError(t, e.Shutdown(context.Background()))
	m.stop()
}
