package consoleextension_test

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/incident"
	"github.com/tidewatch/tidewatch/internal/localstore"
	"github.com/tidewatch/tidewatch/signals"
)

// demoSeries is a series of a host as the page would see it.
type demoSeries struct {
	metric, unit string
	rate         bool
	attrs        []localstore.Attr
	base, swing  float64
	noise        float64
	// odd turns the last minutes into an anomaly, young has no band yet, upperOnly
	// has no lower edge.
	odd, young, upperOnly bool
}

func kv(pairs ...string) []localstore.Attr {
	var out []localstore.Attr
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, localstore.Attr{Key: pairs[i], Value: pairs[i+1]})
	}
	return out
}

func demoHost() []demoSeries {
	list := []demoSeries{
		{metric: "system.cpu.utilization", unit: "1", attrs: kv("state", "user"), base: 0.22, swing: 0.08, noise: 0.02, odd: true},
		{metric: "system.cpu.utilization", unit: "1", attrs: kv("state", "system"), base: 0.06, swing: 0.02, noise: 0.006},
		{metric: "system.cpu.utilization", unit: "1", attrs: kv("state", "wait"), base: 0.012, swing: 0.006, noise: 0.003},
		{metric: "system.cpu.utilization", unit: "1", attrs: kv("state", "idle"), base: 0.7, swing: 0.08, noise: 0.02},
		{metric: "system.cpu.load_average.1m", unit: "{thread}", base: 1.4, swing: 0.5, noise: 0.12},
		{metric: "system.cpu.load_average.5m", unit: "{thread}", base: 1.3, swing: 0.3, noise: 0.05},
		{metric: "system.memory.utilization", unit: "1", attrs: kv("state", "used"), base: 0.61, swing: 0.02, noise: 0.002},
		{metric: "system.memory.usage", unit: "By", attrs: kv("state", "cached"), base: 5.2e9, swing: 3e8, noise: 2e7},
		{metric: "system.memory.usage", unit: "By", attrs: kv("state", "free"), base: 1.2e9, swing: 3e8, noise: 2e7},
		{metric: "system.paging.utilization", unit: "1", attrs: kv("device", "/dev/vda2", "state", "used"), base: 0.03, swing: 0.002, noise: 0.0005},
		{metric: "system.disk.io_time", unit: "s", rate: true, attrs: kv("device", "vda"), base: 0.08, swing: 0.04, noise: 0.02},
		{metric: "system.filesystem.utilization", unit: "1", attrs: kv("device", "/dev/vda1", "mode", "rw", "mountpoint", "/", "type", "ext4"), base: 0.74, swing: 0.001, noise: 0.0001},
		{metric: "system.filesystem.utilization", unit: "1", attrs: kv("device", "/dev/vdb", "mode", "rw", "mountpoint", "/var/lib", "type", "xfs"), base: 0.41, swing: 0.01, noise: 0.001, young: true},
		{metric: "system.processes.count", unit: "{process}", attrs: kv("status", "running"), base: 3, swing: 1, noise: 0.6},
		{metric: "system.processes.created", unit: "{process}", rate: true, base: 2.2, swing: 0.8, noise: 0.5, upperOnly: true},
		{metric: "tidewatch.log.pattern.lines", unit: "{record}", rate: true, attrs: kv("log.pattern.id", "0000000000000002"), base: 0.5, swing: 0.2, noise: 0.3, odd: true},
	}
	for _, d := range []string{"vda", "vda1", "vda2"} {
		for _, dir := range []string{"read", "write"} {
			list = append(list, demoSeries{metric: "system.disk.io", unit: "By", rate: true, attrs: kv("device", d, "direction", dir), base: 4.1e6, swing: 2e6, noise: 9e5})
			list = append(list, demoSeries{metric: "system.disk.operations", unit: "{operation}", rate: true, attrs: kv("device", d, "direction", dir), base: 120, swing: 40, noise: 20})
		}
	}
	for _, d := range []string{"eth0", "eth1"} {
		for _, dir := range []string{"receive", "transmit"} {
			list = append(list, demoSeries{metric: "system.network.io", unit: "By", rate: true, attrs: kv("device", d, "direction", dir), base: 9.4e5, swing: 5e5, noise: 1.6e5, young: d == "eth1"})
			list = append(list, demoSeries{metric: "system.network.errors", unit: "{error}", rate: true, attrs: kv("device", d, "direction", dir), base: 0, swing: 0, noise: 0})
			list = append(list, demoSeries{metric: "system.network.packets", unit: "{packet}", rate: true, attrs: kv("device", d, "direction", dir), base: 800, swing: 200, noise: 100})
		}
	}
	for _, s := range []string{"CLOSE_WAIT", "ESTABLISHED", "LISTEN", "TIME_WAIT"} {
		list = append(list, demoSeries{metric: "system.network.connections", unit: "{connection}", attrs: kv("protocol", "tcp", "state", s), base: 40, swing: 10, noise: 4, young: s == "LISTEN"})
	}
	return list
}

