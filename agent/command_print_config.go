package agent

import "github.com/spf13/cobra"

func newPrintConfigCommand(set *componentSet) *cobra.Command {
	var flags configFlags
	cmd := &cobra.Command{
		Use:   "print-config",
		Short: "Print the effective configuration with all defaults, secrets masked",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := flags.apply(); err != nil {
				return err
			}
			factories, err := set.factories()
			if err != nil {
				return err
			}
			cfg, err := flags.sources.load(cmd.Context(), factories, buildInfo())
			if err != nil {
				return err
			}
			return writeMasked(cmd.OutOrStdout(), cfg)
		},
	}
	flags.add(cmd)
	return cmd
}
