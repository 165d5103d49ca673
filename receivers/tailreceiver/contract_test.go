package tailreceiver_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pipeline"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/tidewatch/tidewatch/receivers/tailreceiver"
)

// writer appends JSON lines to a file, which the contract checker looks for.
type writer struct {
	t    *testing.T
	path string
	mu   sync.Mutex // guards file and next
	file *os.File
	next int
}

func (w *writer) Start() {
	f, err := os.Create(w.path)
	require.NoError(w.t, err)
	w.file = f
}

func (w *writer) Stop() {
	require.NoError(w.t, w.file.Close())
	require.NoError(w.t, os.Remove(w.path))
}

func (w *writer) Generate() []receivertest.UniqueIDAttrVal {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.next++
	id := fmt.Sprint("id", w.next)
	_, err := fmt.Fprintf(w.file, `{"msg":"m","%s":"%s"}`+"\n", receivertest.UniqueIDAttrName, id)
	require.NoError(w.t, err)
	return []receivertest.UniqueIDAttrVal{receivertest.UniqueIDAttrVal(id)}
}

func TestTheReceiverContractHolds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.log")
	factory := tailreceiver.NewFactory()
	cfg := factory.CreateDefaultConfig().(*tailreceiver.Config)
	cfg.Include = []string{path}
	cfg.StartAt = "beginning"
	cfg.PollInterval = time.Millisecond
	cfg.DiscoveryInterval = 5 * time.Millisecond
	cfg.MaxRetryInterval = time.Millisecond // the checker refuses at random, and waits 5s for all
	receivertest.CheckConsumeContract(receivertest.CheckConsumeContractParams{
		T: t, Factory: factory, Signal: pipeline.SignalLogs, Config: cfg,
		Generator: &writer{t: t, path: path}, GenerateCount: 500,
	})
}
