package localstore_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/localstore"
)

func bodies(views []localstore.LogView) []string {
	out := []string{}
	for _, v := range views {
		out = append(out, v.Body)
	}
	return out
}

func TestSevereLinesOutliveChatter(t *testing.T) {
	s := localstore.New(localstore.Options{MaxLogs: 4})
	e := line("boom", "disk on fire")
	e.Severity, e.TraceID = 17, "abc"
	s.PutLog(start, e)
	for i := range 10 {
		s.PutLog(start, line("chat", fmt.Sprint("chatter ", i)))
	}
	require.Equal(t, []string{"chatter 9", "chatter 8"}, bodies(s.Logs(localstore.LogQuery{Limit: 2})))
	require.Len(t, s.Logs(localstore.LogQuery{}), 4)
	for _, q := range []localstore.LogQuery{{MinSeverity: 13}, {Pattern: "boom"}, {TraceID: "abc"}, {Text: "FIRE"}} {
		require.Equal(t, []string{"disk on fire"}, bodies(s.Logs(q)), q)
	}
	require.Empty(t, s.Logs(localstore.LogQuery{Service: "web"}))
	require.EqualValues(t, 11, s.Totals().Logs)
}

func TestSevereLineIsFoundOnce(t *testing.T) {
	s := localstore.New(localstore.Options{MaxLogs: 4})
	l := line("p", "once")
	l.Severity = 17
	s.PutLog(start, l)
	require.Len(t, s.Logs(localstore.LogQuery{Pattern: "p"}), 1)
}

func TestLinesKeepWhatTheyCarry(t *testing.T) {
	s := localstore.New(localstore.Options{})
	l := line("p", "paid")
	l.Source, l.TraceID, l.SpanID = "/var/log/pay.log", "abc", "s1"
	l.Attrs = []localstore.Attr{{Key: "user", Value: "7"}, {Key: "empty"}}
	s.PutLog(start, l)
	require.Equal(t, []localstore.LogView{{
		Seq: 1, Time: start.UnixMilli(), Severity: 9, Service: "api", Source: "/var/log/pay.log", Pattern: "p", TraceID: "abc", SpanID: "s1", Attrs: l.Attrs, Body: "paid",
	}}, s.Logs(localstore.LogQuery{}))
	for range 40 {
		l.Attrs = append(l.Attrs, localstore.Attr{Key: strings.Repeat("k", 300), Value: strings.Repeat("é", 300)})
	}
	s.PutLog(start, l)
	require.Len(t, s.Logs(localstore.LogQuery{Limit: 1})[0].Attrs, 3, "as many as have room")
}

func TestLinesAreBoundedByBytesToo(t *testing.T) {
	s := localstore.New(localstore.Options{MaxLogs: 400})
	for i := range 1000 {
		s.PutLog(start, line("p", fmt.Sprint(i, strings.Repeat("x", 5000))))
	}
	held := s.Logs(localstore.LogQuery{Limit: 1000})
	require.Less(t, len(held), 400)
	require.Greater(t, len(held), 50)
	for i, l := range held {
		require.EqualValues(t, 1000-i, l.Seq, "none is missing")
	}
	require.Equal(t, len(held), s.Totals().Lines)
}

func TestLinesOfATime(t *testing.T) {
	s := localstore.New(localstore.Options{})
	for i := range 10 {
		l := line("p", fmt.Sprint(i))
		l.Time = start.Add(time.Duration(i) * time.Second)
		s.PutLog(start, l)
	}
	q := localstore.LogQuery{From: start.UnixMilli() + 2000, To: start.UnixMilli() + 5000}
	require.Equal(t, []string{"4", "3", "2"}, bodies(s.Logs(q)))
	q.Before = 4
	require.Equal(t, []string{"2"}, bodies(s.Logs(q)))
}

