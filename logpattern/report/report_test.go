package report_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/logpattern"
	"github.com/tidewatch/tidewatch/logpattern/report"
)

var start = time.Unix(1772359200, 0).UTC()

func TestRows(t *testing.T) {
	r := report.New(logpattern.Options{})
	for i := range 100 {
		r.Add(fmt.Sprintf("job %d done", i), start.Add(time.Duration(i)*time.Second))
		if i >= 90 {
			r.Add("disk full", start.Add(time.Duration(i)*time.Second))
		}
	}
	rows := r.Rows()
	require.Len(t, rows, 2)
	require.Equal(t, "job <num> done", rows[0].Template)
	require.Equal(t, "job 0 done", rows[0].Example)
	require.EqualValues(t, 100, rows[0].Count)
	require.InDelta(t, 100.0/110, rows[0].Share, 1e-9)
	require.Equal(t, start.Add(90*time.Second), rows[1].First)
	require.Equal(t, start.Add(99*time.Second), rows[1].Last)
	require.Equal(t, "                      ▄████▄", report.Sparkline(rows[1].Spread))
}

func TestParams(t *testing.T) {
	r := report.New(logpattern.Options{})
	for i := range 100 {
		r.Add(fmt.Sprintf("served /a/b%d status %d in %dms", i, 200+i%10/9*300, i+1), time.Time{})
	}
	var got []string
	for _, p := range r.Rows()[0].Params {
		got = append(got, p.String())
	}
	require.Len(t, got, 3)
	require.Equal(t, "status <num>: 200 90%, 500 10%; 200 to 500", got[1])
	require.Contains(t, got[2], "in <duration>: ")
	require.Contains(t, got[2], "0.002 to 0.1; ")
}

func TestMergedPatternsAreOneRow(t *testing.T) {
	r := report.New(logpattern.Options{})
	var first string
	for _, u := range []string{"anna", "bert", "carla", "dora"} {
		m := r.Add("session opened here for buyer "+u, time.Time{})
		if first == "" {
			first = m.ID
		}
	}
	rows := r.Rows()
	require.Len(t, rows, 1)
	require.EqualValues(t, 4, rows[0].Count)
	id, template := r.Final(first)
	require.Equal(t, rows[0].ID, id)
	require.Equal(t, rows[0].Template, template)
}

func TestRowsAreBounded(t *testing.T) {
	r := report.New(logpattern.Options{MaxPatterns: 20})
	for i := range 5000 {
		r.Add(fmt.Sprintf("%c%c%c alone", 'a'+i%26, 'a'+i/26%26, 'a'+i/676), time.Time{})
	}
	rows := r.Rows()
	require.LessOrEqual(t, len(rows), 41)
	var n uint64
	for _, w := range rows {
		n += w.Count
	}
	require.EqualValues(t, 5000, n, "no line is lost")
}

func TestDiff(t *testing.T) {
	build := func(jobs, fulls int, extra string) []report.Row {
		r := report.New(logpattern.Options{})
		for i := range jobs {
			r.Add(fmt.Sprintf("job %d done", i), time.Time{})
		}
		for range fulls {
			r.Add("cache full", time.Time{})
		}
		r.Add(extra, time.Time{})
		return r.Rows()
	}
	var got []string
	for _, d := range report.Diff(build(1000, 20, "old message here"), build(1000, 200, "new message there")) {
		got = append(got, string(d.Verdict)+" "+d.Row.Template)
	}
	require.Equal(t, []string{"new new message there", "more cache full", "gone old message here"}, got)
}

func TestStars(t *testing.T) {
	require.Equal(t, "peer=<*> <b> x < y <*> tags <*>, <*>", report.Stars("peer=<ip>:<num> <b> x < y <*> tags <num>…, <str>"))
}
