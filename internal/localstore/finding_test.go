package localstore_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/localstore"
)

func found(id, state, severity string, minute int) localstore.Finding {
	return localstore.Finding{
		ID: id, Kind: "metric_anomaly", State: state, Severity: severity, Score: 0.9,
		Start: start, Time: start.Add(time.Duration(minute) * time.Minute), Summary: "summary " + id, Receipt: `{"observed": 1}`,
	}
}

func TestFindingLifeCycle(t *testing.T) {
	s := localstore.New(localstore.Options{})
	s.PutFinding(found("a", "open", "warning", 0))
	s.PutFinding(found("a", "updated", "warning", 1))
	s.PutFinding(found("a", "updated", "warning", 2))
	v := s.Findings()[0]
	require.True(t, v.Open())
	require.EqualValues(t, 3, v.Updates)
	require.Len(t, v.History, 2)
	require.Zero(t, v.Resolved)

	s.PutFinding(found("a", "resolved", "warning", 3))
	v = s.Findings()[0]
	require.False(t, v.Open())
	require.EqualValues(t, start.Add(3*time.Minute).Unix(), v.Resolved)
	s.PutFinding(found("a", "open", "critical", 4))
	require.Len(t, s.Findings()[0].History, 4)
	require.Zero(t, s.Findings()[0].Resolved)
}

func TestFindingsOrder(t *testing.T) {
	s := localstore.New(localstore.Options{})
	s.PutFinding(found("done", "resolved", "critical", 9))
	s.PutFinding(found("warn", "open", "warning", 1))
	s.PutFinding(found("crit", "open", "critical", 0))
	var ids []string
	for _, v := range s.Findings() {
		ids = append(ids, v.ID)
	}
	require.Equal(t, []string{"crit", "warn", "done"}, ids)
}

func TestOpenFindingsAreKeptLongest(t *testing.T) {
	s := localstore.New(localstore.Options{MaxFindings: 3})
	s.PutFinding(found("old-open", "open", "warning", 0))
	for i := range 10 {
		s.PutFinding(found(fmt.Sprint("r", i), "resolved", "warning", i+1))
	}
	views := s.Findings()
	require.Len(t, views, 3)
	require.Equal(t, "old-open", views[0].ID)
	require.Equal(t, "r9", views[1].ID)
	require.EqualValues(t, 8, s.Totals().EvictedFindings)
}

func TestHostileFinding(t *testing.T) {
	s := localstore.New(localstore.Options{})
	s.PutFinding(localstore.Finding{}) // no id
	f := found("a", "open", "warning", 0)
	f.Receipt = "{broken"
	for i := range 100 {
		f.Attrs = append(f.Attrs, localstore.Attr{Key: fmt.Sprint(i)})
		f.Links = append(f.Links, "http://x")
	}
	for i := range 200 {
		f.Severity = fmt.Sprint(i)
		s.PutFinding(f)
	}
	v := s.Findings()[0]
	require.Len(t, s.Findings(), 1)
	require.Nil(t, v.Receipt)
	require.Len(t, v.Attrs, 24)
	require.Len(t, v.Links, 8)
	require.Len(t, v.History, 20)
}
