package agent

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tidewatch/tidewatch/dashboards"
)

func newDashboardsLintCommand() *cobra.Command {
	var metricsFile string
	var strict bool
	cmd := &cobra.Command{
		Use:   "lint [FILE or DIRECTORY]...",
		Short: "Check dashboards: queries, metrics, variables, units, titles, links; without files those of the agent",
		Long: `Prints a line for each problem, with file and panel, and ends with exit code 1 if there
is one. A hint is a metric that the agent does not emit itself: an application may send it.`,
		Example: `  tidewatch dashboards lint shop.json team/
  tidewatch dashboards lint --metrics mine.txt shop.json   # a line for each metric: its name and its labels, or *`,
		RunE: func(cmd *cobra.Command, args []string) error {
			metrics := dashboards.Emitted()
			if metricsFile != "" {
				text, err := os.ReadFile(metricsFile)
				if err != nil {
					return fmt.Errorf("read --metrics: %w", err)
				}
				metrics = dashboards.ParseMetrics(string(text)).With(metrics)
			}
			files, err := dashboardFiles(args)
			if err != nil {
				return err
			}
			problems := 0
			for _, f := range files {
				for _, p := range dashboards.Lint(f.name, f.data, metrics) {
					fmt.Fprintln(cmd.OutOrStdout(), p)
					if !p.Hint || strict {
						problems++
					}
				}
			}
			if problems > 0 {
				return fmt.Errorf("problems in dashboards: %d", problems)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%d dashboards are good.\n", len(files))
			return nil
		},
	}
	cmd.Flags().StringVar(&metricsFile, "metrics", "", "a file with the names of metrics that applications send, besides the agent's own")
	cmd.Flags().BoolVar(&strict, "strict", false, "a hint is a problem, too")
	return cmd
}

// dashboardFile is a dashboard to check.
type dashboardFile struct {
	name string
	data []byte
}

// dashboardFiles reads files, and all .json files in directories; without names it
// takes the agent's own dashboards.
func dashboardFiles(names []string) ([]dashboardFile, error) {
	var files []dashboardFile
	if len(names) == 0 {
		for _, d := range dashboards.All() {
			files = append(files, dashboardFile{d.FileName(), d.JSON()})
		}
		return files, nil
	}
	read := func(name string) error {
		data, err := os.ReadFile(name) //nolint:gosec // the user names it
		if err != nil {
			return fmt.Errorf("read dashboard: %w", err)
		}
		files = append(files, dashboardFile{name, data})
		return nil
	}
	for _, name := range names {
		info, err := os.Stat(name)
		switch {
		case err != nil:
			return nil, fmt.Errorf("read dashboard: %w", err)
		case !info.IsDir():
			err = read(name)
		default:
			err = filepath.WalkDir(name, func(path string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() || !strings.HasSuffix(path, ".json") {
					return err
				}
				return read(path)
			})
		}
		if err != nil {
			return nil, err
		}
	}
	if len(files) == 0 {
		return nil, errors.New("there are no .json files in " + strings.Join(names, ", "))
	}
	return files, nil
}
