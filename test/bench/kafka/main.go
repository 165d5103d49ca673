// Command kafka measures the way through Kafka: records a second that an agent's
// exporter writes to a real broker and a gateway's receiver reads from it, what each
// of the three costs, and whether the gateway keeps up.
//
//	make bench-kafka
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// state is what a role says of itself, once a second.
type state struct {
	Records int64   // since its start
	CPU     float64 // seconds, user and system
}

// child is a role in a process of its own, so that its CPU time is its own.
type child struct {
	cmd  *exec.Cmd
	done sync.WaitGroup

	mu   sync.Mutex // guards last
	last state
}

var (
	rate        = flag.Int("rate", 150_000, "records a second; 0 is as many as possible")
	length      = flag.Duration("for", 5*time.Minute, "how long")
	compression = flag.String("compression", "zstd", "of the messages")
	brokers     = flag.String("brokers", "", "of a cluster that runs; empty starts one")
	role        = flag.String("role", "", "agent or gateway, in a process of its own")
)

func main() {
	flag.Parse()
	var err error
	switch *role {
	case "agent":
		err = agent()
	case "gateway":
		err = gateway()
	default:
		err = run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "kafka:", err)
		os.Exit(1)
	}
}

func run() error {
	pid, dir := 0, ""
	if *brokers == "" {
		out, err := exec.Command("test/backends/kafka.sh").Output()
		if err != nil {
			return fmt.Errorf("start Kafka: %w", err)
		}
		for field := range strings.FieldsSeq(string(out)) {
			key, value, _ := strings.Cut(field, "=")
			switch key {
			case "url":
				*brokers = strings.TrimPrefix(value, "kafka://")
			case "pid":
				if pid, err = strconv.Atoi(value); err != nil {
					return fmt.Errorf("read pid: %w", err)
				}
			case "dir":
				dir = value
			}
		}
		defer func() {
			_ = syscall.Kill(-pid, syscall.SIGKILL)
			time.Sleep(time.Second)
			_ = os.RemoveAll(dir)
		}()
	}
	fmt.Printf("%d records/s for %s, %s, %d CPUs for agent, broker and gateway together; load %s\n", *rate, *length, *compression, runtime.NumCPU(), load())
	begin := brokerCPU(pid)
	reader, err := start("gateway")
	if err != nil {
		return err
	}
	writer, err := start("agent")
	if err != nil {
		return errors.Join(err, reader.stop())
	}
	fmt.Println(" time   written/s      read/s   in between   agent CPU  broker CPU  gateway CPU")
	const step = 10 * time.Second
	var w0, r0 state
	b0 := begin
	for at := step; at <= *length; at += step {
		time.Sleep(step)
		w, r, b := writer.state(), reader.state(), brokerCPU(pid)
		fmt.Printf("%4.0fs %11.0f %11.0f %12d %10.0f%% %10.0f%% %11.0f%%\n", at.Seconds(), float64(w.Records-w0.Records)/step.Seconds(), float64(r.Records-r0.Records)/step.Seconds(),
			w.Records-r.Records, 100*(w.CPU-w0.CPU)/step.Seconds(), 100*(b-b0)/step.Seconds(), 100*(r.CPU-r0.CPU)/step.Seconds())
		w0, r0, b0 = w, r, b
	}
	err = writer.stop()
	w := writer.state()
	for end := time.Now().Add(5 * time.Minute); reader.state().Records < w.Records && time.Now().Before(end); {
		time.Sleep(100 * time.Millisecond)
	}
	err = errors.Join(err, reader.stop())
	r, b := reader.state(), brokerCPU(pid)-begin
	n := float64(w.Records)
	fmt.Printf("written %d, read %d (%d lost or doubled)\n", w.Records, r.Records, w.Records-r.Records)
	fmt.Printf("us of CPU per record: agent %.2f, broker %.2f, gateway %.2f\n", 1e6*w.CPU/n, 1e6*b/n, 1e6*r.CPU/n)
	if dir != "" {
		fmt.Printf("bytes per record in Kafka: %.1f\n", float64(size(filepath.Join(dir, "data"), "tidewatch.logs-"))/n)
	}
	fmt.Printf("load %s\n", load())
	return err
}

func start(role string) (*child, error) {
	c := &child{cmd: exec.Command(os.Args[0], "-role", role, "-brokers", *brokers, "-rate", strconv.Itoa(*rate), "-compression", *compression)}
	c.cmd.Stderr = os.Stderr
	out, err := c.cmd.StdoutPipe()
	if err == nil {
		err = c.cmd.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("start the %s: %w", role, err)
	}
	c.done.Go(func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var s state
			if json.Unmarshal(lines.Bytes(), &s) == nil {
				c.mu.Lock()
				c.last = s
				c.mu.Unlock()
			}
		}
	})
	return c, nil
}

func (c *child) state() state {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}

// stop lets the role finish what it has begun.
func (c *child) stop() error {
	_ = c.cmd.Process.Signal(syscall.SIGTERM)
	c.done.Wait()
	return c.cmd.Wait()
}

// brokerCPU is the seconds that a process has used; 0 for none.
func brokerCPU(pid int) float64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(b), ") ")
	f := strings.Fields(after)
	user, _ := strconv.ParseFloat(f[11], 64)
	system, _ := strconv.ParseFloat(f[12], 64)
	return (user + system) / 100 // ticks, on every Linux
}

// size is of the files below dir whose folder begins with prefix.
func size(dir, prefix string) (total int64) {
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(path, ".log") && strings.HasPrefix(filepath.Base(filepath.Dir(path)), prefix) {
			if i, err := d.Info(); err == nil {
				total += i.Size()
			}
		}
		return nil
	})
	return total
}

func load() string {
	b, _ := os.ReadFile("/proc/loadavg")
	one, _, _ := strings.Cut(string(b), " ")
	return one
}
