package agent

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tidewatch/tidewatch/dashboards"
)

func newDashboardsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "dashboards",
		Short: "Grafana dashboards: write them, check them, push them to a Grafana",
	}
	cmd.AddCommand(newDashboardsRenderCommand(), newDashboardsLintCommand(), newDashboardsPushCommand())
	return cmd
}

func newDashboardsRenderCommand() *cobra.Command {
	var out string
	var sources []string
	cmd := &cobra.Command{
		Use:   "render",
		Short: "Write the dashboards as files that Grafana imports",
		Example: `  tidewatch dashboards render --out /var/lib/grafana/dashboards
  tidewatch dashboards render --datasource prometheus=mimir-prod --datasource tempo=jaeger:traces`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			boards, err := chosenDashboards(sources)
			if err != nil {
				return err
			}
			if err := os.MkdirAll(out, 0o755); err != nil {
				return fmt.Errorf("make the directory for dashboards: %w", err)
			}
			for _, d := range boards {
				path := filepath.Join(out, d.FileName())
				if err := os.WriteFile(path, d.JSON(), 0o644); err != nil { //nolint:gosec // meant to be read by Grafana
					return fmt.Errorf("write dashboard: %w", err)
				}
				fmt.Fprintln(cmd.OutOrStdout(), path)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&out, "out", "dashboards", "the directory to write to; files of the same names are replaced")
	addDataSourceFlag(cmd, &sources)
	return cmd
}

func addDataSourceFlag(cmd *cobra.Command, sources *[]string) {
	cmd.Flags().StringArrayVar(sources, "datasource", nil, "NAME=UID: the data source to begin with, of prometheus, loki, elasticsearch or tempo; NAME=TYPE:UID for one of another type. Without it Grafana takes its default one")
}

// chosenDashboards are all dashboards, with the data sources of NAME=UID.
func chosenDashboards(sources []string) ([]*dashboards.Dashboard, error) {
	uids := map[string]string{}
	for _, s := range sources {
		name, uid, ok := strings.Cut(s, "=")
		if !ok || name == "" || uid == "" {
			return nil, fmt.Errorf("--datasource must be NAME=UID, for example prometheus=mimir, not %q", s)
		}
		uids[name] = uid
	}
	boards := dashboards.All()
	if err := dashboards.Choose(boards, uids); err != nil {
		return nil, fmt.Errorf("--datasource: %w", err)
	}
	return boards, nil
}
