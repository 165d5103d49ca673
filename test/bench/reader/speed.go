package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// work is a file to be read to its end.
type work struct {
	name      string
	line      func([]byte, uint64) []byte
	operators string // how upstream is told of the format; ours finds it
	floor     string // mode of the floor program
}

var works = []work{
	{name: "W1 plain", line: plainLine, floor: "plog1", operators: `
      - type: regex_parser
        regex: '^(?P<time>\S+) (?P<sev>\w+) '
        timestamp: {parse_from: attributes.time, layout_type: gotime, layout: '2006-01-02T15:04:05.000000Z07:00'}
        severity: {parse_from: attributes.sev}`},
	{name: "W2 JSON", line: jsonLine, floor: "plog2hand", operators: `
      - type: json_parser
        timestamp: {parse_from: attributes.time, layout_type: gotime, layout: '2006-01-02T15:04:05.000000Z07:00'}
        severity: {parse_from: attributes.level}`},
}

// contender reads the file of a work and says what that has cost.
type contender struct {
	name string
	read func(dir, file string, w *work) (usage, error)
	took []usage
}

func (b *bench) tidewatch(dir, file string, _ *work) (usage, error) {
	return b.toTheEnd(dir, `receivers:
  tail: {include: ["`+file+`"], start_at: beginning}
exporters: {nop: {}}
service:
  telemetry: {logs: {level: warn}, metrics: {endpoint: "127.0.0.1:METRICS"}}
  pipelines:
    logs: {receivers: [tail], exporters: [nop]}
`, b.binary, "--state-dir", filepath.Join(dir, "state"))
}

func (b *bench) upstream(dir, file string, w *work) (usage, error) {
	return b.toTheEnd(dir, `receivers:
  filelog:
    include: ["`+file+`"]
    start_at: beginning
    operators:`+w.operators+`
exporters: {nop: {}}
service:
  telemetry:
    logs: {level: warn}
    metrics: {level: normal, readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: METRICS}}}}]}
  pipelines:
    logs: {receivers: [filelog], exporters: [nop]}
`, b.upstreamBinary)
}

func (b *bench) toTheEnd(dir, config, binary string, args ...string) (usage, error) {
	p, err := launch(dir, config, binary, args...)
	if err != nil {
		return usage{}, err
	}
	err = p.reads(b.lines)
	u, stopErr := p.stop()
	if err == nil {
		err = stopErr
	}
	return u, err
}

func (b *bench) floor(_, file string, w *work) (usage, error) {
	cmd := exec.Command(b.floorBinary, "-f", file, "-mode", w.floor)
	if out, err := cmd.CombinedOutput(); err != nil {
		return usage{}, fmt.Errorf("%w: %s", err, out)
	}
	return usageOf(cmd.ProcessState), nil
}

// speed lets all contenders read each work in turn, several times.
func (b *bench) speed() error {
	fmt.Printf("\n== %d lines to the nop exporter, median of %d alternating runs\n", b.lines, b.runs)
	fmt.Printf("%-10s %-18s %7s %11s  %s\n", "work", "reader", "CPU s", "max RSS MB", "CPU against tidewatch")
	for i := range works {
		if err := b.speedOf(&works[i]); err != nil {
			return fmt.Errorf("%s: %w", works[i].name, err)
		}
	}
	return nil
}

func (b *bench) speedOf(w *work) error {
	file := filepath.Join(b.dir, "work.log")
	size, err := writeLines(file, b.lines, w.line)
	if err != nil {
		return err
	}
	defer os.Remove(file)
	contenders := []*contender{{name: "tidewatch", read: b.tidewatch}}
	if b.upstreamBinary != "" {
		contenders = append(contenders, &contender{name: "upstream " + upstreamVersion, read: b.upstream})
	}
	if b.floorBinary != "" {
		contenders = append(contenders, &contender{name: "floor in Go", read: b.floor})
	}
	for range b.runs {
		for _, c := range contenders {
			dir, err := os.MkdirTemp(b.dir, "run")
			if err != nil {
				return err
			}
			u, err := c.read(dir, file, w)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			c.took = append(c.took, u)
			if err := os.RemoveAll(dir); err != nil {
				return err
			}
		}
	}
	ours := contenders[0].median()
	for i, c := range contenders {
		name := ""
		if i == 0 {
			name = w.name
		}
		m := c.median()
		fmt.Printf("%-10s %-18s %7.2f %11.1f  %.2fx\n", name, c.name, m.cpu.Seconds(), m.rssMB, m.cpu.Seconds()/ours.cpu.Seconds())
	}
	fmt.Printf("%-10s %d bytes a line, each read exactly once\n", "", size/int64(b.lines))
	return nil
}

// median is that of the CPU times and that of the memory.
func (c *contender) median() usage {
	var cpu []time.Duration
	var rss []float64
	for _, u := range c.took {
		cpu, rss = append(cpu, u.cpu), append(rss, u.rssMB)
	}
	slices.Sort(cpu)
	slices.Sort(rss)
	return usage{cpu: cpu[len(cpu)/2], rssMB: rss[len(rss)/2]}
}
