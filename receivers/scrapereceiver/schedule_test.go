package scrapereceiver

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/kubelet"
)

func TestScrapesAreSpreadOverTheInterval(t *testing.T) {
	const interval = 30 * time.Second
	var s schedule
	perSecond := map[int]int{}
	for i := range 3000 {
		target := newTestTarget(t, JobConfig{Interval: interval}, map[string]string{"i": fmt.Sprint(i)})
		at := target.next(noon)
		require.True(t, at.After(noon) && !at.After(noon.Add(interval)))
		require.Equal(t, at.Add(interval), target.next(at), "once per interval")
		require.Equal(t, at, newTestTarget(t, JobConfig{Interval: interval}, map[string]string{"i": fmt.Sprint(i)}).next(noon), "a restart keeps the times")
		perSecond[at.Second()%30]++
		s.add(target, noon)
	}
	for second, n := range perSecond {
		require.InDelta(t, 100, n, 50, "in second %d", second)
	}
	last := noon
	for {
		due, ok := s.next()
		if !ok {
			break
		}
		require.False(t, due.Before(last))
		require.Nil(t, s.take(due.Add(-time.Nanosecond)))
		require.NotNil(t, s.take(due))
		last = due
	}
	a, b := newTestTarget(t, JobConfig{}, nil), newTestTarget(t, JobConfig{}, nil)
	s.add(a, noon)
	s.addNow(b, noon)
	require.Equal(t, b, s.take(noon))
	require.True(t, s.remove(a))
	require.False(t, s.remove(a))
}

func TestThePortOfAPod(t *testing.T) {
	ports := func(p ...kubelet.Port) kubelet.Container { return kubelet.Container{Name: "app", Ports: p} }
	for name, c := range map[string]struct {
		annotation      string
		containers      []kubelet.Container
		port, container string
	}{
		"by number":         {"8080", []kubelet.Container{ports(kubelet.Port{Number: 8080}), {Name: "sidecar"}}, "8080", "app"},
		"by name":           {"web", []kubelet.Container{ports(kubelet.Port{Number: 1}, kubelet.Port{Name: "web", Number: 2})}, "2", "app"},
		"not named":         {"9", []kubelet.Container{ports(kubelet.Port{Number: 1})}, "9", "app"},
		"of two":            {"9", []kubelet.Container{ports(), {Name: "sidecar"}}, "9", ""},
		"called metrics":    {"", []kubelet.Container{ports(kubelet.Port{Number: 1}, kubelet.Port{Name: "http-metrics", Number: 2})}, "2", "app"},
		"the only one":      {"", []kubelet.Container{ports(kubelet.Port{Number: 1})}, "1", "app"},
		"none of two":       {"", []kubelet.Container{ports(kubelet.Port{Number: 1}, kubelet.Port{Number: 2})}, "", ""},
		"no TCP":            {"", []kubelet.Container{ports(kubelet.Port{Number: 1, Protocol: "UDP"})}, "", ""},
		"only at the start": {"", []kubelet.Container{{Name: "init", Init: true, Ports: []kubelet.Port{{Number: 1}}}}, "", ""},
		"no number":         {"x", []kubelet.Container{ports()}, "", ""},
		"out of range":      {"70000", []kubelet.Container{ports()}, "", ""},
	} {
		port, container := podPort(&kubelet.Pod{Annotations: map[string]string{annotationPort: c.annotation}, Containers: c.containers})
		require.Equal(t, c.port, port, name)
		require.Equal(t, c.container, container, name)
	}
}
