package agent

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/tidewatch/tidewatch/alerts"
)

func newAlertsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "alerts",
		Short: "See to alert rules: check, render, test and drill them, and hold them against history",
		Long: `The ledger of alert rules has one YAML file per rule: owner, condition, what to do and by
when, runbook and tests. Rules are shipped; those in your own folder (--dir) come on top and
replace shipped ones of the same id.

  tidewatch alerts lint --dir myalerts
  tidewatch alerts render --dir myalerts --out rendered`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newAlertsLintCommand(), newAlertsRenderCommand(), newAlertsTestCommand(), newAlertsBookCommand(), newAlertsDrillCommand(), newAlertsBacktestCommand())
	return cmd
}

// dirFlag is of all commands that read the ledger.
func dirFlag(cmd *cobra.Command, dir *string) {
	cmd.Flags().StringVar(dir, "dir", "", "folder of your own rules (rules/GROUP/ID.yaml, runbooks, owners.yaml), over those that are shipped")
}

// ledgerWith is the shipped ledger with the rules of a folder over it, if there is one.
func ledgerWith(dir string) (alerts.Ledger, error) {
	l, err := alerts.Shipped()
	if err != nil || dir == "" {
		return l, err
	}
	if _, err := os.Stat(dir); err != nil {
		return l, fmt.Errorf("read own rules: %w", err)
	}
	own, err := alerts.Load(os.DirFS(dir))
	if err != nil {
		return l, err
	}
	return l.Override(own), nil
}
