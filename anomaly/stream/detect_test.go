package stream_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/anomaly"
	"github.com/tidewatch/tidewatch/anomaly/stream"
)

func lines(n int) []string {
	rng := rand.New(rand.NewPCG(1, 2))
	out := make([]string, n)
	for i := range out {
		v := 100 + 3*rng.NormFloat64()
		if i == n-10 {
			v = 900
		}
		out[i] = fmt.Sprintf("%d,%g", 1700000000+60*i, v)
	}
	return out
}

func detect(t *testing.T, input string) []float64 {
	t.Helper()
	var out strings.Builder
	require.NoError(t, stream.Detect(strings.NewReader(input), &out, time.Minute, anomaly.DefaultSettings()))
	var scores []float64
	for l := range strings.Lines(out.String()) {
		v, err := strconv.ParseFloat(strings.TrimSpace(l), 64)
		require.NoError(t, err)
		scores = append(scores, v)
	}
	return scores
}

func TestDetect(t *testing.T) {
	const n = 3000
	in := lines(n)
	scores := detect(t, strings.Join(in, "\n")) // no end of line at the end
	require.Len(t, scores, n)
	for i, s := range scores {
		if i == n-10 {
			require.Greater(t, s, 0.99)
		} else {
			require.Less(t, s, stream.Threshold, "point %d", i)
		}
	}
	part := detect(t, strings.Join(in[:2000], "\n")+"\n")
	require.Equal(t, scores[:2000], part, "no look-ahead")
}

func TestValuesThatAreNotNumbers(t *testing.T) {
	require.Equal(t, []float64{0, 0, 0, 0, 0}, detect(t, "1,5\n61,NaN\n121,\n181,null\n61,5\r\n"))
}

func TestErrorsNameTheLine(t *testing.T) {
	for input, want := range map[string]string{
		"1,2\nhello\n":                        "read line 2: want unixtime,value",
		"x,2\n":                               "read line 1: time is not Unix seconds",
		"1e300,2\n":                           "read line 1: time is not Unix seconds",
		"1,2\n1," + strings.Repeat("1", 5000): "read line 2: line is longer than",
	} {
		err := stream.Detect(strings.NewReader(input), io.Discard, 0, anomaly.DefaultSettings())
		require.ErrorContains(t, err, want)
	}
	require.ErrorContains(t, stream.Detect(strings.NewReader(""), io.Discard, 0, anomaly.Settings{}), "check settings")
	require.ErrorContains(t, stream.Detect(strings.NewReader("1,2\n"), failing{}, 0, anomaly.DefaultSettings()), "write answer")
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("full") }

// TestAnswersBeforeTheNextLine talks with Detect as a program on a pipe does.
func TestAnswersBeforeTheNextLine(t *testing.T) {
	toDetect, points := io.Pipe()
	answers, fromDetect := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := stream.Detect(toDetect, fromDetect, time.Minute, anomaly.DefaultSettings())
		_ = fromDetect.Close()
		done <- err
	}()
	r := bufio.NewReader(answers)
	for _, l := range lines(20) {
		_, err := io.WriteString(points, l+"\n")
		require.NoError(t, err)
		_, err = r.ReadString('\n')
		require.NoError(t, err)
	}
	require.NoError(t, points.Close())
	require.NoError(t, <-done)
}
