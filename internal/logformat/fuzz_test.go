package logformat_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/logformat"
)

// sampleLines returns the lines of all test data.
func sampleLines(tb testing.TB) (lines []string) {
	tb.Helper()
	for _, pattern := range []string{"testdata/lines.txt", "testdata/programs/*.txt", "testdata/logs/*.log"} {
		files, err := filepath.Glob(pattern)
		require.NoError(tb, err)
		for _, path := range files {
			b, err := os.ReadFile(path)
			require.NoError(tb, err)
			lines = append(lines, strings.Split(strings.TrimSpace(string(b)), "\n")...)
		}
	}
	return lines
}

func addLines(f *testing.F, keep func(string) bool) {
	for _, line := range sampleLines(f) {
		if keep(line) {
			f.Add(line)
		}
	}
}

var (
	words = regexp.MustCompile(`[A-Za-z]{3,}`)
	// spoken are the words that are read as time, level or place of the message and
	// may be written in another way.
	spoken = regexp.MustCompile(`(?i)^(jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sep(tember)?|oct(ober)?|nov(ember)?|dec(ember)?|(mon|tues?|wed(nes)?|thu(rs)?|fri|satu?r?|sun)(day)?|utc|gmt|[a-z]{1,3}e?[sd]t|[cmw]es?t|msk|trace|debug|info|information|notice|note|warn|warning|error|err|crit|critical|fatal|log|in|stdout|stderr|report|system|message|msg|time|ts|date|level|severity|lvl|logger|timestamp|php|fail|set)$`)
	keys   = regexp.MustCompile(`[\w.@/-]+=|[\w.@/-]+:|"[^"\\]*"\s*:|\\.|@4[0-9a-fA-F]{15,23}`)
)

// requireKept fails if a word of the line is neither in the record's message nor in
// its fields nor a part of its time or level.
func requireKept(t *testing.T, line string, r *logformat.Record) {
	t.Helper()
	var kept strings.Builder
	for _, s := range []string{r.Body, r.SeverityText, r.Service} {
		kept.WriteString(strings.ToLower(s) + " ")
	}
	for _, f := range r.Fields {
		kept.WriteString(strings.ToLower(f.Key + " " + f.Str + " "))
	}
	all := kept.String()
	for _, word := range words.FindAllString(keys.ReplaceAllString(line, " "), -1) {
		word = strings.ToLower(word)
		if !strings.Contains(all, word) && !spoken.MatchString(word) {
			require.Fail(t, "a word is lost", "%q of %q: %q", word, line, all)
		}
	}
}

func fuzzPlain(f *testing.F, keep func(string) bool) {
	addLines(f, keep)
	var p logformat.Parser
	var r logformat.Record
	f.Fuzz(func(t *testing.T, line string) {
		if strings.ContainsAny(line, "\x1b\x00") || len(line) > 1<<16 {
			return
		}
		p.ParseText(line, logformat.FormatPlain, &r)
		requireKept(t, line, &r)
	})
}

func FuzzHeaderKeepsEveryWord(f *testing.F) {
	fuzzPlain(f, func(line string) bool { return !strings.Contains(line, "=") })
}

func FuzzLogfmtKeepsEveryWord(f *testing.F) {
	fuzzPlain(f, func(line string) bool { return strings.Count(line, "=") > 1 })
}

func FuzzSyslogKeepsEveryWord(f *testing.F) {
	fuzzPlain(f, func(line string) bool { return strings.HasPrefix(line, "<") || strings.HasPrefix(line, "Nov ") })
}

func FuzzKlogKeepsEveryWord(f *testing.F) {
	fuzzPlain(f, func(line string) bool { return len(line) > 5 && strings.Contains("IWEF", line[:1]) && line[5] == ' ' })
}

func FuzzCSVKeepsEveryWord(f *testing.F) {
	f.Add(`2026-11-21 09:30:01.123 UTC,"app","shop",4711,"10.0.0.7:51234",65a,3,"INSERT",2026-11-21 09:30:00 UTC,3/7,77,ERROR,23505,"duplicate ""key""","Key (id)=(1) already exists.",,,,,"insert into x values (1)",,,"psql","client backend",,0`)
	fuzzPlain(f, func(line string) bool { return strings.Count(line, ",") > 10 })
}

func FuzzUnwrapTakesNoContentAway(f *testing.F) {
	addLines(f, func(line string) bool { return strings.Contains(line, " std") || strings.HasPrefix(line, "{") })
	f.Add(`{"log":"hello \"x\"\n","stream":"stderr","time":"2026-03-09T22:14:58.123456789Z"}`)
	f.Add("2026-03-09T22:14:58.123456789Z stdout P a part")
	f.Fuzz(func(t *testing.T, line string) {
		var env logformat.Envelope
		if !logformat.Unwrap(line, &env) {
			return
		}
		require.True(t, env.Time.OK)
		require.NotEmpty(t, env.Stream)
		if env.Format == logformat.FormatCRI {
			require.True(t, strings.HasSuffix(line, env.Content))
		} else {
			require.Equal(t, logformat.FormatDocker, env.Format)
			require.LessOrEqual(t, len(env.Content), len(line))
		}
	})
}

