package tailreceiver_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/receivers/tailreceiver"
)

const javaTrace = "java.lang.IllegalStateException: broken\n\tat com.example.Foo.bar(Foo.java:12)\n\tat com.example.Main.main(Main.java:3)\nCaused by: java.io.IOException: gone\n\t... 2 more"

func TestAStackTraceBelongsToItsRecord(t *testing.T) {
	r := newRig(t, nil)
	r.write("app.log", "2026-03-09 22:14:58,123 ERROR it failed\n", javaTrace+"\n", "2026-03-09 22:14:59,000 INFO going on\n")
	r.start()
	r.wants("it failed\n"+javaTrace, "going on")
}

func TestTracesAreJoinedInFilesWithoutHeaders(t *testing.T) {
	const python = "Traceback (most recent call last):\n  File \"/srv/app.py\", line 3, in main\n    run()\nKeyError: 'order'"
	const golang = "panic: boom\n\ngoroutine 1 [running]:\nmain.main()\n\t/src/main.go:4 +0x20\nexit status 2"
	const node = "TypeError: x is not a function\n    at run (/app/index.js:1:1)\n    at main (/app/index.js:9:1)"
	const dotnet = "Unhandled exception. System.Exception: bad\n   at Program.Main() in /src/Program.cs:line 5\n   --- End of inner exception stack trace ---"
	r := newRig(t, nil)
	want := []string{"starting", python, "next", golang, "again", node, "more", dotnet, javaTrace, "end"}
	r.write("app.log", strings.Join(want, "\n")+"\n")
	r.start()
	r.wants(want...)
}

func TestATraceThatIsWrittenSlowlyIsOneRecord(t *testing.T) {
	r := newRig(t, func(c *tailreceiver.Config) { c.Multiline.Timeout = 300 * time.Millisecond })
	r.write("app.log", "2026-03-09 22:14:57,000 INFO first\n", "2026-03-09 22:14:58,123 ERROR it failed\n")
	r.start()
	r.wants("first")
	for _, line := range strings.SplitAfter(javaTrace+"\n", "\n") {
		r.write("app.log", line)
		time.Sleep(20 * time.Millisecond)
	}
	r.wants("first", "it failed\n"+javaTrace)
}

func TestAStopInTheMiddleOfARecordReadsItAgainWhole(t *testing.T) {
	r := newRig(t, func(c *tailreceiver.Config) { c.Multiline.Timeout = time.Hour })
	r.write("app.log", "2026-03-09 22:14:57,000 INFO first\n", "2026-03-09 22:14:58,123 ERROR it failed\n", "more of it\n")
	r.start()
	r.wants("first")
	r.stop()
	r.write("app.log", "and more\n", "2026-03-09 22:14:59,000 INFO last\n")
	r.cfg.Multiline.Timeout = 10 * time.Millisecond
	r.start()
	r.wants("first", "it failed\nmore of it\nand more", "last")
}

func TestStreamsOfAContainerAreJoinedSeparately(t *testing.T) {
	r := newRig(t, nil)
	r.write("app.log",
		cri("stderr", "F", "2026-03-09 22:14:58 ERROR it failed"), cri("stdout", "F", "2026-03-09 22:14:58 INFO one"),
		cri("stderr", "F", "\tat com.example.Foo"), cri("stdout", "F", "2026-03-09 22:14:58 INFO two"),
		cri("stderr", "P", "Caused by: "), cri("stdout", "F", "2026-03-09 22:14:58 INFO three"), cri("stderr", "F", "something"),
		cri("stderr", "F", "2026-03-09 22:14:59 ERROR next"))
	r.start()
	r.wants("it failed\n\tat com.example.Foo\nCaused by: something", "one", "two", "three", "next")
}

func TestAStartPatternDecidesAlone(t *testing.T) {
	r := newRig(t, func(c *tailreceiver.Config) { c.Multiline.StartPattern = `^#\d+` })
	r.write("app.log", "#1 a\n", "2026-03-09 22:14:58 INFO b\n", "\n", "#2 c\n", "d\n")
	r.start()
	r.wants("#1 a\n2026-03-09 22:14:58 INFO b", "#2 c\nd")
}

func TestMultilineOff(t *testing.T) {
	r := newRig(t, func(c *tailreceiver.Config) { c.Multiline.Mode = "off" })
	r.write("app.log", "Error: x\n", "\tat y\n")
	r.start()
	r.wants("Error: x", "\tat y")
}

func TestARecordLongerThanALineMayBeIsCut(t *testing.T) {
	r := newRig(t, func(c *tailreceiver.Config) { c.MaxLineBytes = 1024 })
	r.write("app.log", "start of it\n", strings.Repeat("\tat some.class.Name\n", 100_000), "end of it\n")
	r.start()
	require.Eventually(t, func() bool {
		taken := r.sink.taken()
		return len(taken) > 0 && taken[len(taken)-1] == "end of it"
	}, patience, time.Millisecond)
	require.True(t, strings.HasPrefix(r.sink.taken()[0], "start of it\n\tat some"))
	for _, b := range r.sink.taken() {
		require.LessOrEqual(t, len(b), 1024)
	}
	require.Positive(t, r.counter("tidewatch_tail_truncated_lines"))
}

func TestBatchesAndChunksDoNotBreakRecords(t *testing.T) {
	r := newRig(t, func(c *tailreceiver.Config) { c.MaxBatchRecords = 3 })
	var want []string
	var in strings.Builder
	for i := range 2500 {
		record := fmt.Sprintf("number %d\n%s", i, javaTrace)
		fmt.Fprintf(&in, "2026-03-09 22:14:58,123 ERROR %s\n", record)
		want = append(want, record)
	}
	r.write("app.log", in.String())
	r.start()
	r.wants(want...)
}
