package agent

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tidewatch/tidewatch/alerts"
)

func newAlertsRenderCommand() *cobra.Command {
	var dir, out string
	var only []string
	var o alerts.Options
	cmd := &cobra.Command{
		Use:   "render",
		Short: "Write the rules as Prometheus, Loki, Alertmanager, Grafana and the operator want them",
		Long: `Writes, below --out, what each program reads:

  prometheus/GROUP.yaml            rule_files of Prometheus or Mimir
  prometheus/tests/GROUP.yaml      promtool test rules
  operator/GROUP.yaml              PrometheusRule of the Prometheus operator
  loki/GROUP.yaml                  the ruler of Loki
  alertmanager/alertmanager.yaml   routes by owner, inhibition, receivers; secrets stay in files
  grafana/alerts.yaml              provisioning of Grafana's own alerting
  book/                            for people

The same rules give the same files. Files of groups that are gone are removed when it was this command that
wrote them.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := checkedLedger(cmd, dir)
			if err != nil {
				return err
			}
			if o.Drills, err = drillsOf(dir); err != nil {
				return err
			}
			files, err := l.Render(o)
			if err != nil {
				return err
			}
			if len(only) > 0 {
				maps.DeleteFunc(files, func(name string, _ []byte) bool {
					top, _, _ := strings.Cut(name, "/")
					return !slices.Contains(only, top)
				})
				if len(files) == 0 {
					return fmt.Errorf("--only %s: there is nothing of that; choose of prometheus, operator, loki, alertmanager, grafana, book", strings.Join(only, ","))
				}
			}
			if err := writeRendered(out, files); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%d rules, %d files in %s\n", len(l.Enabled()), len(files), out)
			return nil
		},
	}
	dirFlag(cmd, &dir)
	flags := cmd.Flags()
	flags.StringVar(&out, "out", "alerts-rendered", "folder to write to")
	flags.StringSliceVar(&only, "only", nil, "write only these of prometheus, operator, loki, alertmanager, grafana, book")
	flags.StringVar(&o.PrometheusUID, "prometheus-uid", "prometheus", "uid of Grafana's data source for metrics")
	flags.StringVar(&o.LokiUID, "loki-uid", "loki", "uid of Grafana's data source for logs")
	flags.StringVar(&o.Folder, "folder", "Tidewatch", "Grafana's folder for the rules")
	return cmd
}

// checkedLedger is the ledger if lint has no errors; those are printed.
func checkedLedger(cmd *cobra.Command, dir string) (alerts.Ledger, error) {
	l, err := ledgerWith(dir)
	if err != nil {
		return l, err
	}
	problems := slices.DeleteFunc(l.Lint(alerts.LintOptions{}), func(p alerts.Problem) bool { return !p.Error })
	if len(problems) > 0 {
		return l, tellProblems(cmd.ErrOrStderr(), l, problems, dir, false)
	}
	return l, nil
}

// renderedMark is how the first lines of a rendered file begin.
const renderedMark = "Generated from the ledger of alert rules"

// writeRendered writes the files and removes those of a former run that are not among them.
func writeRendered(out string, files map[string][]byte) error {
	tops := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		top, _, _ := strings.Cut(name, "/")
		tops[top] = true
		path := filepath.Join(out, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("write rules: %w", err)
		}
		if err := os.WriteFile(path, files[name], 0o600); err != nil {
			return fmt.Errorf("write rules: %w", err)
		}
	}
	for top := range tops {
		err := filepath.WalkDir(filepath.Join(out, top), func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".yaml" {
				return err
			}
			name, err := filepath.Rel(out, path)
			if err != nil || files[filepath.ToSlash(name)] != nil {
				return err
			}
			text, err := os.ReadFile(path)
			if err == nil && strings.Contains(string(text[:min(len(text), 200)]), renderedMark) {
				err = os.Remove(path)
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("remove former rules: %w", err)
		}
	}
	return nil
}
