package agent

import (
	"fmt"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"
	"go.opentelemetry.io/collector/component"
)

// version is set by the linker for releases.
var version = ""

// Main runs the command line and exits with 0, or with 1 and one line per
// problem on standard error.
func Main(opts ...Option) {
	cmd := NewCommand(opts...)
	if err := cmd.Execute(); err != nil {
		for _, line := range configErrors(err) {
			fmt.Fprintln(os.Stderr, "tidewatch: "+line)
		}
		os.Exit(1)
	}
}

// NewCommand returns the root command with all subcommands. Without a
// subcommand it runs the agent.
func NewCommand(opts ...Option) *cobra.Command {
	set := components()
	for _, o := range opts {
		o(set)
	}
	root := newRunCommand(set)
	root.SetFlagErrorFunc(unknownFlag)
	root.PersistentPreRun = func(cmd *cobra.Command, _ []string) {
		if cmd.Flags().Lookup("config") != nil || cmd.Flags().Lookup("console-url") != nil {
			warnOfVariables(cmd)
		}
	}
	root.AddCommand(newValidateCommand(set), newTestCommand(set), newPrintConfigCommand(set), newComponentsCommand(set),
		newReadCommand(), newPatternsCommand(), newDetectCommand(), newForecastCommand(), newBacktestCommand(), newAlertsCommand(), newRootCauseCommand(), newExplainCommand(), newQueueCommand(set), newDoctorCommand(set), newTopCommand(), newServicesCommand(), newDashboardsCommand(), newIncidentsCommand(), newCodeCommand(),
		newNewCommand(), newVersionCommand())
	return root
}

func buildInfo() component.BuildInfo {
	return component.BuildInfo{Command: "tidewatch", Description: "Tidewatch observability agent", Version: buildVersion()}
}

// buildVersion is the release, else what the Go toolchain knows of the source.
func buildVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return "dev-" + s.Value[:min(12, len(s.Value))]
			}
		}
	}
	return "dev"
}
