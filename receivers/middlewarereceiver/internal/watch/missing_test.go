package watch_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/source"
	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/watch"
)

// partial tells a part only, and says so at its first reading.
type partial struct {
	fake
	missing *[]string
}

func (p partial) Missing() []string {
	said := *p.missing
	*p.missing = nil
	return said
}

func TestAServerThatTellsAPartIsUpAndExplained(t *testing.T) {
	missing := []string{"run GRANT"}
	h := newHost(t, func(set *watch.Settings) {
		k := &set.Kinds[0]
		k.Servers.Endpoints = []string{"127.0.0.1:6379"}
		k.Open = func(endpoint string) (source.Source, error) {
			return partial{fake{&host{answers: map[string]error{endpoint: nil}, asked: map[string]int{}}, endpoint}, &missing}, nil
		}
	})
	h.round(0)
	h.round(time.Minute)
	require.Equal(t, map[string]int64{"127.0.0.1:6379": 1}, h.told)
	require.Equal(t, []string{"a server is watched", "a server tells a part only: run GRANT"}, h.lines())
}
