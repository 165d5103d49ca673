package redis_test

import (
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/query/querytest"
	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/redis"
)

func TestMetricsAreListed(t *testing.T) {
	md := pmetric.NewMetrics()
	for _, file := range []string{"redis-7.0-primary.txt", "redis-7.0-replica-cut.txt"} {
		redis.Append(recorded(t, file), time.Unix(1_000_000, 0), md)
	}
	querytest.Listed(t, "redis_", md)
}
