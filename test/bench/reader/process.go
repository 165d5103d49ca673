package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a reader that runs, with a page of its own metrics.
type process struct {
	cmd     *exec.Cmd
	log     *os.File
	metrics string
	exited  chan error
}

// usage is what a process has cost.
type usage struct {
	cpu   time.Duration // user and system
	rssMB float64       // at most
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// launch writes the configuration into dir, where METRICS stands for a free port,
// and starts a collector with it.
func launch(dir, config, binary string, args ...string) (*process, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(config, "METRICS", strconv.Itoa(port))), 0o600); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	p := &process{log: log, metrics: fmt.Sprintf("http://127.0.0.1:%d/metrics", port), exited: make(chan error, 1)}
	p.cmd = exec.Command(binary, append(args, "--config", file)...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { p.exited <- p.cmd.Wait() }()
	return p, nil
}

// accepted is how many records the receivers have handed on.
func (p *process) accepted() (int, error) {
	resp, err := http.Get(p.metrics)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	sum := 0.0
	for line := range bytes.Lines(page) {
		fields := strings.Fields(string(line))
		if len(fields) > 1 && strings.HasPrefix(fields[0], "otelcol_receiver_accepted_log_records") {
			v, err := strconv.ParseFloat(fields[len(fields)-1], 64)
			if err != nil {
				return 0, err
			}
			sum += v
		}
	}
	return int(sum), nil
}

// reads waits until n records have been handed on; more than n is an error.
func (p *process) reads(n int) error {
	for deadline := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		select {
		case err := <-p.exited:
			p.exited <- err
			log, _ := os.ReadFile(p.log.Name())
			return fmt.Errorf("it ended: %w\n%s", err, log[max(0, len(log)-2000):])
		default:
		}
		got, err := p.accepted()
		switch {
		case err != nil: // not started yet
		case got == n:
			return nil
		case got > n:
			return fmt.Errorf("it read %d records of %d", got, n)
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("it read %d records of %d in %s", got, n, patience)
		}
	}
}

// stop ends the process and tells what it has cost.
func (p *process) stop() (usage, error) {
	defer p.log.Close()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return usage{}, err
	}
	late := time.AfterFunc(time.Minute, func() { _ = p.cmd.Process.Kill() }) // it may end just then
	defer late.Stop()
	<-p.exited //nolint:errcheck // how it ends is not what is measured
	return usageOf(p.cmd.ProcessState), nil
}

func usageOf(s *os.ProcessState) usage {
	u := usage{cpu: s.UserTime() + s.SystemTime()}
	if ru, ok := s.SysUsage().(*syscall.Rusage); ok {
		u.rssMB = float64(ru.Maxrss) * 1024 / 1e6 // Linux counts in KiB
	}
	return u
}

// now is the CPU time that the process has used so far, and its memory.
func (p *process) now() (usage, error) {
	dir := fmt.Sprintf("/proc/%d/", p.cmd.Process.Pid)
	stat, err := os.ReadFile(dir + "stat")
	if err != nil {
		return usage{}, err
	}
	status, err := os.ReadFile(dir + "status")
	if err != nil {
		return usage{}, err
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	user, err := strconv.Atoi(fields[11])
	if err != nil {
		return usage{}, err
	}
	system, err := strconv.Atoi(fields[12])
	if err != nil {
		return usage{}, err
	}
	u := usage{cpu: time.Duration(user+system) * (time.Second / 100)} // Linux shows hundredths on all machines
	_, rss, _ := strings.Cut(string(status), "VmRSS:")
	var kb float64
	if _, err := fmt.Sscan(rss, &kb); err != nil {
		return usage{}, err
	}
	u.rssMB = kb * 1024 / 1e6
	return u, nil
}
