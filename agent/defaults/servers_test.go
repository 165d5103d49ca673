package defaults_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/agent/defaults"
)

func TestServersAreReadWhenTheyAreNamed(t *testing.T) {
	for _, name := range []string{"host", "kafka"} {
		p := renderProfile(t, name, nil)
		require.NotContains(t, p.Receivers, "middleware")
		require.NotContains(t, p.Service.Pipelines["metrics"].Receivers, "middleware")

		p = renderProfile(t, name, map[string]string{"TIDEWATCH_MIDDLEWARE": "nginx, redis postgresql", "TIDEWATCH_POSTGRESQL_USER": "tidewatch", "TIDEWATCH_MYSQL_USER": "other"})
		require.Contains(t, p.Service.Pipelines["metrics"].Receivers, "middleware")
		require.Equal(t, map[string]any{"nginx": nil, "redis": nil, "postgresql": map[string]any{
			"username": "${env:TIDEWATCH_POSTGRESQL_USER}", "password": "${env:TIDEWATCH_POSTGRESQL_PASSWORD}",
		}}, p.Receivers["middleware"])
		require.Len(t, renderProfile(t, name, map[string]string{"TIDEWATCH_MIDDLEWARE": "all"}).Receivers["middleware"], 5)
	}
	_, err := defaults.Render("host", func(string) string { return "oracle" }, math.MaxInt64)
	require.ErrorContains(t, err, `"oracle" is not one of nginx, redis, postgresql, mysql, jvm and all`)
}
