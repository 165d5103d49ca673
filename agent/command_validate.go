package agent

import (
	"fmt"

	"github.com/spf13/cobra"
)

func newValidateCommand(set *componentSet) *cobra.Command {
	var flags configFlags
	cmd := &cobra.Command{
		Use:   "validate",
		Short: "Check the configuration: one line per problem, exit code 1",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := flags.apply(); err != nil {
				return err
			}
			factories, err := set.factories()
			if err != nil {
				return err
			}
			if _, err := flags.sources.load(cmd.Context(), factories, buildInfo()); err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), "The configuration is good.")
			return nil
		},
	}
	flags.add(cmd)
	return cmd
}
