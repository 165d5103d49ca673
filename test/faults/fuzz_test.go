//go:build faults

package faults

import (
	"bufio"
	"fmt"
	"os"
	"time"
)

// fuzzes feed what no program should write, in every format: a million lines.
var fuzzes = []scenario{
	{name: "fuzz_every_line_a_record", run: func(w *world) {
		lines := fuzzed(w, w.pick(80_000, 700_000), separate, "multiline: {mode: \"off\"}")
		w.wants("tidewatch_tail_records", lines)
	}},
	{name: "fuzz_containers", run: func(w *world) { fuzzed(w, w.pick(10_000, 100_000), enveloped) }},
	{name: "fuzz_joined", run: func(w *world) { fuzzed(w, w.pick(20_000, 100_000), separate) }},
	{name: "fuzz_utf16", run: func(w *world) { fuzzed(w, w.pick(10_000, 100_000), encoded) }},
}

// fuzzed writes mutated lines, and a sound numbered one now and then. All of
// these must arrive, and the agent must account for every byte. It returns how
// many lines are not blank.
func fuzzed(w *world, total int, dialects []*dialect, settings ...string) (lines int) {
	w.agent.tail = append(w.agent.tail, settings...)
	w.agent.include = []string{"logs/*.log"}
	w.must(os.MkdirAll(w.path("logs"), 0o755))
	bytes := 0
	for _, d := range dialects {
		n, size := d.fill(w, total/len(dialects))
		lines, bytes = lines+n, bytes+size
	}
	w.agent.start()
	w.agent.ready()
	for sum, since := -1, time.Now(); time.Since(since) < w.quiet; w.rest(200 * time.Millisecond) {
		if now := w.agent.own("tidewatch_tail_read_bytes"); now != sum {
			sum, since = now, time.Now()
		}
	}
	w.note("%d lines, %d records, %d cut, %d not UTF-8", total, w.agent.own("tidewatch_tail_records"),
		w.agent.own("tidewatch_tail_truncated_lines"), w.agent.own("tidewatch_tail_invalid_lines"))
	w.wants("tidewatch_tail_read_bytes", bytes)
	return lines
}

// wants compares one of the agent's own counters with what was written.
func (w *world) wants(metric string, n int) {
	if got := w.agent.own(metric); got != n {
		w.t.Errorf("%s is %d, not %d", metric, got, n)
		w.note("%s is %d, not %d", metric, got, n)
	}
}

// fill writes a file of one dialect.
func (d *dialect) fill(w *world, total int) (lines, bytes int) {
	f, err := os.Create(w.path("logs", d.name+".log"))
	w.must(err)
	defer f.Close()
	out := bufio.NewWriterSize(f, 1<<20)
	put := func(b []byte) {
		for _, line := range splitLines(b) {
			if len(line) > 0 {
				lines++
			}
		}
		if d.encode != nil {
			b = d.encode(b)
		}
		bytes += len(b)
		_, err := out.Write(b)
		w.must(err)
	}
	if d.encode != nil {
		bytes += len(byteOrderMark)
		_, err := out.WriteString(byteOrderMark)
		w.must(err)
	}
	var b []byte
	for i := range total {
		if i < 100 || i%10 == 0 || i == total-1 {
			b = d.line(b[:0], w.lines.written)
			w.lines.written++
		} else {
			b = d.mutate(w.rng, b[:0], i)
		}
		put(b)
	}
	w.must(out.Flush())
	return lines, bytes
}

// dialect is a format under fuzzing.
type dialect struct {
	name   string
	line   format
	encode func([]byte) []byte // of the whole file; nil leaves it as it is
	binary bool                // mutated lines are random bytes
}

// separate dialects have a record in each line.
var separate = []*dialect{
	{name: "plain", line: plainLine},
	{name: "json", line: jsonLine},
	{name: "logfmt", line: func(b []byte, n int) []byte {
		return fmt.Appendf(b, "ts=%s level=info caller=main.go:%d msg=%q dur=%dms\n", instant(n).Format(time.RFC3339Nano), n%500, message(n), n%900)
	}},
	{name: "syslog3164", line: func(b []byte, n int) []byte {
		return fmt.Appendf(b, "<%d>%s web-%d sshd[%d]: %s\n", n%192, instant(n).Format(time.Stamp), n%9, 100+n%900, message(n))
	}},
	{name: "syslog5424", line: func(b []byte, n int) []byte {
		return fmt.Appendf(b, "<%d>1 %s web-%d app %d ID47 [ex@32473 iut=\"3\"] %s\n", n%192, instant(n).Format(time.RFC3339Nano), n%9, n%900, message(n))
	}},
	{name: "klog", line: func(b []byte, n int) []byte {
		return fmt.Appendf(b, "I%s %7d controller.go:%d] %s\n", instant(n).Format("0102 15:04:05.000000"), n%4000, n%900, message(n))
	}},
	{name: "headless", line: func(b []byte, n int) []byte { return fmt.Appendf(b, "%s\n", message(n)) }},
	{name: "binary", line: plainLine, binary: true},
}

// enveloped dialects are what container runtimes write; a mutation may join lines.
var enveloped = []*dialect{
	{name: "cri", line: func(b []byte, n int) []byte {
		return fmt.Appendf(b, "%s stdout F %s\n", instant(n).Format(time.RFC3339Nano), message(n))
	}},
	{name: "docker", line: func(b []byte, n int) []byte {
		return fmt.Appendf(b, `{"log":"%s\n","stream":"stderr","time":%q}`+"\n", message(n), instant(n).Format(time.RFC3339Nano))
	}},
}

// encoded dialects are text, but not in one byte a letter.
var encoded = []*dialect{{name: "utf16", line: plainLine, encode: utf16}}
