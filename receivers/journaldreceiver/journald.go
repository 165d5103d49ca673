package journaldreceiver

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/tidewatch/tidewatch/internal/contain"
	"github.com/tidewatch/tidewatch/internal/pressure"
)

const (
	cursorKey = "cursor"
	// maxEntryBytes is the longest entry; a longer one is left out and counted.
	maxEntryBytes = 8 << 20
	retryFirst    = 100 * time.Millisecond
	restartFirst  = time.Second
	restartMost   = 5 * time.Minute
	// steady is how long a child must have run for the next restart to be quick.
	steady = time.Minute
)

// cursor is the last entry that was delivered.
type cursor struct {
	Cursor string `json:"cursor"`
	// Time is the entry's own, in nanoseconds since the epoch. It is where to go on
	// if the journal no longer knows the cursor.
	Time int64 `json:"time"`
}

// journald is the receiver: one goroutine runs journalctl, again and again, and
// delivers what it prints.
type journald struct {
	cfg      *Config
	set      receiver.Settings
	next     consumer.Logs
	report   *receiverhelper.ObsReport
	client   storage.Client
	at       cursor // owned by run
	lost     bool   // the journal does not know the cursor
	dropped  metric.Int64Counter
	restarts metric.Int64Counter
	panics   *contain.Teller
	pressure pressure.Source

	stop    context.Context // ends when Shutdown begins
	cancel  context.CancelFunc
	consume context.Context // ends only if Shutdown runs out of time
	abort   context.CancelFunc
	once    sync.Once
	running sync.WaitGroup
}

func newJournald(set receiver.Settings, cfg *Config, next consumer.Logs) (*journald, error) {
	report, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{ReceiverID: set.ID, Transport: "journal", ReceiverCreateSettings: set})
	if err != nil {
		return nil, fmt.Errorf("create receiver telemetry: %w", err)
	}
	meter := set.MeterProvider.Meter(scopeName)
	dropped, err1 := meter.Int64Counter("tidewatch_journald_dropped_records", metric.WithUnit("{record}"), metric.WithDescription("Entries that were given up: rejected by the next consumer, too long, or not readable."))
	restarts, err2 := meter.Int64Counter("tidewatch_journald_restarts", metric.WithUnit("{restart}"), metric.WithDescription("How often journalctl ended and was started again."))
	panics, err3 := contain.New(set.TelemetrySettings, "receiver", set.ID)
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, fmt.Errorf("create metrics: %w", err)
	}
	j := &journald{cfg: cfg, set: set, next: next, report: report, client: storage.NewNopClient(), dropped: dropped, restarts: restarts, panics: panics, pressure: pressure.None()}
	j.stop, j.cancel = context.WithCancel(context.Background())
	j.consume, j.abort = context.WithCancel(context.Background())
	return j, nil
}

// Start finds journalctl and begins to read behind the stored cursor.
func (j *journald) Start(ctx context.Context, host component.Host) error {
	j.pressure = pressure.Of(host)
	program, err := exec.LookPath(j.cfg.Journalctl)
	if err != nil {
		j.set.Logger.Info("there is no journalctl here; the journal is not read", zap.String("journalctl", j.cfg.Journalctl))
		return nil
	}
	if err := j.loadCursor(ctx, host); err != nil {
		return err
	}
	j.running.Go(func() { j.panics.Run(j.stop.Done(), func() { j.run(program) }) })
	return nil
}

func (j *journald) loadCursor(ctx context.Context, host component.Host) error {
	if j.cfg.Storage == nil {
		return nil
	}
	ext, ok := host.GetExtensions()[*j.cfg.Storage]
	if !ok {
		return fmt.Errorf("storage: extension %q is not configured: add it to service::extensions", j.cfg.Storage)
	}
	s, ok := ext.(storage.Extension)
	if !ok {
		return fmt.Errorf("storage: extension %q is not a storage extension", j.cfg.Storage)
	}
	client, err := s.GetClient(ctx, component.KindReceiver, j.set.ID, "")
	if err != nil {
		return fmt.Errorf("open storage %q: %w", j.cfg.Storage, err)
	}
	j.client = client
	b, err := client.Get(ctx, cursorKey)
	if err != nil {
		return fmt.Errorf("load cursor: %w", err)
	}
	if len(b) > 0 && json.Unmarshal(b, &j.at) != nil {
		j.set.Logger.Warn("the stored cursor is damaged; reading starts as at the first start")
		j.at = cursor{}
	}
	return nil
}

// Shutdown ends journalctl and waits for it and for the delivery under way.
func (j *journald) Shutdown(ctx context.Context) error {
	var err error
	j.once.Do(func() {
		j.cancel()
		unblock := context.AfterFunc(ctx, j.abort)
		j.running.Wait()
		unblock()
		j.abort()
		if cerr := j.client.Close(context.WithoutCancel(ctx)); cerr != nil {
			err = fmt.Errorf("close storage: %w", cerr)
		}
	})
	return err
}

// run keeps a journalctl running until the receiver stops.
func (j *journald) run(program string) {
	wait := restartFirst
	for {
		began := time.Now()
		err := j.follow(program)
		if j.stop.Err() != nil {
			return
		}
		if time.Since(began) > steady {
			wait = restartFirst
		}
		j.restarts.Add(j.consume, 1)
		if wait == restartFirst {
			j.set.Logger.Warn("journalctl ended; starting it again", zap.Error(err))
		}
		if err != nil && j.at.Cursor != "" && strings.Contains(err.Error(), "cursor") {
			j.lost = true
		}
		if !j.sleep(wait) {
			return
		}
		wait = min(2*wait, restartMost)
	}
}