func FuzzScanTime(f *testing.F) {
	addLines(f, func(string) bool { return true })
	f.Fuzz(func(t *testing.T, s string) {
		st, n := logformat.ScanTime(s)
		require.Equal(t, n > 0, st.OK)
		require.LessOrEqual(t, n, len(s))
		if n == 0 {
			return
		}
		require.Less(t, st.Nanos, int32(1e9))
		require.GreaterOrEqual(t, st.Nanos, int32(0))
		require.LessOrEqual(t, max(st.Offset, -st.Offset), int32(15*3600))
		again, m := logformat.ScanTime(string(st.AppendRFC3339(nil)))
		require.Positive(t, m)
		require.Equal(t, st.Wall, again.Wall)
		require.Equal(t, st.Nanos, again.Nanos)
	})
}

// What a parser has read before changes nothing.
func FuzzParserHasNoMemory(f *testing.F) {
	lines := sampleLines(f)
	for i, line := range lines {
		f.Add(lines[(i+len(lines)-1)%len(lines)], line)
	}
	f.Fuzz(func(t *testing.T, before, line string) {
		var old, fresh logformat.Parser
		var a, b logformat.Record
		old.Parse(before, logformat.FormatAuto, &a)
		old.Parse(line, logformat.FormatAuto, &a)
		fresh.Parse(line, logformat.FormatAuto, &b)
		if len(a.Fields) == 0 && len(b.Fields) == 0 {
			a.Fields, b.Fields = nil, nil
		}
		require.Equal(t, b, a)
		old.Parse(before, logformat.FormatAuto, &a)
		old.Parse(before, logformat.FormatAuto, &a)
		fresh.Parse(before, logformat.FormatAuto, &b)
		require.Equal(t, string(b.AppendJSON(nil, 1, 1)), string(a.AppendJSON(nil, 1, 1)))
	})
}

// A line that begins a record by the rule of the user always does, and no line
// makes the joiner panic or join without end.
func FuzzJoiner(f *testing.F) {
	logs, err := filepath.Glob("testdata/logs/*.log")
	require.NoError(f, err)
	for _, path := range logs {
		b, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(string(b))
	}
	f.Fuzz(func(t *testing.T, in string) {
		lines := strings.Split(in, "\n")
		start := func(line string) bool { return strings.HasPrefix(line, "2") }
		learned := logformat.Profile{}
		learned.Observe(lines)
		for _, profile := range []*logformat.Profile{{}, &learned, {Start: start}} {
			j := logformat.NewJoiner(profile)
			joined := 0
			for i, line := range lines {
				more := j.Continues(line)
				require.False(t, more && i == 0, "nothing is there to be continued")
				if profile.Start != nil && start(line) {
					require.False(t, more)
				}
				if joined++; !more {
					joined = 1
				}
				require.LessOrEqual(t, joined, 2000)
			}
		}
	})
}

// The time that a line takes grows with its length only: none of these would come
// to an end if it grew with the square.
func TestHostileLinesAreReadInLinearTime(*testing.T) {
	size := 128 << 10
	if testing.Short() {
		size = 32 << 10
	}
	var p logformat.Parser
	var r logformat.Record
	head := "2026-03-09T22:14:58Z INF "
	for _, part := range []string{
		" ", "a", "a ", "=", "a=", "a=1 ", `a="`, `a="\" `, `a='x' `, "[", "]", "[]", "[] ", "[a]", "{", "}", `{"a":`, `{"a":1}`, "(", " (a.b)", "<", "<x> ", "> <", "|", "a|", " | a",
		":", "a:", "a: ", ",", "\"", "\\", "\\\"", "\t", "\t{", "-", " - ", "%", ".", "a.", "::", "1", "1 ", "1:", "INFO", "INFO ", "ERROR: ", "\n", "\n ", "a=1\n", "a: b\n", "\x1b[", "\x00", "é", "2026-03-09 22:14:58 ", "# a: ", "a=1 x ",
	} {
		for _, prefix := range []string{"", head, head + "a=1 ", "[2026-03-09 22:14:58.123 +00:00] [INFO] ", "Mar  9 22:14:58 web-1 app[7]: ", "####<Mar 09, 2026 10:14:58 PM CET> <Notice> ", "# User@Host: ", "{"} {
			line := prefix + strings.Repeat(part, size/len(part))
			p.Parse(line, logformat.FormatAuto, &r)
			p.Parse(line+" a=1", logformat.FormatAuto, &r)
			p.Parse(line+`"}`, logformat.FormatAuto, &r)
			profile := logformat.Profile{}
			profile.Observe([]string{line, line})
			j := logformat.NewJoiner(&profile)
			j.Continues(line)
			j.Continues(line)
		}
	}
}
