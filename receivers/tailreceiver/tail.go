package tailreceiver

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.uber.org/zap"

	"github.com/tidewatch/tidewatch/internal/contain"
	"github.com/tidewatch/tidewatch/internal/logformat"
	"github.com/tidewatch/tidewatch/internal/pressure"
)

// maxWorkers bounds the memory for chunks; a worker reads hundreds of MB per second.
const maxWorkers = 4

// tail is the receiver: one watcher finds files and sees them grow, a few workers
// read and deliver, and a saver writes checkpoints.
type tail struct {
	cfg     *Config
	set     receiver.Settings
	next    consumer.Logs
	report  *receiverhelper.ObsReport
	metrics *instruments
	logs    onceLog
	panics  *contain.Teller
	// pressure says whether reading has to wait.
	pressure pressure.Source
	store    store
	// multiline is nil if every line is a record.
	multiline *multiline

	now      func() time.Time                    // the clock
	openFile func(path string) (*os.File, error) // the file system

	work    chan *file
	wake    chan struct{} // asks the watcher to look again soon
	dirty   chan struct{} // asks the saver to save
	stop    chan struct{}
	once    sync.Once
	saves   sync.Mutex   // one save at a time, so that unsaved counts what is not on disk
	unsaved atomic.Int64 // records delivered and not on disk yet as read
	flying  atomic.Int64 // records being delivered
	failing atomic.Bool  // the last checkpoint could not be written
	running sync.WaitGroup
	saving  sync.WaitGroup

	consume context.Context // of deliveries; ends only if Shutdown runs out of time
	abort   context.CancelFunc
}

func newTail(set receiver.Settings, cfg *Config, next consumer.Logs) (*tail, error) {
	join, err := newMultiline(cfg.Multiline)
	if err != nil {
		return nil, err
	}
	report, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{ReceiverID: set.ID, Transport: "file", ReceiverCreateSettings: set})
	if err != nil {
		return nil, fmt.Errorf("create receiver telemetry: %w", err)
	}
	metrics, err := newInstruments(set.TelemetrySettings)
	if err != nil {
		return nil, fmt.Errorf("create metrics: %w", err)
	}
	panics, err := contain.New(set.TelemetrySettings, "receiver", set.ID)
	if err != nil {
		return nil, err
	}
	t := &tail{
		cfg: cfg, set: set, next: next, report: report, metrics: metrics,
		logs:     onceLog{logger: set.Logger},
		panics:   panics,
		pressure: pressure.None(),
		store:    store{client: storage.NewNopClient(), limit: 2 * cfg.MaxFiles},
		now:      time.Now,
		openFile: os.Open, multiline: join,
		work:  make(chan *file, 256),
		wake:  make(chan struct{}, 1),
		dirty: make(chan struct{}, 1),
		stop:  make(chan struct{}),
	}
	t.store.evicted = func(n int) { metrics.evicted.Add(context.Background(), int64(n)) }
	t.consume, t.abort = context.WithCancel(context.Background())
	return t, nil
}

// Start loads the checkpoints and begins to read.
func (t *tail) Start(ctx context.Context, host component.Host) error {
	location, err := time.LoadLocation(t.cfg.Timezone)
	if err != nil {
		return fmt.Errorf("timezone: %w", err)
	}
	t.pressure = pressure.Of(host)
	if err := t.openStorage(ctx, host); err != nil {
		return err
	}
	first, damaged, err := t.store.load(ctx)
	if err != nil {
		return err
	}
	if damaged != nil {
		t.metrics.damaged.Add(ctx, 1)
		t.set.Logger.Warn("some checkpoints are damaged; their files are read again from the beginning", zap.Error(damaged))
	}
	t.running.Go(func() {
		t.panics.Run(t.stop, func() {
			w := newWatcher(t, first)
			first = false // a watcher after a panic goes on where the checkpoints are
			w.run()
		})
	})
	format, _ := logformat.ParseFormat(t.cfg.Format)
	workers := min(runtime.GOMAXPROCS(0), maxWorkers)
	for range workers {
		w := &worker{t: t, buf: make([]byte, chunkBytes+maxTail), maxRecords: max(t.cfg.MaxBatchRecords/workers, 1)}
		w.builder = builder{format: format, maxLine: t.cfg.MaxLineBytes, clock: logformat.Clock{Location: location}}
		t.running.Go(w.run)
	}
	t.saving.Go(func() { t.panics.Run(t.stop, t.saveLoop) })
	return nil
}