func (j *journald) arguments() []string {
	args := []string{"--output=json", "--follow", "--all", "--quiet", "--no-pager"}
	if j.cfg.Directory != "" {
		args = append(args, "--directory="+j.cfg.Directory)
	}
	if j.cfg.Priority != "" {
		args = append(args, "--priority="+j.cfg.Priority)
	}
	for _, u := range j.cfg.Units {
		args = append(args, "--unit="+u)
	}
	switch {
	case j.at.Cursor != "" && !j.lost:
		return append(args, "--no-tail", "--after-cursor="+j.at.Cursor)
	case j.at.Time > 0:
		return append(args, "--no-tail", "--since=@"+strconv.FormatInt(j.at.Time/1e9, 10))
	case j.cfg.StartAt == startBeginning:
		return append(args, "--no-tail")
	case j.cfg.StartAt == startEnd:
		return append(args, "--lines=0")
	}
	return append(args, "--lines="+strconv.Itoa(j.cfg.InitialEntries))
}

// follow runs one journalctl until it ends or the receiver stops. The error says
// how it ended, with what it wrote about it.
func (j *journald) follow(program string) error {
	ctx, cancel := context.WithCancel(j.stop)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, j.arguments()...)
	cmd.WaitDelay = 2 * time.Second // a grandchild must not hold the pipes
	var complaint tailBuffer
	cmd.Stderr = &complaint
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("start journalctl: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start journalctl: %w", err)
	}
	// A grandchild that holds the pipe must not keep the reader waiting.
	unblock := context.AfterFunc(ctx, func() { _ = out.Close() })
	defer unblock()
	lines := make(chan string)
	var reading sync.WaitGroup
	reading.Go(func() {
		defer close(lines)
		_ = j.panics.Try(func() error { j.readLines(ctx, out, lines); return nil }) // journalctl is started again
	})
	j.deliverAll(lines)
	cancel()
	reading.Wait()
	if err := cmd.Wait(); err != nil || len(complaint.b) > 0 {
		return fmt.Errorf("run journalctl: %w: %s", errors.Join(err, errEnded), bytes.TrimSpace(complaint.b))
	}
	return errEnded
}

var errEnded = errors.New("it ended by itself")

// readLines sends the lines of r until it ends.
func (j *journald) readLines(ctx context.Context, r io.Reader, lines chan<- string) {
	br := bufio.NewReaderSize(r, 64<<10)
	var line []byte
	for {
		part, err := br.ReadSlice('\n')
		if len(line) <= maxEntryBytes {
			line = append(line, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil {
			return // without a line end it is half an entry: it comes again
		}
		if len(line) > maxEntryBytes {
			j.dropped.Add(ctx, 1)
		} else if text := strings.TrimSpace(string(line)); text != "" {
			select {
			case lines <- text:
			case <-ctx.Done():
				return
			}
		}
		line = line[:0]
	}
}

// deliverAll makes batches of the lines until there are no more.
func (j *journald) deliverAll(lines <-chan string) {
	var pending []string
	for {
		line, ok := <-lines
		if !ok {
			return
		}
		pending = append(pending[:0], line)
		timer := time.NewTimer(j.cfg.BatchTimeout)
	collect:
		for len(pending) < j.cfg.MaxBatchRecords {
			select {
			case line, ok = <-lines:
				if !ok {
					break collect
				}
				pending = append(pending, line)
			case <-timer.C:
				break collect
			}
		}
		timer.Stop()
		if !j.deliver(pending) {
			return
		}
	}
}

// deliver gives the entries to the next consumer until it takes them or refuses
// them for good, and then keeps the cursor. It returns false if the receiver
// stopped before: the entries come again at the next start.
func (j *journald) deliver(lines []string) bool {
	if !pressure.Wait(j.pressure, j.stop.Done()) {
		return false
	}
	for wait := min(retryFirst, j.cfg.MaxRetryInterval); ; wait = min(2*wait, j.cfg.MaxRetryInterval) {
		b := j.build(lines)
		if b.records > 0 {
			ctx := j.report.StartLogsOp(j.consume)
			n := b.logs.LogRecordCount()
			err := j.next.ConsumeLogs(ctx, b.logs)
			j.report.EndLogsOp(ctx, "journald", n, err)
			if err != nil && !consumererror.IsPermanent(err) {
				if !j.sleep(wait) {
					return false
				}
				continue
			}
			if err != nil {
				j.dropped.Add(ctx, int64(n))
			}
		}
		j.dropped.Add(j.consume, int64(b.invalid))
		if b.cursor.Cursor != "" {
			j.at, j.lost = b.cursor, false
			j.saveCursor()
		}
		return true
	}
}

func (j *journald) build(lines []string) *batch {
	b := newBatch()
	now := pcommon.NewTimestampFromTime(time.Now())
	for _, line := range lines {
		b.add(line, now)
	}
	return b
}

func (j *journald) saveCursor() {
	value, err := json.Marshal(j.at)
	if err == nil {
		err = j.client.Set(j.consume, cursorKey, value)
	}
	if err != nil {
		j.set.Logger.Error("the cursor cannot be written; a restart would read entries again", zap.Error(err))
	}
}

// sleep waits about d and returns false if the receiver stops meanwhile.
func (j *journald) sleep(d time.Duration) bool {
	timer := time.NewTimer(d/2 + rand.N(d))
	defer timer.Stop()
	select {
	case <-j.stop.Done():
		return false
	case <-timer.C:
		return true
	}
}

// tailBuffer keeps the last bytes written to it.
type tailBuffer struct{ b []byte }

const maxComplaint = 2048

func (t *tailBuffer) Write(p []byte) (int, error) {
	t.b = append(t.b, p...)
	if over := len(t.b) - maxComplaint; over > 0 {
		t.b = append(t.b[:0], t.b[over:]...)
	}
	return len(p), nil
}
