package agent

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tidewatch/tidewatch/agent/pipelinetest"
)

func newTestCommand(set *componentSet) *cobra.Command {
	var flags configFlags
	var junit string
	var update bool
	cmd := &cobra.Command{
		Use:   "test TESTS.yaml...",
		Short: "Test a configuration: records in, what should come out; exit code 1 where it does not",
		Long: `Runs unit tests of a configuration's pipelines: records go through the processors and
connectors that it names, and what comes out is held against what the tests expect.
Receivers and exporters are not started, no port is opened, and no state is kept.
docs/testing.md says how tests are written.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, paths []string) error {
			dir, err := os.MkdirTemp("", "tidewatch-test-")
			if err != nil {
				return fmt.Errorf("make a directory for state: %w", err)
			}
			defer os.RemoveAll(dir)
			flags.env["TIDEWATCH_STATE_DIR"] = &dir
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
			r := &pipelinetest.Runner{Config: cfg, Factories: factories, Info: buildInfo(), Update: update}
			var files []*pipelinetest.File
			for _, path := range paths {
				f, err := pipelinetest.Load(path)
				if err != nil {
					return err
				}
				files = append(files, f)
			}
			var results [][]pipelinetest.Result
			passed, failed := 0, 0
			for _, f := range files {
				of := r.Run(cmd.Context(), f)
				results = append(results, of)
				for _, res := range of {
					if len(res.Problems) == 0 {
						passed++
						continue
					}
					failed++
					fmt.Fprintf(cmd.OutOrStdout(), "FAIL %s\n  %s\n", res.Name, strings.Join(res.Problems, "\n  "))
				}
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%d passed, %d failed.\n", passed, failed)
			if junit != "" {
				if err := os.WriteFile(junit, pipelinetest.JUnit(files, results), 0o644); err != nil { //nolint:gosec // for a CI system to read
					return fmt.Errorf("write JUnit report: %w", err)
				}
			}
			if failed > 0 {
				return errors.New("not all tests passed")
			}
			return nil
		},
	}
	flags.add(cmd)
	cmd.Flags().StringVar(&junit, "junit", "", "write the results to this file as JUnit XML")
	cmd.Flags().BoolVar(&update, "update", false, "write golden files instead of comparing with them")
	return cmd
}
