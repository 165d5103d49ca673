package kafkareceiver_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pipeline"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/tidewatch/tidewatch/receivers/kafkareceiver"
)

// generator writes messages of one record, which the contract checker looks for.
type generator struct {
	t  *testing.T
	to *kgo.Client

	mu   sync.Mutex // guards next
	next int
}

func (*generator) Start() {}
func (*generator) Stop()  {}

func (g *generator) Generate() []receivertest.UniqueIDAttrVal {
	g.mu.Lock()
	g.next++
	n := g.next
	g.mu.Unlock()
	id := receivertest.UniqueIDAttrVal(fmt.Sprint("id", n))
	ld := plog.NewLogs()
	ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Attributes().PutStr(receivertest.UniqueIDAttrName, string(id))
	b, err := (&plog.ProtoMarshaler{}).MarshalLogs(ld)
	require.NoError(g.t, err)
	require.NoError(g.t, g.to.ProduceSync(g.t.Context(), &kgo.Record{Topic: "tidewatch.logs", Partition: int32(n % partitions), Value: b}).FirstErr())
	return []receivertest.UniqueIDAttrVal{id}
}

func TestTheReceiverContractHolds(t *testing.T) {
	c := brokers(t)
	cfg := config(c)
	cfg.MaxRetryInterval = time.Millisecond // the checker refuses at random, and waits 5s for all
	receivertest.CheckConsumeContract(receivertest.CheckConsumeContractParams{
		T: t, Factory: kafkareceiver.NewFactory(), Signal: pipeline.SignalLogs, Config: cfg,
		Generator: &generator{t: t, to: client(t, c, kgo.ProducerLinger(0))}, GenerateCount: 50,
	})
}
