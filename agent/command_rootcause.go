package agent

import (
	"encoding/json"

	"github.com/spf13/cobra"

	"github.com/tidewatch/tidewatch/internal/casefile"
	"github.com/tidewatch/tidewatch/rootcause"
)

// rootCauseAnswers is how many suspects are printed: nobody looks at more.
const rootCauseAnswers = 10

func newRootCauseCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "rootcause CASE_DIR",
		Short: "Rank the suspects of a recorded incident, as JSON",
		Long: `Reads a recorded incident (docs/rootcause.md describes the files) and prints the
services that may be the cause as a JSON list, the likeliest first, each with its
evidence and a confidence from 0 to 1. A first one below 0.5, or an empty list, means
that the cause is not known or that nothing is wrong.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			in, err := casefile.Read(args[0])
			if err != nil {
				return err
			}
			suspects := rootcause.Analyze(in)
			if len(suspects) > rootCauseAnswers {
				suspects = suspects[:rootCauseAnswers]
			}
			enc := json.NewEncoder(cmd.OutOrStdout())
			enc.SetEscapeHTML(false)
			enc.SetIndent("", "  ")
			if suspects == nil {
				suspects = []rootcause.Suspect{}
			}
			return enc.Encode(suspects)
		},
	}
}
