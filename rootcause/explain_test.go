package rootcause_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/rootcause"
)

func TestCriticalPath(t *testing.T) {
	span := func(id, parent, service, op string, kind rootcause.Kind, from, till int64) rootcause.Span {
		return rootcause.Span{ID: id, Parent: parent, Service: service, Operation: op, Kind: kind, Start: from * 1e6, Duration: time.Duration(till-from) * ms}
	}
	tr := &rootcause.Trace{ID: "t", Spans: []rootcause.Span{
		span("3", "2", "stock", "find", rootcause.Server, 12, 58), // before its parent, as spans come
		span("1", "", "web", "GET /", rootcause.Server, 0, 100),
		span("2", "1", "web", "call stock", rootcause.Client, 10, 60),
		span("4", "1", "web", "call ads", rootcause.Client, 10, 40), // beside it: nobody waits for it
		span("5", "1", "web", "render", rootcause.Internal, 60, 90),
	}}
	s := rootcause.Explain(tr, nil)
	var got []string
	for _, h := range s.Path {
		got = append(got, fmt.Sprintf("%d %s %s %s", h.Depth, h.Service, h.Operation, h.Own))
	}
	require.Equal(t, []string{"0 web GET / 20ms", "1 web call stock 4ms", "2 stock find 46ms", "1 web render 30ms"}, got)
	require.Equal(t, "stock", s.Culprit.Service)
	require.Equal(t, "find of stock itself took 46 ms of 100 ms", s.Why)
	require.Equal(t, 100*ms, s.Duration)
}

func TestDeepestFailureAndRepeats(t *testing.T) {
	tr := &rootcause.Trace{ID: "t", Spans: []rootcause.Span{
		{ID: "1", Service: "web", Operation: "GET /", Kind: rootcause.Server, Duration: 100 * ms, Error: true},
		{ID: "2", Parent: "1", Service: "stock", Operation: "find", Kind: rootcause.Server, Start: 1e6, Duration: 3 * ms, Error: true},
	}}
	for i := range 12 {
		tr.Spans = append(tr.Spans, rootcause.Span{ID: fmt.Sprint("q", i), Parent: "1", Service: "web", Operation: "SELECT item", Start: int64(i+5) * 8e6 / 2, Duration: 4 * ms})
	}
	s := rootcause.Explain(tr, nil)
	require.True(t, s.Culprit.Failed)
	require.Equal(t, "find of stock failed, and nothing that it called did", s.Why)
	require.Equal(t, []string{"GET / of web called SELECT item 12 times"}, s.Repeats)
	require.Equal(t, "the trace has no spans", rootcause.Explain(&rootcause.Trace{}, nil).Why)
}

// FuzzTrees reads whatever may come: loops, strange times, ids that are missing or
// there twice.
func FuzzTrees(f *testing.F) {
	f.Add([]byte{1, 0, 0, 9, 2, 1, 1, 5, 3, 2, 2, 4})
	f.Add([]byte{1, 2, 0, 9, 2, 1, 1, 5})
	f.Add([]byte{1, 1, 0, 9, 1, 1, 3, 255})
	f.Fuzz(func(t *testing.T, b []byte) {
		tr := &rootcause.Trace{ID: "t"}
		for ; len(b) >= 4; b = b[4:] {
			tr.Spans = append(tr.Spans, rootcause.Span{
				ID: fmt.Sprint(b[0] % 16), Parent: fmt.Sprint(b[1] % 16), Service: fmt.Sprint(b[2] % 4), Operation: "o", Kind: rootcause.Kind(b[2] / 4 % 5),
				Start: int64(b[2]) * 1e6, Duration: time.Duration(int8(b[3])) * ms, Error: b[3]%2 == 0,
			})
		}
		sum := rootcause.NewSummary(rootcause.Bounds{})
		sum.Add(tr)
		base := rootcause.NewBaseline(sum, sum, sum)
		s := rootcause.Explain(tr, base)
		require.NotEmpty(t, s.Why)
		var own time.Duration
		for _, h := range s.Path {
			require.GreaterOrEqual(t, h.Own, time.Duration(0))
			own += h.Own
		}
		require.LessOrEqual(t, own, max(0, s.Duration), "no moment counts twice")
		rootcause.Analyze(rootcause.Input{Window: sum, Baseline: base})
	})
}
