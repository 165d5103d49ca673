package logpattern_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/logpattern"
)

// values renders the values of the line observed last.
func values(list []logpattern.Value) string {
	var b strings.Builder
	for _, v := range list {
		fmt.Fprintf(&b, "%d %s%s %q\n", v.Position, v.Label, v.Kind, v.Text)
	}
	return b.String()
}

func TestValues(t *testing.T) {
	m := logpattern.New(logpattern.Options{})
	line := func(user, ip string) string {
		return "2026-03-01T10:00:00Z INFO Accepted key of anna for desk " + user + " from " + ip + ":8080 in 12ms"
	}
	for _, user := range []string{"anna", "bert", "carla", "dora", "emil"} {
		m.Observe(line(user, "10.0.0.1"), start)
	}
	require.Equal(t, `24 desk<*> "emil"
32 from<ip> "10.0.0.1"
33 <num> "8080"
40 in<duration> "12ms"
`, values(m.Values(nil)))
	one := m.Values(nil)
	m.Observe(line("frida", "10.0.0.1"), start)
	two := m.Values(nil)
	require.NotEqual(t, one[0].Hash, two[0].Hash)
	require.Equal(t, one[1].Hash, two[1].Hash)

	words := logpattern.NewReader(logpattern.Options{}).Values(line("frida", "10.0.0.1"), nil)
	require.Equal(t, "Accepted", words[0].Text)
	at := map[int]logpattern.Value{}
	for _, v := range words {
		at[v.Position] = v
	}
	for _, v := range two {
		require.Equal(t, v.Hash, at[v.Position].Hash, "a reader has the positions of a miner")
		require.Equal(t, v.Label, at[v.Position].Label)
	}
}

func TestValuesOfNothing(t *testing.T) {
	m := logpattern.New(logpattern.Options{MaxPatterns: 1})
	require.Empty(t, m.Values(nil))
	m.Observe("a b c", start)
	require.Equal(t, logpattern.OtherID, m.Observe("d 1 f", start).ID)
	require.Empty(t, m.Values(nil))
}

func TestParams(t *testing.T) {
	m := logpattern.New(logpattern.Options{})
	var id string
	for i := range 1001 {
		user := "root"
		if i%5 == 0 {
			user = fmt.Sprintf("user%d", i)
		}
		id = m.Observe(fmt.Sprintf("request by user=%s took %dms and sent %dKB status %d id %016x", user, i%90+10, i, 200+i%2*300, uint64(i)*0x9E3779B97F4A7C15), start).ID
	}
	list := m.Params(id)
	require.Len(t, list, 4)
	user, took, sent, status := list[0], list[1], list[2], list[3]
	require.Equal(t, "user", user.Label)
	require.InDelta(t, 127+873/8, user.Count, 5)
	require.Equal(t, "root", user.Top[0].Text)
	require.InDelta(t, 0.8, float64(user.Top[0].Count)/float64(user.Count), 0.03)
	require.Greater(t, user.Distinct, 30)

	require.Equal(t, logpattern.Duration, took.Kind)
	require.InDelta(t, 0.010, took.Min, 1e-9)
	require.InDelta(t, 0.099, took.Max, 0.002)
	require.InDelta(t, 90, took.Distinct, 30)

	require.InDelta(t, 1e6, sent.Max, 5000)
	require.Equal(t, "status", status.Label)
	require.Equal(t, 2, status.Distinct)
	require.Len(t, status.Top, 2)
	require.InEpsilon(t, status.Top[0].Count, status.Top[1].Count, 0.05)
}

func TestParamsSurviveMergeAndRestart(t *testing.T) {
	m := logpattern.New(logpattern.Options{})
	var id string
	for i := range 100 {
		user := []string{"anna", "bert", "carla", "dora"}[i%4]
		id = m.Observe(fmt.Sprintf("session %d opened on the desk of %s", i, user), start).ID
	}
	list := m.Params(id)
	require.Len(t, list, 2)
	require.Equal(t, "of", list[1].Label)
	require.Equal(t, 4, list[1].Distinct)
	for i, name := range []string{"anna", "bert", "carla", "dora"} {
		require.Equal(t, logpattern.ValueCount{Text: name, Count: 25}, list[1].Top[i])
	}
	require.EqualValues(t, 100, list[1].Count, "what was a constant before the merge counts")
	after := logpattern.New(logpattern.Options{})
	require.NoError(t, after.Restore(m.Snapshot()))
	require.Equal(t, list, after.Params(id))
}

func TestFrequentValueStaysAmongManyOthers(t *testing.T) {
	m := logpattern.New(logpattern.Options{})
	var id string
	for i := range 100_000 {
		addr := fmt.Sprintf("10.%d.%d.%d", i>>16&255, i>>8&255, i&255)
		if i%20 == 0 {
			addr = "192.0.2.7"
		}
		id = m.Observe("refused connection of "+addr, start).ID
	}
	p := m.Params(id)[0]
	require.Len(t, p.Top, 1)
	require.Equal(t, "192.0.2.7", p.Top[0].Text)
	require.InDelta(t, 0.05, float64(p.Top[0].Count)/float64(p.Count), 0.01)
}

func TestMergedIsToldOnce(t *testing.T) {
	m := logpattern.New(logpattern.Options{})
	var ids, merged []string
	for i, u := range []string{"anna", "bert", "carla", "dora", "emil"} {
		got := m.Observe("Session opened on the desk of "+u, start.Add(time.Duration(i)))
		ids = append(ids, got.ID)
		for _, id := range got.Merged {
			require.Equal(t, got.ID, m.Resolve(id))
		}
		merged = append(merged, got.Merged...)
	}
	require.Len(t, merged, int(m.Stats().Merges))
	for _, id := range ids {
		require.True(t, id == ids[len(ids)-1] || id == merged[0] || len(merged) > 1 && id == merged[1], id)
	}
}
