package tracewindow_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/tracewindow"
)

var update = flag.Bool("update", false, "rewrite the expected output of the scripts")

// TestScripts runs testdata/scripts. After "trace" come spans, one a line:
//
//	id parent service[@host] kind name start end
//
// in hexadecimal ids (parent - is none) and milliseconds; behind ---- is the trace as Assemble
// orders it, spans that belong together indented.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/scripts/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			b, err := os.ReadFile(file)
			require.NoError(t, err)
			got := runScript(t, string(b))
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
				return
			}
			require.Equal(t, string(b), got)
		})
	}
}

func runScript(t *testing.T, script string) string {
	var out strings.Builder
	var spans []tracewindow.Span
	reading, skipping := false, false
	clocks := &tracewindow.Clocks{}
	for line := range strings.Lines(script) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case line == "trace":
			reading, spans = true, nil
		case line == "----" && reading:
			out.WriteString("----\n" + describe(tracewindow.Assemble(tracewindow.TraceID{1}, spans, clocks)))
			reading, skipping = false, true
			continue
		case reading:
			spans = append(spans, parseSpan(t, line))
		case skipping:
			if line == "" {
				skipping = false
				out.WriteString("\n")
			}
			continue
		}
		out.WriteString(line + "\n")
	}
	return out.String()
}

var kinds = map[string]tracewindow.Kind{
	"internal": tracewindow.Internal, "server": tracewindow.Server, "client": tracewindow.Client, "producer": tracewindow.Producer, "consumer": tracewindow.Consumer,
}

// scriptStart is when the scripts' milliseconds begin.
var scriptStart = time.Unix(1_750_000_000, 0).UnixNano()

func parseSpan(t *testing.T, line string) tracewindow.Span {
	f := strings.Fields(line)
	require.Len(t, f, 7, line)
	require.Contains(t, kinds, f[3])
	id, err := strconv.ParseUint(f[0], 16, 64)
	require.NoError(t, err)
	parent := uint64(0)
	if f[1] != "-" {
		parent, err = strconv.ParseUint(f[1], 16, 64)
		require.NoError(t, err)
	}
	service, host, _ := strings.Cut(f[2], "@")
	from, err := strconv.ParseFloat(f[5], 64)
	require.NoError(t, err)
	to, err := strconv.ParseFloat(f[6], 64)
	require.NoError(t, err)
	return tracewindow.Span{
		Trace: tracewindow.TraceID{1}, ID: tracewindow.SpanID(id), ParentID: tracewindow.SpanID(parent), Kind: kinds[f[3]], Name: f[4],
		Start: scriptStart + int64(from*1e6), Duration: int64((to - from) * 1e6), Resource: &tracewindow.Resource{Service: service, Host: host},
	}
}

func describe(tr *tracewindow.Trace) string {
	var b strings.Builder
	depth := make([]int, len(tr.Spans))
	for i := range tr.Spans {
		s := &tr.Spans[i]
		if s.Parent >= 0 {
			depth[i] = depth[s.Parent] + 1
		}
		fmt.Fprintf(&b, "%s%x %s %s %g-%g", strings.Repeat("  ", depth[i]), uint64(s.ID), s.Resource.Service, s.Name,
			float64(s.Start-scriptStart)/1e6, float64(s.End()-scriptStart)/1e6)
		if s.Orphan {
			b.WriteString(" orphan")
		}
		if i == tr.Root() {
			b.WriteString(" root")
		}
		b.WriteString("\n")
	}
	if tr.Duplicates+tr.Loops > 0 {
		fmt.Fprintf(&b, "duplicates %d loops %d\n", tr.Duplicates, tr.Loops)
	}
	hosts := make([]string, 0, len(tr.Offsets))
	for h := range tr.Offsets {
		hosts = append(hosts, h)
	}
	sort.Strings(hosts)
	for _, h := range hosts {
		fmt.Fprintf(&b, "clock %s %+gms\n", h, float64(tr.Offsets[h])/1e6)
	}
	return b.String()
}
