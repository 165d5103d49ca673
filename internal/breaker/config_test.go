package breaker_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"

	"github.com/tidewatch/tidewatch/internal/breaker"
)

// embedding is an exporter's configuration.
type embedding struct {
	Circuit breaker.Config      `mapstructure:"circuit_breaker"`
	Limit   breaker.LimitConfig `mapstructure:"rate_limit"`
}

func load(t *testing.T, circuit, limit map[string]any) (embedding, error) {
	t.Helper()
	e := embedding{Circuit: breaker.DefaultConfig()}
	require.NoError(t, confmap.NewFromStringMap(map[string]any{"circuit_breaker": circuit, "rate_limit": limit}).Unmarshal(&e))
	return e, confmap.Validate(&e)
}

func TestConfigIsRead(t *testing.T) {
	e, err := load(t, map[string]any{"failures": 0}, map[string]any{"bytes_per_second": 1000, "burst_bytes": 5000, "requests_per_second": 0.5})
	require.NoError(t, err)
	require.Equal(t, breaker.Config{Failures: 0, MinWait: time.Second, MaxWait: 30 * time.Second}, e.Circuit)
	require.Equal(t, breaker.LimitConfig{BytesPerSecond: 1000, BurstBytes: 5000, RequestsPerSecond: 0.5}, e.Limit)
}

func TestValidateNamesTheKey(t *testing.T) {
	for _, c := range []struct {
		circuit, limit map[string]any
		want           string
	}{
		{map[string]any{"failures": -1}, nil, "circuit_breaker: failures must not be negative"},
		{map[string]any{"min_wait": 0}, nil, "circuit_breaker: min_wait must be positive"},
		{map[string]any{"max_wait": "10ms"}, nil, "circuit_breaker: max_wait must not be shorter than min_wait"},
		{nil, map[string]any{"bytes_per_second": -1}, "rate_limit: bytes_per_second"},
		{nil, map[string]any{"burst_bytes": 1}, "burst_bytes needs bytes_per_second"},
		{nil, map[string]any{"burst_requests": 1}, "burst_requests needs requests_per_second"},
	} {
		_, err := load(t, c.circuit, c.limit)
		require.ErrorContains(t, err, c.want)
	}
}
