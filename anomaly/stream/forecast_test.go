package stream_test

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/anomaly/stream"
)

func TestForecast(t *testing.T) {
	var in []string
	for i := range 600 {
		in = append(in, fmt.Sprintf("%d,%d", 1700000000+300*i, i%288))
	}
	forecast := func(lines []string) []string {
		var out strings.Builder
		require.NoError(t, stream.Forecast(strings.NewReader(strings.Join(lines, "\n")), &out, 5*time.Minute))
		return strings.Split(strings.TrimSpace(out.String()), "\n")
	}
	all := forecast(in)
	require.Len(t, all, 600)
	for _, l := range all {
		require.Equal(t, 23, strings.Count(l, ","))
	}
	require.Equal(t, all[:400], forecast(in[:400]), "no look-ahead")
	require.Equal(t, strings.Repeat("0,", 23)+"0", forecast([]string{"1,NaN"})[0])

	err := stream.Forecast(strings.NewReader("1,2\nhello"), io.Discard, 5*time.Minute)
	require.ErrorContains(t, err, "read line 2")
	require.ErrorContains(t, stream.Forecast(strings.NewReader(""), io.Discard, time.Second), "step must be")
}