func TestTail(t *testing.T) {
	s := localstore.New(localstore.Options{MaxLogs: 10})
	put := func(from, to int) {
		for i := from; i <= to; i++ {
			l := line("p", fmt.Sprint(i))
			l.Severity = 9 + i%2*8
			s.PutLog(start, l)
		}
	}
	put(1, 4)
	first := s.Tail(0, localstore.LogQuery{Limit: 3})
	require.Equal(t, []string{"2", "3", "4"}, bodies(first.Lines))
	require.Zero(t, first.Missed+uint64(first.Skipped), "a start skips nothing")
	require.Empty(t, s.Tail(first.Cursor, localstore.LogQuery{}).Lines)

	put(5, 9)
	next := s.Tail(first.Cursor, localstore.LogQuery{Limit: 3})
	require.Equal(t, []string{"7", "8", "9"}, bodies(next.Lines))
	require.Equal(t, 2, next.Skipped)
	require.Equal(t, []string{"5", "7", "9"}, bodies(s.Tail(first.Cursor, localstore.LogQuery{MinSeverity: 17}).Lines))

	put(10, 40)
	late := s.Tail(next.Cursor, localstore.LogQuery{})
	require.EqualValues(t, 21, late.Missed, "10 of 31 are held")
	require.Len(t, late.Lines, 10)
	require.EqualValues(t, 40, late.Cursor)
	require.Len(t, s.Tail(9999, localstore.LogQuery{}).Lines, 10, "a number of before a restart")
}

func TestAround(t *testing.T) {
	s := localstore.New(localstore.Options{MaxLogs: 20})
	for i := 1; i <= 15; i++ {
		l := line("p", fmt.Sprint(i))
		l.Source = fmt.Sprint("file", i%2)
		if i == 2 {
			l.Severity = 17
		}
		s.PutLog(start, l)
	}
	x, ok := s.Around(7, 2)
	require.True(t, ok)
	require.Equal(t, "7", x.Line.Body)
	require.Equal(t, []string{"3", "5"}, bodies(x.Before))
	require.Equal(t, []string{"9", "11"}, bodies(x.After))
	for range 20 {
		s.PutLog(start, line("q", "chatter"))
	}
	_, ok = s.Around(7, 2)
	require.False(t, ok)
	x, ok = s.Around(2, 2)
	require.True(t, ok, "a severe line is held for longer")
	require.Empty(t, x.Before)
}

func TestVolume(t *testing.T) {
	s := localstore.New(localstore.Options{})
	for i, severity := range []int{9, 13, 17, 21, 0} {
		l := line("p", "x")
		l.Severity = severity
		s.PutLog(start.Add(-time.Duration(i)*time.Second), l)
	}
	s.PutLog(start.Add(10*time.Minute), line("p", "x"))
	v := s.LogVolume(start.Add(11 * time.Minute))
	require.Len(t, v.Lines, 60)
	require.Equal(t, []uint32{5, 1, 2}, []uint32{v.Lines[48], v.Warnings[48], v.Errors[48]})
	require.EqualValues(t, 1, v.Lines[58])
	require.Equal(t, (start.Unix()/60-48)*60, v.Minute)
	require.Equal(t, make([]uint32, 60), s.LogVolume(start.Add(99*time.Hour)).Lines)
}

func FuzzTextIsFoundAsInLowerCase(f *testing.F) {
	f.Add("Connection REFUSED", "refused")
	f.Add("ÄÖ ä", "ö")
	f.Fuzz(func(t *testing.T, body, text string) {
		if len(body) > 500 || len(text) > 100 {
			return
		}
		s := localstore.New(localstore.Options{MaxLogs: 4})
		s.PutLog(start, localstore.LogLine{Body: body})
		ascii := func(s string) bool { return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 }) }
		if ascii(body) || !ascii(text) {
			require.Equal(t, strings.Contains(strings.ToLower(body), strings.ToLower(text)), len(s.Logs(localstore.LogQuery{Text: text})) == 1)
		}
	})
}
