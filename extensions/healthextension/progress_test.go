package healthextension

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/tidewatch/tidewatch/internal/delivery"
	"github.com/tidewatch/tidewatch/internal/selfmetrics"
)

func page(sent, queued float64) []selfmetrics.Sample {
	loki := map[string]string{"exporter": "loki", "data_type": "logs"}
	return []selfmetrics.Sample{
		{Name: "otelcol_exporter_sent_log_records", Labels: loki, Value: sent},
		{Name: "otelcol_exporter_queue_size", Labels: loki, Value: queued},
		{Name: "otelcol_exporter_queue_capacity", Labels: loki, Value: 1000},
		{Name: "otelcol_receiver_accepted_log_records", Labels: map[string]string{"receiver": "tail"}, Value: 9},
	}
}

func TestProgress(t *testing.T) {
	t0 := time.Unix(1_700_000_000, 0)
	at := func(s int) time.Time { return t0.Add(time.Duration(s) * time.Second) }
	p := progress{stallAfter: time.Minute}

	p.observe(page(10, 0), nil, at(0))
	p.observe(page(10, 0), nil, at(600))
	_, reasons := p.report(at(600))
	require.Empty(t, reasons, "an idle exporter is not stalled")

	p.observe(page(10, 5), nil, at(610))
	p.observe(page(10, 50), nil, at(650))
	exporters, reasons := p.report(at(650))
	require.Empty(t, reasons, "50 s are within stall_after")
	require.Equal(t, []Exporter{{Name: "loki", Sent: 10, Queued: 50, StalledSeconds: 50}}, exporters)

	_, reasons = p.report(at(670))
	require.Len(t, reasons, 1)
	require.Contains(t, reasons[0], "exporter loki has delivered nothing for 1m10s")

	p.observe(page(11, 49), nil, at(680))
	_, reasons = p.report(at(680))
	require.Empty(t, reasons, "one delivery is progress")

	p.observe(nil, nil, at(690))
	exporters, _ = p.report(at(690))
	require.Empty(t, exporters, "an exporter that is gone is forgotten")
}

func TestProgressUnknown(t *testing.T) {
	t0 := time.Unix(1_700_000_000, 0)
	p := progress{stallAfter: time.Minute}
	p.observe(nil, errors.New("connection refused"), t0)
	_, reasons := p.report(t0)
	require.Empty(t, reasons, "one failed look says nothing")
	_, reasons = p.report(t0.Add(2 * time.Minute))
	require.Equal(t, []string{"progress is not known: connection refused"}, reasons)
	p.observe(page(1, 0), nil, t0.Add(3*time.Minute))
	_, reasons = p.report(t0.Add(3 * time.Minute))
	require.Empty(t, reasons)
}

func TestReadinessNamesTheEndpointThatIsLeftAlone(t *testing.T) {
	t0 := time.Unix(1_700_000_000, 0)
	labels := map[string]string{"exporter": "loki", "endpoint": "http://loki:3100", "reason": "timeout"}
	broken := append(page(10, 5),
		selfmetrics.Sample{Name: "tidewatch_exporter_circuit_state", Labels: labels, Value: 2},
		selfmetrics.Sample{Name: "tidewatch_exporter_circuit_since_seconds", Labels: labels, Value: 1_700_000_000})
	p := progress{stallAfter: time.Minute}
	p.observe(broken, nil, t0)
	exporters, reasons := p.report(t0)
	require.Empty(t, reasons, "an open circuit alone is no reason: the queue takes what comes")
	require.Equal(t, []delivery.Circuit{{Endpoint: "http://loki:3100", State: "open", Since: t0.UTC(), Reason: "timeout"}}, exporters[0].Circuits)
	p.observe(broken, nil, t0.Add(2*time.Minute))
	_, reasons = p.report(t0.Add(2 * time.Minute))
	require.Len(t, reasons, 1)
	require.Contains(t, reasons[0], "http://loki:3100 is left alone after failures (timeout)")
}

func TestStrainIsTold(t *testing.T) {
	h := newHealth(createDefaultConfig(), zap.NewNop())
	h.running = true
	now := time.Unix(1_700_000_000, 0)
	h.look(append(page(10, 0), selfmetrics.Sample{Name: "tidewatch_load_shedding_level", Value: 1}), nil, now)
	r := h.report(now)
	require.True(t, r.Ready, "it does its work")
	require.Len(t, r.Warnings, 1)
	h.look(page(10, 0), nil, now)
	require.Empty(t, h.report(now).Warnings)
}
