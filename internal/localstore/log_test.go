package localstore_test

import (
	"fmt"
	"testing"

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
