package localstore_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/localstore"
)

func line(id, body string) localstore.LogLine {
	return localstore.LogLine{Time: start, Severity: 9, Service: "api", Pattern: id, Template: "template " + id, Body: body}
}

func TestPatternCounts(t *testing.T) {
	s := localstore.New(localstore.Options{})
	for i := range 90 { // one line a minute
		s.PutLog(start.Add(time.Duration(i)*time.Minute), line("p", fmt.Sprint("line ", i)))
	}
	end := start.Add(89 * time.Minute)
	p := s.Patterns(end)[0]
	require.EqualValues(t, 90, p.Count)
	require.EqualValues(t, start.Unix(), p.FirstSeen)
	require.EqualValues(t, end.Unix(), p.LastSeen)
	require.Equal(t, []string{"line 89", "line 88", "line 87"}, p.Examples)
	require.Equal(t, []string{"api"}, p.Services)
	for i, n := range p.PerMinute {
		require.EqualValues(t, 1, n, i)
	}
	later := s.Patterns(end.Add(58 * time.Minute))[0].PerMinute
	require.EqualValues(t, 1, later[0])
	require.EqualValues(t, 1, later[1])
	require.Zero(t, later[2])
	require.Equal(t, make([]uint32, 60), s.Patterns(end.Add(100 * 24 * time.Hour))[0].PerMinute)
}

func TestTemplateAndSeverityFollowTheMiner(t *testing.T) {
	s := localstore.New(localstore.Options{})
	s.PutLog(start, line("p", "a 1"))
	l := line("p", "a 2")
	l.Template, l.Severity = "a <num>", 17
	s.PutLog(start, l)
	p := s.Patterns(start)[0]
	require.Equal(t, "a <num>", p.Template)
	require.Equal(t, 17, p.Severity)
}

// Whatever is evicted, counts and per-minute counts add up to the lines seen.
func TestEvictedPatternsAreCountedInOther(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	s := localstore.New(localstore.Options{MaxPatterns: 10})
	const lines = 5000
	now := start
	for range lines {
		now = now.Add(time.Duration(rng.IntN(500)) * time.Millisecond)
		s.PutLog(now, line(fmt.Sprint(rng.IntN(100)), "x"))
	}
	var count, recent uint64
	patterns := s.Patterns(now)
	require.Len(t, patterns, 10)
	ids := map[string]bool{}
	for _, p := range patterns {
		ids[p.ID] = true
		count += p.Count
		for _, n := range p.PerMinute {
			recent += uint64(n)
		}
	}
	require.True(t, ids[localstore.Other])
	require.EqualValues(t, lines, count)
	require.EqualValues(t, lines, recent) // all within the hour
	require.Positive(t, s.Totals().EvictedPatterns)
}

func TestOverflowOfTheMinerIsTheSameOther(t *testing.T) {
	s := localstore.New(localstore.Options{})
	s.PutLog(start, line(localstore.Other, "x"))
	require.Equal(t, localstore.Other, s.Patterns(start)[0].ID)
	require.Equal(t, 1, s.Totals().Patterns)
}