// tame leaves out what is there to attack the page: pictures are taken of the rest.
var tame bool

func hostile(attack, instead string) string {
	if tame {
		return instead
	}
	return attack
}

// fill puts an hour of a busy host into the store, ending at now.
func fill(s *localstore.Store, now time.Time) {
	rng := rand.New(rand.NewPCG(7, 11))
	for i, d := range demoHost() {
		s.PutMetric(d.metric, localstore.MetricInfo{Unit: d.unit, Rate: d.rate, Description: "A metric of the host."})
		fillSeries(s, rng, uint64(i+1), d, now)
	}
	fillPatterns(s, rng, now)
	fillFindings(s, now)
	fillTraces(s, now)
}

// fillTraces is a shop whose inventory waits for a database.
func fillTraces(s *localstore.Store, now time.Time) {
	for i := range 6 {
		id, slow := fmt.Sprintf("%032x", i+1), int64(1+i%3)
		span := func(spanID, parent, service, name, kind string, start, took int64, failed bool) {
			s.PutSpan(localstore.Span{
				TraceID: id, SpanID: spanID, ParentID: parent, Service: service, Name: name, Kind: kind,
				Start: now.Add(time.Duration(-i)*time.Second).UnixNano() + start*1e6, Duration: took * 1e6, Error: failed,
				Attrs: kv("http.route", "/checkout"),
			})
		}
		span("a", "", "web", "POST /checkout", "Server", 0, 42*slow, i == 0)
		span("b", "a", "orders", "POST /orders", "Client", 1, 38*slow, i == 0)
		span("c", "b", "inventory", "GET /stock", "Server", 2, 34*slow, i == 0)
		span("d", "c", "inventory", "SELECT stock", "Client", 3, 30*slow, i == 0)
		span("e", "a", "web", "render "+hostile("<b>page</b>", "page"), "Internal", 40*slow, 2*slow, false)
	}
	s.PutLog(now, localstore.LogLine{Time: now, Severity: 17, Service: "inventory", Body: "connection pool exhausted", TraceID: fmt.Sprintf("%032x", 1)})
}

// fillServices is what was counted of them in the last minute.
func fillServices(s *localstore.Store, now time.Time) {
	for i, service := range []string{"web", "orders", "inventory"} {
		for k, op := range []string{"", "POST /" + service} {
			row := func() (string, string, []localstore.Attr) { return service, op, nil }
			id := uint64(10*i + k + 1)
			s.PutService(id, now, localstore.ServiceCalls, 12.5, row)
			s.PutService(id, now, localstore.ServiceErrors, []float64{0.02, 0.02, 0.125}[i], row)
			s.PutService(id, now, localstore.ServiceMean, 0.04, row)
			s.PutService(id, now, localstore.ServiceP99, 0.9, row)
		}
	}
	for i, e := range []localstore.Edge{{Client: "user", Server: "web", Connection: "virtual_node"}, {Client: "web", Server: "orders"}, {Client: "orders", Server: "inventory"}, {Client: "inventory", Server: "stock", Connection: "database"}} {
		for minute := range 2 {
			at := now.Add(time.Duration(minute-1) * 30 * time.Second)
			s.PutEdge(e, at, localstore.EdgeRequests, float64(1000+400*minute))
			s.PutEdge(e, at, localstore.EdgeFailed, float64(20*i*minute))
		}
	}
}

