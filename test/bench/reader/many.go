package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"time"
)

// idle measures what files cost in which nothing happens.
func (b *bench) idle() error {
	dir, err := os.MkdirTemp(b.dir, "idle")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := fillDirectory(filepath.Join(dir, "logs"), b.files); err != nil {
		return err
	}
	p, err := launch(dir, `receivers:
  tail: {include: ["`+dir+`/logs/*.log"], start_at: beginning}
exporters: {nop: {}}
service:
  telemetry: {logs: {level: warn}, metrics: {endpoint: "127.0.0.1:METRICS"}}
  pipelines:
    logs: {receivers: [tail], exporters: [nop]}
`, b.binary, "--state-dir", filepath.Join(dir, "state"))
	if err != nil {
		return err
	}
	defer p.stop() //nolint:errcheck // its cost was taken before
	if err := p.reads(b.files); err != nil {
		return err
	}
	time.Sleep(b.idleFor / 4) // what was read makes some noise still
	before, err := p.now()
	if err != nil {
		return err
	}
	begin := time.Now()
	time.Sleep(b.idleFor)
	after, err := p.now()
	if err != nil {
		return err
	}
	percent := 100 * (after.cpu - before.cpu).Seconds() / time.Since(begin).Seconds()
	fmt.Printf("\n== %d files in which nothing happens, over %s\n%.2f %% of a core, RSS %.1f MB\n", b.files, b.idleFor, percent, after.rssMB)
	return nil
}

// fillDirectory makes n files of one line.
func fillDirectory(dir string, n int) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var line []byte
	for i := range n {
		line = plainLine(line[:0], uint64(i))
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("app-%06d.log", i)), line, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// patience is how long anything here may take: a minute was enough for a slow
// machine.
const patience = 4 * time.Minute

// directory measures how a directory with very many files is found while another
// file is being written.
func (b *bench) directory() error {
	dir, err := os.MkdirTemp(b.dir, "directory")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := fillDirectory(filepath.Join(dir, "many"), b.directoryFiles); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, "logs", "busy"), 0o755); err != nil {
		return err
	}
	clock, err := newClock()
	if err != nil {
		return err
	}
	defer clock.server.Close()
	p, err := launch(dir, fmt.Sprintf(`receivers:
  tail: {include: ["%s/logs/**/*.log"], start_at: beginning, max_files: %d}
exporters:
  otlp_http:
    endpoint: %s
    compression: none
    sending_queue: {sizer: items, queue_size: 1000000, batch: {sizer: items, min_size: 1000, flush_timeout: 100ms}}
service:
  telemetry: {logs: {level: warn}, metrics: {endpoint: "127.0.0.1:METRICS"}}
  pipelines:
    logs: {receivers: [tail], exporters: [otlp_http]}
`, dir, 2*b.directoryFiles, clock.url), b.binary, "--state-dir", filepath.Join(dir, "state"))
	if err != nil {
		return err
	}
	defer p.stop() //nolint:errcheck // its cost was taken before

	busy := filepath.Join(dir, "logs", "busy", "busy.log")
	if err := stamp(busy, "busy"); err != nil {
		return err
	}
	usual, err := clock.watch(busy, func() (bool, error) { return clock.arrived("busy") >= 30, nil })
	if err != nil {
		return err
	}
	begin := time.Now()
	if err := os.Rename(filepath.Join(dir, "many"), filepath.Join(dir, "logs", "many")); err != nil {
		return err
	}
	slowest, err := clock.watch(busy, func() (bool, error) {
		n, err := p.accepted()
		return n >= b.directoryFiles+clock.arrived("busy"), err
	})
	if err != nil {
		n, _ := p.accepted()
		return fmt.Errorf("%w: %d records of %d files and %d of the busy file", err, n, b.directoryFiles, clock.arrived("busy"))
	}
	found := time.Since(begin)
	if err := stamp(filepath.Join(dir, "logs", "many", fmt.Sprintf("app-%06d.log", b.directoryFiles-3)), "last"); err != nil {
		return err
	}
	later, err := clock.watch(busy, func() (bool, error) { return clock.arrived("last") > 0, nil })
	if err != nil {
		return err
	}
	u, err := p.now()
	if err != nil {
		return err
	}
	fmt.Printf("\n== a directory of %d files appears\nall are found and read after %.1f s; a line appended to one of the last is read after %.1f s\n",
		b.directoryFiles, found.Seconds(), clock.wait("last").Seconds())
	fmt.Printf("a line of another file waits at most %.1f s before, %.1f s meanwhile, %.1f s afterwards; RSS %.1f MB, %.1f CPU s\n",
		usual.Seconds(), slowest.Seconds(), later.Seconds(), u.rssMB, u.cpu.Seconds())
	return nil
}

// stamp appends a line that says when it was written.
func stamp(path, kind string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	now := time.Now()
	_, err = fmt.Fprintf(f, "%s INFO stamp-%s-%d.\n", now.UTC().Format("2006-01-02T15:04:05.000000Z"), kind, now.UnixNano())
	return err
}

// clock is a backend that notes how long ago stamped lines were written. It is
// safe for concurrent use.
type clock struct {
	url    string
	server *http.Server
	mu     sync.Mutex // guards what follows
	count  map[string]int
	worst  map[string]time.Duration
}

func newClock() (*clock, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := &clock{url: "http://" + l.Addr().String(), count: map[string]int{}, worst: map[string]time.Duration{}}
	c.server = &http.Server{Handler: c}
	go func() { _ = c.server.Serve(l) }() // ends when the server is closed
	return c, nil
}

var stamps = regexp.MustCompile(`stamp-([a-z]+)-(\d+)\.`)

func (c *clock) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		rw.WriteHeader(http.StatusBadRequest)
		return
	}
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range stamps.FindAllSubmatch(body, -1) {
		ns, err := strconv.ParseInt(string(m[2]), 10, 64)
		if err != nil {
			continue
		}
		kind := string(m[1])
		c.count[kind]++
		c.worst[kind] = max(c.worst[kind], now.Sub(time.Unix(0, ns)))
	}
}

func (c *clock) arrived(kind string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count[kind]
}

func (c *clock) wait(kind string) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.worst[kind]
}

// watch writes ten lines a second to busy until done, and returns the longest
// that one of them took.
func (c *clock) watch(busy string, done func() (bool, error)) (time.Duration, error) {
	c.mu.Lock()
	c.worst["busy"] = 0
	c.mu.Unlock()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if err := stamp(busy, "busy"); err != nil {
			return 0, err
		}
		if ok, err := done(); ok || err != nil {
			return c.wait("busy"), err
		}
	}
	return 0, fmt.Errorf("not all was read in %s", patience)
}
