//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// newGateway prepares a gateway that writes to Elasticsearch. A gateway that is gone is
// noticed within six seconds.
func newGateway(t *testing.T, kafka, elasticsearch string) *agent {
	g := newAgent(t)
	g.profile = "builtin:gateway"
	g.writeConfig(strings.Replace(g.extra(), "  host_metrics: {collection_interval: 2s}\n", "", 1)) // it has no such receiver
	g.exportTo(elasticsearch, "", "")
	g.env = append(g.env, "TIDEWATCH_KAFKA_BROKERS="+kafka)
	// Small batches, so that a slow machine does not hold up a handover for long.
	g.set = append(g.set, "receivers::kafka::session_timeout=6s", "receivers::kafka::max_batch_bytes=100000", "receivers::kafka::min_fetch_bytes=1")
	return g
}

// partitions is how many partitions of the logs' topic a gateway reads.
func (a *agent) partitions() float64 {
	return a.own("tidewatch_kafka_partitions", `signal="logs"`)
}

// repeated is how many records came to this process that Elasticsearch had already.
func (a *agent) repeated() float64 { return a.own("tidewatch_exporter_repeated_items") }

// An agent writes to Kafka, two gateways read, and each of the three is killed in turn
// while lines come in: every line is in Elasticsearch, once.
func TestKafkaLosesNothing(t *testing.T) {
	warmUp(t, "elasticsearch", "kafka")
	es, broker := sharedBackend(t, "elasticsearch"), sharedBackend(t, "kafka")
	kafka := strings.TrimPrefix(broker.url, "kafka://")

	a := newAgent(t)
	a.profile = "builtin:kafka"
	a.env = append(a.env, "TIDEWATCH_KAFKA_BROKERS="+kafka)
	a.set = append(a.set, "exporters::kafka::sending_queue::batch::flush_timeout=200ms")
	first, second := newGateway(t, kafka, es.url), newGateway(t, kafka, es.url)
	together(func() { a.start() }, func() { first.start() })
	app := newApplication(t, a.logDir)
	lap := time.Now()
	step := func(what string) {
		t.Logf("%-52s %5.1f s, %d records written, %v came twice", what, time.Since(lap).Seconds(), len(app.sent), first.repeated()+second.repeated())
		lap = time.Now()
	}
	// run writes until the condition holds, and at least once.
	run := func(what string, until func() error) {
		eventually(t, time.Minute, what, func() error {
			app.now()
			app.writeJSON(50)
			app.writePlain(50)
			return until()
		})
		step(what)
	}
	reads := func(g *agent, atLeast float64) func() error {
		return func() error {
			if n := g.partitions(); n < atLeast {
				return fmt.Errorf("it reads %v partitions, not %v", n, atLeast)
			}
			return nil
		}
	}
	run("the first gateway reads all partitions", reads(first, 6))
	second.start()
	run("partitions move to the second", reads(second, 3))

	require.NoError(t, syscall.Kill(-broker.pid, syscall.SIGKILL))
	for groupAlive(broker.pid) {
		time.Sleep(10 * time.Millisecond)
	}
	step("the broker is killed")
	app.writePlain(500)
	require.NoError(t, broker.start())
	run("it is back", func() error { return nil })

	twice := first.repeated()
	first.kill()
	run("the first gateway is killed, the second reads all", reads(second, 6))
	first.start()
	run("the first gateway is back", reads(first, 3))
	a.kill()
	app.writePlain(500)
	a.start()
	run("the agent was killed and is back", func() error { return nil })

	var table tally
	in := app.arriveIn(t, &table, "Elasticsearch", func() (map[string]found, error) { return app.elasticsearch(es.url) })
	table.print(t)
	step("everything has arrived")
	twice += first.repeated() + second.repeated()
	t.Logf("lost 0; came twice and was stored once: %v; twice in Elasticsearch: %d", twice, doubled(in))
	require.Empty(t, app.differences(in), "Elasticsearch")
	require.Zero(t, doubled(in))
	for _, g := range []*agent{first, second} {
		require.Zero(t, g.own("tidewatch_kafka_dropped_records"))
		require.NoError(t, g.stop())
	}
	require.NoError(t, a.stop())
}
