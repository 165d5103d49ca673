package agent

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tidewatch/tidewatch/anomaly"
	"github.com/tidewatch/tidewatch/anomaly/stream"
)

func newDetectCommand() *cobra.Command {
	threshold := false
	cmd := &cobra.Command{
		Use:   "detect",
		Short: "Score a series: unixtime,value lines in, one score per line out",
		Long: `Reads lines "unixtime,value" from standard input and writes for each its score: 0
is ordinary, the threshold is the edge of the band, 1 was never seen. A score
depends on the lines before it only. STEP in the environment is the distance of
the points in seconds; without it, it is learned.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if threshold {
				fmt.Fprintln(cmd.OutOrStdout(), stream.Threshold)
				return nil
			}
			step, err := stepFromEnv()
			if err != nil {
				return err
			}
			return stream.Detect(cmd.InOrStdin(), cmd.OutOrStdout(), step, anomaly.DefaultSettings())
		},
	}
	cmd.Flags().BoolVar(&threshold, "threshold", false, "print the default threshold and exit")
	return cmd
}
