package agent

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/tidewatch/tidewatch/anomaly/stream"
)

func newForecastCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "forecast",
		Short: "Predict a series: unixtime,value lines in, the next two hours per line out",
		Long: `Reads lines "unixtime,value" from standard input, each the mean of a bin that begins
at this time, and writes for each the means of the bins of the next two hours,
separated by commas. A forecast depends on the lines before it only. STEP in the
environment is the length of a bin in seconds, 300 to 7200; without it, it is 300.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			step, err := stepFromEnv()
			if err != nil {
				return err
			}
			if step == 0 {
				step = 5 * time.Minute
			}
			return stream.Forecast(cmd.InOrStdin(), cmd.OutOrStdout(), step)
		},
	}
}

// stepFromEnv is the distance of points by STEP in the environment, zero if unset.
func stepFromEnv() (time.Duration, error) {
	s := os.Getenv("STEP")
	if s == "" {
		return 0, nil
	}
	seconds, err := strconv.ParseFloat(s, 64)
	if err != nil || !(seconds > 0 && seconds < 1e9) {
		return 0, fmt.Errorf("STEP must be a positive number of seconds, not %q", s)
	}
	return time.Duration(seconds * float64(time.Second)), nil
}
