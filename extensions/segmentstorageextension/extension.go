package segmentstorageextension

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"

	"github.com/tidewatch/tidewatch/internal/segmentlog"
)

const (
	// flushEvery is how long a note that an item was delivered may wait in memory. If
	// the process is killed meanwhile, the item is delivered once more.
	flushEvery = 250 * time.Millisecond
	// stateSegmentBytes is for the state of components, which is small and written anew
	// again and again.
	stateSegmentBytes = 1 << 20
)

var _ storage.Extension = (*segmentStorage)(nil)

type segmentStorage struct {
	cfg    *Config
	set    extension.Settings
	logger *zap.Logger
	host   component.Host
	budget *segmentlog.Budget
	// openFile replaces the operating system's; for tests.
	openFile func(path string, create bool) (segmentlog.File, error)

	lock      io.Closer
	telemetry *telemetry
	stop      chan struct{}
	wg        sync.WaitGroup

	mu      sync.Mutex         // guards the rest
	clients map[string]*client // by folder; as many as there are components
	failing error              // what the last look found
	scarce  error              // that the disk has less than min_free_bytes left, nil if it has more
}

func newSegmentStorage(set extension.Settings, cfg *Config) *segmentStorage {
	return &segmentStorage{
		cfg: cfg, set: set, logger: set.Logger, budget: segmentlog.NewBudget(cfg.MaxBytes),
		stop: make(chan struct{}), clients: map[string]*client{},
	}
}

// Start takes the directory for this agent alone.
func (s *segmentStorage) Start(_ context.Context, host component.Host) error {
	s.host = host
	if err := os.MkdirAll(s.cfg.Directory, 0o700); err != nil {
		return fmt.Errorf("directory: %w; the agent must be able to write there", err)
	}
	lock, err := lockDirectory(s.cfg.Directory)
	if err != nil {
		return err
	}
	s.lock = lock
	s.watchDisk()
	if s.telemetry, err = newTelemetry(s.set.TelemetrySettings, s); err != nil {
		return errors.Join(err, lock.Close())
	}
	s.wg.Go(s.run)
	return nil
}

// Shutdown closes what its owners have left open and gives the directory free.
func (s *segmentStorage) Shutdown(context.Context) error {
	if s.lock == nil {
		return nil
	}
	close(s.stop)
	s.wg.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	for name, c := range s.clients {
		err = errors.Join(err, c.close())
		delete(s.clients, name)
	}
	err = errors.Join(err, s.telemetry.registration.Unregister(), s.lock.Close())
	s.lock = nil
	return err
}

// run writes what waits in memory, syncs, and reports when the disk begins or ends
// to fail.
func (s *segmentStorage) run() {
	flush := time.NewTicker(flushEvery)
	defer flush.Stop()
	var sync <-chan time.Time
	if s.cfg.Fsync == fsyncInterval {
		t := time.NewTicker(s.cfg.FsyncInterval)
		defer t.Stop()
		sync = t.C
	}
	for {
		select {
		case <-s.stop:
			return
		case <-flush.C:
			s.each((*segmentlog.Log).Flush)
			s.watchDisk()
		case <-sync:
			s.each((*segmentlog.Log).Sync)
		}
		s.judge()
	}
}

func (s *segmentStorage) each(do func(*segmentlog.Log) error) {
	s.mu.Lock()
	logs := make([]*segmentlog.Log, 0, len(s.clients))
	for _, c := range s.clients {
		logs = append(logs, c.log)
	}
	s.mu.Unlock()
	for _, l := range logs {
		_ = do(l) // kept in the log's Stats, which judge reads
	}
}

// watchDisk leaves min_free_bytes of the disk to others.
func (s *segmentStorage) watchDisk() {
	free, known := freeBytes(s.cfg.Directory)
	scarce := known && s.cfg.MinFreeBytes > 0 && free < s.cfg.MinFreeBytes
	s.budget.Shut(scarce)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scarce = nil
	if scarce {
		s.scarce = fmt.Errorf("the disk has %d bytes left, and min_free_bytes are %d", free, s.cfg.MinFreeBytes)
	}
}

