package agent

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/tidewatch/tidewatch/alerts"
)

func newAlertsTestCommand() *cobra.Command {
	var dir, promtool string
	cmd := &cobra.Command{
		Use:   "test",
		Short: "Run the tests of the rules with promtool",
		Long: `Renders the rules and their tests to a temporary folder, then runs
"promtool check rules" and "promtool test rules" on them. promtool comes with Prometheus
(https://prometheus.io/download/, or the package prometheus of your distribution).`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := checkedLedger(cmd, dir)
			if err != nil {
				return err
			}
			if promtool, err = findPromtool(promtool); err != nil {
				return err
			}
			return runTests(cmd, l, promtool)
		},
	}
	dirFlag(cmd, &dir)
	cmd.Flags().StringVar(&promtool, "promtool", "", "the program promtool; the one on PATH when empty")
	return cmd
}

func findPromtool(name string) (string, error) {
	if name == "" {
		name = "promtool"
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("find promtool: %w: it comes with Prometheus (https://prometheus.io/download/, package prometheus); name it by --promtool PATH", err)
	}
	return filepath.Abs(path)
}

// runTests lets promtool judge each group, so that one that is wrong does not hide the others.
func runTests(cmd *cobra.Command, l alerts.Ledger, promtool string) error {
	out, err := os.MkdirTemp("", "tidewatch-alerts-")
	if err != nil {
		return fmt.Errorf("make temporary folder: %w", err)
	}
	defer os.RemoveAll(out)
	files, tests := map[string][]byte{}, 0
	for _, render := range []func(alerts.Ledger) (map[string][]byte, error){alerts.RenderPrometheus, alerts.RenderTests} {
		rendered, err := render(l)
		if err != nil {
			return err
		}
		maps.Copy(files, rendered)
	}
	if err := writeRendered(out, files); err != nil {
		return err
	}
	rules, err := filepath.Glob(filepath.Join(out, "prometheus", "*.yaml"))
	if err != nil {
		return fmt.Errorf("list rules: %w", err)
	}
	cases, err := filepath.Glob(filepath.Join(out, "prometheus", "tests", "*.yaml"))
	if err != nil {
		return fmt.Errorf("list tests: %w", err)
	}
	if len(rules) == 0 {
		fmt.Fprintln(cmd.OutOrStdout(), "there are no rules for Prometheus")
		return nil
	}
	for _, r := range l.Enabled() {
		tests += len(r.Tests)
	}
	failed := false
	for _, args := range [][]string{slices.Concat([]string{"check", "rules", "--lint=all"}, rules), slices.Concat([]string{"test", "rules"}, cases)} {
		if len(args) == 2 {
			continue
		}
		run := exec.CommandContext(cmd.Context(), promtool, args...) //nolint:gosec // the user names the program
		if text, err := run.CombinedOutput(); err != nil {
			failed = true
			fmt.Fprintf(cmd.OutOrStdout(), "%s\n", text)
		}
	}
	if failed {
		return errors.New("promtool found problems")
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%d tests of %d rules passed\n", tests, len(l.Enabled()))
	return nil
}