func (t *tail) openStorage(ctx context.Context, host component.Host) error {
	if t.cfg.Storage == nil {
		return nil
	}
	ext, ok := host.GetExtensions()[*t.cfg.Storage]
	if !ok {
		return fmt.Errorf("storage: extension %q is not configured: add it to service::extensions", t.cfg.Storage)
	}
	s, ok := ext.(storage.Extension)
	if !ok {
		return fmt.Errorf("storage: extension %q is not a storage extension", t.cfg.Storage)
	}
	client, err := s.GetClient(ctx, component.KindReceiver, t.set.ID, "")
	if err != nil {
		return fmt.Errorf("open storage %q: %w", t.cfg.Storage, err)
	}
	t.store.client = client
	return nil
}

// Shutdown waits for deliveries that are under way, stops, and writes the last
// checkpoints. What waits for a consumer that refuses it is read again at the
// next start.
func (t *tail) Shutdown(ctx context.Context) error {
	var err error
	t.once.Do(func() {
		close(t.stop)
		unblock := context.AfterFunc(ctx, t.abort)
		t.running.Wait()
		unblock()
		t.abort()
		close(t.dirty)
		t.saving.Wait()
		err = t.store.flush(context.WithoutCancel(ctx))
		if cerr := t.store.client.Close(context.WithoutCancel(ctx)); err == nil && cerr != nil {
			err = fmt.Errorf("close storage: %w", cerr)
		}
	})
	return err
}

// committed remembers the position of a file after a delivery.
func (t *tail) committed(f *file) {
	t.store.put(t.checkpointOf(f))
	select {
	case t.dirty <- struct{}{}:
	default:
	}
}

func (t *tail) checkpointOf(f *file) checkpoint {
	return checkpoint{Dev: f.id.dev, Ino: f.id.ino, Gen: f.id.gen, Path: f.name, position: f.pos, Seen: t.now().Unix()}
}

// multiline is how lines are joined to records.
type multiline struct {
	start func(line string) bool // nil: by what the file looks like
}

func newMultiline(cfg MultilineConfig) (*multiline, error) {
	if cfg.Mode == multilineOff {
		return nil, nil
	}
	m := &multiline{}
	if cfg.StartPattern != "" {
		re, err := regexp.Compile(cfg.StartPattern)
		if err != nil {
			return nil, fmt.Errorf("multiline::start_pattern: %w", err)
		}
		m.start = re.MatchString
	}
	return m, nil
}

// reserve makes room for records about to be delivered: where a crash would double
// more than max_batch_records with them, what was delivered before is made to last.
// Together, what all workers deliver at a time is not more than that.
func (t *tail) reserve(records int) {
	if t.unsaved.Load()+t.flying.Add(int64(records)) > int64(t.cfg.MaxBatchRecords) {
		t.save()
	}
}

// delivered counts records towards the next checkpoint.
func (t *tail) delivered(records int) {
	t.unsaved.Add(int64(records))
	t.flying.Add(-int64(records))
}

func (t *tail) save() {
	t.saves.Lock()
	defer t.saves.Unlock()
	covered := t.unsaved.Load()
	err := t.store.flush(t.consume)
	if err == nil {
		t.unsaved.Add(-covered)
	} else {
		t.metrics.damaged.Add(t.consume, 1)
	}
	if failing := err != nil; t.failing.Swap(failing) != failing {
		if failing {
			t.set.Logger.Error("checkpoints cannot be written; a restart would read lines again", zap.Error(err))
		} else {
			t.set.Logger.Info("checkpoints are written again")
		}
	}
}

// saveLoop writes checkpoints soon after deliveries, and rests in between so that
// a busy file costs a few writes per second.
func (t *tail) saveLoop() {
	for range t.dirty {
		t.save()
		select {
		case <-t.stop:
		case <-time.After(t.cfg.CheckpointInterval):
		}
	}
}

func (t *tail) stopping() bool {
	select {
	case <-t.stop:
		return true
	default:
		return false
	}
}

func (t *tail) nudge() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// onceLog says a thing once per subject. It is safe for concurrent use.
type onceLog struct {
	logger *zap.Logger
	mu     sync.Mutex // guards said
	said   map[string]bool
}

const maxSubjects = 1000

// Once calls say unless it did for the subject before; beyond some subjects it is
// silent, and the counters speak.
func (o *onceLog) Once(subject string, say func(*zap.Logger)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.said[subject] || len(o.said) >= maxSubjects {
		return
	}
	if o.said == nil {
		o.said = map[string]bool{}
	}
	o.said[subject] = true
	say(o.logger)
}

// Forget lets a subject be spoken of again.
func (o *onceLog) Forget(subject string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.said, subject)
}
