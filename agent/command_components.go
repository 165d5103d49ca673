package agent

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"go.opentelemetry.io/collector/component"
)

func newComponentsCommand(set *componentSet) *cobra.Command {
	return &cobra.Command{
		Use:   "components",
		Short: "List the components that a configuration can use",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			w := cmd.OutOrStdout()
			list(w, "receivers", set.receivers)
			list(w, "processors", set.processors)
			list(w, "connectors", set.connectors)
			list(w, "exporters", set.exporters)
			list(w, "extensions", set.extensions)
			return nil
		},
	}
}

func list[F component.Factory](w io.Writer, kind string, factories []F) {
	names := make([]string, 0, len(factories))
	for _, f := range factories {
		names = append(names, f.Type().String())
	}
	slices.Sort(names)
	fmt.Fprintf(w, "%s:\n  %s\n", kind, strings.Join(names, "\n  "))
}