func fillSeries(s *localstore.Store, rng *rand.Rand, id uint64, d demoSeries, now time.Time) {
	const points = 340
	describe := func() localstore.SeriesInfo {
		return localstore.SeriesInfo{Metric: d.metric, Attrs: d.attrs, Entity: kv("host.name", "tide-01")}
	}
	h := fnv.New32a()
	fmt.Fprint(h, d.metric, d.attrs)
	phase := float64(h.Sum32()%628) / 100
	for i := range points {
		at := now.Add(time.Duration(i-points+1) * 10 * time.Second)
		middle := d.base + d.swing*math.Sin(phase+float64(i)/70)
		half := 3.2*d.noise + d.swing*0.25 + math.Abs(d.base)*0.01
		v := math.Max(0, middle+d.noise*rng.NormFloat64())
		state, score := float64(signals.AnomalyStateNormal), rng.Float64()*0.2
		if i > points-36 && d.odd {
			v = middle + half*3.4 + d.noise*rng.NormFloat64()
			state, score = signals.AnomalyStateAnomalous, 0.97
		}
		s.PutPoint(id, at, localstore.Observed, v, describe)
		s.PutPoint(id, at, localstore.Score, score, describe)
		if d.young {
			s.PutPoint(id, at, localstore.State, signals.AnomalyStateLearning, describe)
			continue
		}
		if !d.upperOnly {
			s.PutPoint(id, at, localstore.Lower, math.Max(0, middle-half), describe)
		}
		s.PutPoint(id, at, localstore.Upper, middle+half, describe)
		s.PutPoint(id, at, localstore.State, state, describe)
	}
}

func fillPatterns(s *localstore.Store, rng *rand.Rand, now time.Time) {
	patterns := []struct {
		template, line, service string
		severity                int
		perMinute               float64
		last                    int // minutes
	}{
		{"<ip> - - [<time>] \"<method> <path> HTTP/1.1\" <num> <num>", "10.2.0.%d - - [21/Nov/2026:12:40:01 +0000] \"GET /api/orders/%[1]d HTTP/1.1\" 200 512", "nginx", 9, 80, 60},
		{"Connection refused: <ip>:<num> after <duration>", "Connection refused: 10.0.0.%d:5432 after 3.0s", "checkout", 17, 40, 4},
		{"order <id> accepted for customer <num> in <duration>", "order 7f3a9c%d accepted for customer 8841 in 42ms", "checkout", 9, 33, 60},
		{"slow query <duration>: SELECT * FROM <*> WHERE id = <num>", "slow query 1.4s: SELECT * FROM orders WHERE id = %d", "postgres", 13, 3, 60},
		{"Accepted publickey for <*> from <ip> port <num> ssh2: ED25519 SHA256:<*>", "Accepted publickey for deploy from 10.0.3.%d port 51234 ssh2: ED25519 SHA256:q1w2", "sshd", 9, 0.3, 60},
		{hostile("<script>alert(<num>)</script> <img src=x onerror=alert(<num>)>", "session of <*> expired after <duration>"), hostile("<script>alert(%d)</script> <img src=x onerror=alert(1)>", "session of user:%d expired after 30m"), "web", 13, 0.5, 60},
		{"Started Session <num> of User root.", "Started Session %d of User root.", "systemd", 9, 0.4, 60},
		{"OOM killer: Killed process <num> (java) total-vm:<num>kB, anon-rss:<num>kB", "OOM killer: Killed process %d (java) total-vm:8123456kB, anon-rss:4012345kB", "kernel", 21, 0.05, 60},
		{"cache miss for key <*> ratio <num>", "cache miss for key user:%d ratio 0.41", "web", 5, 22, 60},
	}
	for minute := range 60 {
		at := now.Add(time.Duration(minute-59) * time.Minute)
		for i, p := range patterns {
			n := int(p.perMinute*(0.7+0.6*rng.Float64()) + rng.Float64())
			if minute < 60-p.last {
				continue
			}
			for k := range n {
				s.PutLog(at, localstore.LogLine{
					Time: at.Add(time.Duration(k) * 300 * time.Millisecond), Severity: p.severity, Service: p.service, Source: "/var/log/" + p.service + ".log",
					Pattern: fmt.Sprintf("%016x", i+1), Template: p.template, Body: fmt.Sprintf(p.line, rng.IntN(250)),
				})
			}
		}
	}
	s.PutLog(now, localstore.LogLine{Time: now, Pattern: localstore.Other, Body: "a line of a pattern that had no room"})
}

