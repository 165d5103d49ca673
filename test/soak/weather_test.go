package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestForecast(t *testing.T) {
	for name, p := range plans {
		for sink := range 3 {
			episodes := forecast(&p, 5, sink)
			require.Equal(t, episodes, forecast(&p, 5, sink), "it follows from the seed")
			require.NotEmpty(t, episodes, name)
			end := time.Duration(p.Warm) * time.Second
			for _, e := range episodes {
				require.Greater(t, e.From, end, "there is a calm between troubles")
				require.Greater(t, e.To, e.From)
				end = e.To
			}
			require.LessOrEqual(t, end, time.Duration(p.Seconds)*time.Second)
		}
	}
	p := plans["soak"]
	seen := map[trouble]bool{}
	for _, e := range forecast(&p, 1, 0) {
		seen[e.What] = true
	}
	require.Len(t, seen, len(troubles), "each trouble comes")
	require.NotEqual(t, forecast(&p, 1, 0), forecast(&p, 1, 1))
	require.NotEqual(t, forecast(&p, 1, 0), forecast(&p, 2, 0))
}

func TestWeather(t *testing.T) {
	w := weather{[]episode{{From: time.Second, To: 2 * time.Second, What: busy}}, &clock{}}
	require.Equal(t, fine, w.now())
	w.clock.set(time.Second)
	require.Equal(t, busy, w.now())
	w.clock.end()
	require.Equal(t, fine, w.now(), "after the load all is well")
}
