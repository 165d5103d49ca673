package delivery

import (
	"cmp"
	"slices"
	"time"

	"github.com/tidewatch/tidewatch/internal/breaker"
	"github.com/tidewatch/tidewatch/internal/selfmetrics"
)

// Circuit is an endpoint of an exporter that is left alone for now, as it failed again
// and again.
type Circuit struct {
	// Endpoint is scheme and host.
	Endpoint string `json:"endpoint"`
	// State is open, or half-open while one request finds out.
	State string `json:"state"`
	// Since is when it failed.
	Since time.Time `json:"since"`
	// Reason is the kind of the last failure, a few words.
	Reason string `json:"reason"`
}

// circuits collects the circuits of one exporter, closed ones too.
type circuits map[string]*Circuit // by endpoint, bounded by package breaker

func (c circuits) add(m selfmetrics.Sample) {
	endpoint := m.Labels["endpoint"]
	one := c[endpoint]
	if one == nil {
		one = &Circuit{Endpoint: endpoint}
		c[endpoint] = one
	}
	switch m.Name {
	case breaker.MetricState:
		if state := breaker.State(m.Value); state == breaker.Open || state == breaker.HalfOpen {
			one.State, one.Reason = state.String(), m.Labels["reason"]
		}
	case breaker.MetricSince:
		one.Since = time.UnixMilli(int64(m.Value * 1e3)).UTC()
	}
}

// broken returns those that are not closed, by name.
func (c circuits) broken() []Circuit {
	var out []Circuit
	for _, one := range c {
		if one.State != "" {
			out = append(out, *one)
		}
	}
	slices.SortFunc(out, func(a, b Circuit) int { return cmp.Compare(a.Endpoint, b.Endpoint) })
	return out
}