func fillFindings(s *localstore.Store, now time.Time) {
	entity := kv("service.name", "checkout", "host.name", "tide-01")
	start := now.Add(-350 * time.Second)
	s.PutFinding(localstore.Finding{
		ID: "cpu", Kind: signals.KindMetricAnomaly, State: signals.StateOpen, Severity: signals.SeverityCritical, Score: 0.97, Start: start, Time: start.Add(20 * time.Second),
		Summary: "system.cpu.utilization (state=user) is 47 %, expected 11 to 24 %", Metric: "system.cpu.utilization",
		Receipt: `{"observed":0.47,"expected":0.176,"lower":0.112,"upper":0.241,"same_hour_last_week":0.18,"history_seconds":604800,"unit":"1"}`,
		Entity:  kv("host.name", "tide-01"), Attrs: kv("state", "user"),
	})
	s.PutFinding(localstore.Finding{
		ID: "flood", Kind: signals.KindPatternFlood, State: signals.StateOpen, Severity: signals.SeverityWarning, Score: 0.99, Start: now.Add(-4 * time.Minute), Time: now.Add(-4 * time.Minute),
		Summary: "“Connection refused: <ip>:<num> after <duration>” comes 40 times a minute, usually not at all",
		Receipt: `{"observed":40,"expected":0,"upper":2,"unit":"{record}/min","example":"Connection refused: 10.0.0.7:5432 after 3.0s` + hostile(" <b onmouseover=alert(1)>hostile</b>", "") + `"}`,
		Entity:  entity,
	})
	for i := range 9 {
		at := now.Add(time.Duration(i-9) * 20 * time.Second)
		s.PutFinding(localstore.Finding{
			ID: "flood", Kind: signals.KindPatternFlood, State: signals.StateUpdated, Severity: signals.SeverityWarning, Score: 0.99, Start: now.Add(-4 * time.Minute), Time: at,
			Summary: "“Connection refused: <ip>:<num> after <duration>” comes 40 times a minute, usually not at all",
			Receipt: `{"observed":40,"expected":0,"upper":2,"unit":"{record}/min","example":"Connection refused: 10.0.0.7:5432 after 3.0s` + hostile(" <b onmouseover=alert(1)>hostile</b>", "") + `"}`,
			Entity:  entity, Attrs: kv("log.pattern.id", "0000000000000002"), Links: []string{"https://runbook.example/flood", hostile("javascript:alert(1)", "https://runbook.example/refused")},
		})
	}
	for i, state := range []string{signals.StateOpen, signals.StateResolved} {
		s.PutFinding(localstore.Finding{
			ID: "new", Kind: signals.KindPatternNew, State: state, Severity: signals.SeverityInfo, Score: 0.6, Start: now.Add(-50 * time.Minute), Time: now.Add(time.Duration(20*i-50) * time.Minute),
			Summary: "A new pattern in postgres: “slow query <duration>: SELECT * FROM <*> WHERE id = <num>”", Receipt: `{"observed":3,"example":"slow query 1.4s: SELECT * FROM orders WHERE id = 17"}`, Entity: kv("service.name", "postgres"),
		})
	}
}