// judge reports a change from working to failing and back.
func (s *segmentStorage) judge() {
	s.mu.Lock()
	failing := s.scarce
	for name, c := range s.clients {
		if err := c.log.Stats().Failing; err != nil {
			failing = fmt.Errorf("%s: %w", name, err)
		}
	}
	was := s.failing
	s.failing = failing
	s.mu.Unlock()
	switch {
	case failing != nil && was == nil:
		s.logger.Error("The disk takes nothing: queues refuse new items and readers wait. Make room in directory or lower max_bytes.",
			zap.String("directory", s.cfg.Directory), zap.Error(failing))
		componentstatus.ReportStatus(s.host, componentstatus.NewRecoverableErrorEvent(failing))
	case failing == nil && was != nil:
		s.logger.Info("The disk takes data again.", zap.String("directory", s.cfg.Directory))
		componentstatus.ReportStatus(s.host, componentstatus.NewEvent(componentstatus.StatusOK))
	}
}

// GetClient opens the folder of a component. It can be open once at a time.
func (s *segmentStorage) GetClient(_ context.Context, kind component.Kind, id component.ID, name string) (storage.Client, error) {
	folder := folderOf(kind, id, name)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lock == nil {
		return nil, errors.New("open storage: the extension is not running")
	}
	if s.clients[folder] != nil {
		return nil, fmt.Errorf("open storage: %s is open already", folder)
	}
	// State is small and has no budget: a reader that cannot keep its place helps nobody.
	opt := segmentlog.Options{SegmentBytes: stateSegmentBytes, NoSync: s.cfg.Fsync == fsyncNever, OpenFile: s.openFile}
	if kind == component.KindExporter {
		opt.SegmentBytes, opt.Budget = s.cfg.SegmentBytes, s.budget
	}
	l, err := segmentlog.Open(filepath.Join(s.cfg.Directory, folder), opt)
	if err != nil {
		return nil, fmt.Errorf("open storage: %w", err)
	}
	if d := l.Stats().Damage; d.Records > 0 {
		s.logger.Warn("Damaged records were left out; copies are in the folder quarantine.", zap.String("storage", folder),
			zap.Int64("records", d.Records), zap.Int64("bytes", d.Bytes), zap.Int64("of_them_cut_off_at_the_end", d.TornBytes))
	}
	c := &client{log: l, always: s.cfg.Fsync == fsyncAlways, closed: func() { s.forget(folder) }}
	if kind == component.KindExporter {
		c.exporter, c.signal, c.whenFull, c.scarce = id.String(), name, s.cfg.WhenFull, s.budget.IsShut
		if err := s.openQueue(folder, c); err != nil {
			return nil, errors.Join(err, l.Close())
		}
	}
	s.clients[folder] = c
	return c, nil
}

// openQueue makes sure that the queue will find all of its items.
func (s *segmentStorage) openQueue(folder string, c *client) error {
	found, err := mendQueue(c.log)
	if err != nil {
		return err
	}
	c.missing = found.missing
	if found.changed {
		s.logger.Warn("The queue's own notes did not agree with its items and were mended.", zap.String("storage", folder),
			zap.Int("items", found.items), zap.Int("brought_back", found.orphans), zap.Int("missing", found.missing))
	}
	c.account.open(c.log, c.signal, &found, openCounts(filepath.Join(s.cfg.Directory, folder), false))
	return c.account.keep(c.log)
}

func (s *segmentStorage) forget(folder string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.clients, folder)
}

// folderOf names the folder of a component, the same in every version.
func folderOf(kind component.Kind, id component.ID, name string) string {
	parts := []string{strings.ToLower(kind.String()), id.Type().String()}
	for _, p := range []string{id.Name(), name} {
		if p != "" {
			parts = append(parts, escape(p))
		}
	}
	return strings.Join(parts, "_")
}

// escape keeps what is safe in file names and tells apart what is not.
func escape(s string) string {
	var sb strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' && i > 0 {
			sb.WriteByte(c)
			continue
		}
		fmt.Fprintf(&sb, "%%%02x", c)
	}
	return sb.String()
}
