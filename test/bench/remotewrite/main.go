// Command remotewrite measures what it costs to take metrics by OTLP and to send
// them by remote write: CPU time of a million samples and memory, in alternating
// runs with another collector where one is given.
//
//	test/bench/remotewrite.sh bin/tidewatch
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const ours = `
receivers:
  otlp: {protocols: {grpc: {endpoint: "127.0.0.1:OTLP", max_recv_msg_size_mib: 64}}}
exporters:
  remote_write: {endpoint: "RECEIVER"EXTRA}
service:
  telemetry: {metrics: {level: none}}
  pipelines:
    metrics: {receivers: [otlp], exporters: [remote_write]}
`

const theirs = `
receivers:
  otlp: {protocols: {grpc: {endpoint: "127.0.0.1:OTLP", max_recv_msg_size_mib: 64}}}
exporters:
  prometheus_remote_write: {endpoint: "RECEIVER", max_batch_request_parallelism: 2}
service:
  telemetry: {logs: {level: warn}, metrics: {level: none}}
  pipelines:
    metrics: {receivers: [otlp], exporters: [prometheus_remote_write]}
`

// patience is how long one run may take.
const patience = 5 * time.Minute

type bench struct {
	load string
	n    int
	dir  string
}

func main() {
	binary := flag.String("binary", "bin/tidewatch", "the agent")
	upstream := flag.String("upstream", "", "a collector with the exporter prometheus_remote_write; empty leaves it out")
	extra := flag.String("extra", "", "further keys of the agent's exporter, for example 'protocol: v1'")
	runs := flag.Int("runs", 3, "how often each is measured")
	var b bench
	flag.StringVar(&b.load, "load", "", "program that sends -n points by OTLP/gRPC to -addr")
	flag.IntVar(&b.n, "n", 2_000_000, "points")
	flag.Parse()
	dir, err := os.MkdirTemp("", "tidewatch-bench-")
	if err == nil {
		defer os.RemoveAll(dir)
		b.dir = dir
		if *extra != "" {
			*extra = ", " + *extra
		}
		for i := 0; err == nil && i < *runs; i++ {
			err = b.run("tidewatch", *binary, strings.ReplaceAll(ours, "EXTRA", *extra))
			if err == nil && *upstream != "" {
				err = b.run("upstream", *upstream, theirs)
			}
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "remotewrite:", err)
		os.Exit(1) //nolint:gocritic // the folder is in the system's place for such
	}
}

// run sends the points through one collector and prints a line.
func (b *bench) run(name, binary, config string) error {
	r, err := newReceiver()
	if err != nil {
		return err
	}
	defer r.close()
	port, err := freePort()
	if err != nil {
		return err
	}
	config = strings.NewReplacer("OTLP", strconv.Itoa(port), "RECEIVER", r.url).Replace(config)
	file := filepath.Join(b.dir, name+".yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return err
	}
	args := []string{"--config", file}
	if name == "tidewatch" {
		args = append(args, "--state-dir", filepath.Join(b.dir, "state"))
	}
	var log bytes.Buffer
	cmd := exec.Command(binary, args...)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", binary, err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	begin := time.Now()
	out, sent := exec.Command(b.load, "-addr", fmt.Sprintf("127.0.0.1:%d", port), "-n", strconv.Itoa(b.n)).CombinedOutput()
	deadline := time.Now().Add(patience)
	for sent == nil && r.samples.Load() < int64(b.n) && time.Now().Before(deadline) {
		time.Sleep(20 * time.Millisecond)
	}
	wall := time.Since(begin)
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	late := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() }) // it may end just then
	defer late.Stop()
	<-exited //nolint:errcheck // how it ends is not what is measured
	if sent != nil {
		return fmt.Errorf("send points to %s: %w\n%s\n%s", name, sent, out, log.Bytes())
	}
	if got := r.samples.Load(); got < int64(b.n) {
		return fmt.Errorf("%s delivered %d of %d samples\n%s", name, got, b.n, log.Bytes())
	}
	s := cmd.ProcessState
	cpu := s.UserTime() + s.SystemTime()
	rss := float64(s.SysUsage().(*syscall.Rusage).Maxrss) / 1024
	fmt.Printf("%-10s cpu_s_per_million=%.2f rss_mib=%.0f wall_s=%.1f samples=%d requests=%d v2=%d bytes_per_sample=%.1f\n", name,
		cpu.Seconds()*1e6/float64(b.n), rss, wall.Seconds(), r.samples.Load(), r.requests.Load(), r.v2.Load(), float64(r.bytes.Load())/float64(r.samples.Load()))
	return nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