// ownMetrics serves what the agent says about itself; counters grow with every
// look.
func ownMetrics(t testing.TB) string {
	looks := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		looks++
		n := looks
		fmt.Fprintf(w, `# TYPE otelcol_process_cpu_seconds counter
otelcol_process_cpu_seconds %g
# TYPE otelcol_process_memory_rss gauge
otelcol_process_memory_rss 5.1e+07
# TYPE otelcol_process_uptime counter
otelcol_process_uptime 8040
# TYPE otelcol_receiver_accepted_log_records counter
otelcol_receiver_accepted_log_records{receiver="tail",transport=""} %d
otelcol_receiver_accepted_log_records{receiver="otlp",transport="grpc"} %d
otelcol_receiver_accepted_log_records{receiver="otlp",transport="http"} %d
# TYPE otelcol_receiver_refused_log_records counter
otelcol_receiver_refused_log_records{receiver="otlp",transport="http"} 12
# TYPE otelcol_receiver_accepted_metric_points counter
otelcol_receiver_accepted_metric_points{receiver="host_metrics",transport=""} %d
# TYPE otelcol_receiver_accepted_spans counter
otelcol_receiver_accepted_spans{receiver="otlp",transport="grpc"} %d
# TYPE otelcol_processor_incoming_items counter
otelcol_processor_incoming_items{processor="log_pattern",otel_signal="logs"} %d
# TYPE otelcol_processor_outgoing_items counter
otelcol_processor_outgoing_items{processor="log_pattern",otel_signal="logs"} %d
# TYPE otelcol_exporter_sent_log_records counter
otelcol_exporter_sent_log_records{exporter="console"} %d
otelcol_exporter_sent_log_records{exporter="elasticsearch"} %d
otelcol_exporter_sent_log_records{exporter="loki"} 8000
# TYPE otelcol_exporter_send_failed_log_records counter
otelcol_exporter_send_failed_log_records{exporter="loki"} 340
# TYPE otelcol_exporter_sent_metric_points counter
otelcol_exporter_sent_metric_points{exporter="remote_write"} %d
# TYPE otelcol_exporter_queue_size gauge
otelcol_exporter_queue_size{exporter="elasticsearch",data_type="logs"} 4096
otelcol_exporter_queue_size{exporter="loki",data_type="logs"} 31000000
otelcol_exporter_queue_size{exporter="remote_write",data_type="metrics"} 0
# TYPE otelcol_exporter_queue_capacity gauge
otelcol_exporter_queue_capacity{exporter="elasticsearch",data_type="logs"} 33554432
otelcol_exporter_queue_capacity{exporter="loki",data_type="logs"} 33554432
otelcol_exporter_queue_capacity{exporter="remote_write",data_type="metrics"} 33554432
# TYPE otelcol_exporter_enqueue_size histogram
otelcol_exporter_enqueue_size_sum{exporter="elasticsearch",data_type="logs"} %d
otelcol_exporter_enqueue_size_sum{exporter="loki",data_type="logs"} 10440
otelcol_exporter_enqueue_size_sum{exporter="remote_write",data_type="metrics"} %d
# TYPE tidewatch_queue_items gauge
tidewatch_queue_items{exporter="elasticsearch",signal="logs"} 100
tidewatch_queue_items{exporter="loki",signal="logs"} 2100
tidewatch_queue_items{exporter="remote_write",signal="metrics"} 0
# TYPE tidewatch_tail_lines counter
tidewatch_tail_lines{format="json"} %d
`, 3+0.02*float64(n), 9000+n*1200, 500+n*30, 100*n, 40000+n*900, 700+n*25, 9600+n*1330, 9600+n*1330, 9600+n*1330, 9500+n*1330, 38000+n*900, 9600+n*1330, 38000+n*900, 9000+n*1200)
	}))
	t.Cleanup(srv.Close)
	return srv.URL + "/metrics"
}

// desk is an engine with one incident, as the incident connector offers it.
type desk struct {
	*incident.Engine

	at time.Time
}

func (d *desk) Acknowledge(id, by string) error { return d.Engine.Acknowledge(id, by, d.at) }

func (d *desk) Resolve(id, by, text string) error { return d.Engine.Resolve(id, by, text, d.at) }

func (d *desk) Noise(id string, n incident.Noise) ([]incident.Suppression, error) {
	return d.Engine.Noise(id, n, d.at)
}

func (d *desk) Cause(id string, l incident.Lesson) (incident.Entry, error) {
	return d.Engine.Cause(id, l, d.at)
}

// incidents lets the inventory of the shop be the cause of what the orders suffer.
func incidents(t testing.TB, e served) {
	t.Helper()
	now := time.Now()
	engine := incident.NewEngine(incident.Settings{})
	engine.Edge(incident.Edge{Client: "service:orders", Server: "service:inventory"}, now)
	for _, s := range []string{"inventory", "orders"} {
		engine.Observe(incident.Finding{
			ID: s, Kind: signals.KindAlert, State: signals.StateOpen, Severity: signals.SeverityCritical, Start: now.Add(-2 * time.Minute), Time: now.Add(-time.Minute),
			Summary: s + ": errors 12.5 %, expected 0 to 1 %." + hostile(" <b>hostile</b>", ""), Entity: []incident.Attr{{Key: "service.name", Value: s}},
			Subject: []incident.Attr{{Key: "alert.name", Value: "Errors"}}, Traces: []string{fmt.Sprintf("%032x", 1)},
		}, now.Add(-time.Minute))
	}
	engine.Advance(now)
	require.Len(t, engine.Incidents(), 1)
	e.(interface{ ServeIncidents(desk incident.Desk) }).ServeIncidents(&desk{engine, now})
}
