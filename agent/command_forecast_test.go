package agent

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestForecast(t *testing.T) {
	t.Setenv("STEP", "3600")
	require.Equal(t, "7,7\n7,7\n", run(t, "0,7\n3600,7\n", "forecast"))
	t.Setenv("STEP", "")
	require.Equal(t, strings.Repeat("5,", 23)+"5\n", run(t, "0,5\n", "forecast"))
	t.Setenv("STEP", "1")
	_, err := execute(t, "forecast")
	require.ErrorContains(t, err, "from 5 minutes to 2 hours")
}
