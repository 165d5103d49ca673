package agent

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"go.opentelemetry.io/collector/component"

	"github.com/tidewatch/tidewatch/internal/configkeys"
)

func newComponentsCommand(set *componentSet) *cobra.Command {
	var schema bool
	cmd := &cobra.Command{
		Use:   "components [TYPE]...",
		Short: "List the components that a configuration can use, or the keys of some",
		Long: `Without arguments lists the components. With a type, or a kind and a type as
exporters/loki, prints each key of its configuration with type, default and meaning.`,
		Example: `  tidewatch components tail
  tidewatch components exporters/prometheus
  tidewatch components --schema > schema.json   # for an editor: # yaml-language-server: $schema=schema.json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			w := cmd.OutOrStdout()
			if schema {
				return writeSchema(w, set)
			}
			all := set.described()
			if len(args) == 0 {
				listComponents(w, all)
				return nil
			}
			for _, a := range args {
				if err := describe(w, all, a); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&schema, "schema", false, "print a JSON schema of configurations, for editors")
	return cmd
}

// described are the components with the keys of their configuration, kind by kind and in
// the order of their types.
func (s *componentSet) described() []configkeys.Component {
	var all []configkeys.Component
	all = append(all, describeAll("receivers", s.receivers)...)
	all = append(all, describeAll("processors", s.processors)...)
	all = append(all, describeAll("connectors", s.connectors)...)
	all = append(all, describeAll("exporters", s.exporters)...)
	return append(all, describeAll("extensions", s.extensions)...)
}

func describeAll[F component.Factory](kind string, factories []F) []configkeys.Component {
	all := make([]configkeys.Component, 0, len(factories))
	for _, f := range factories {
		all = append(all, configkeys.Component{Kind: kind, Type: f.Type().String(), Keys: configkeys.Of(f.CreateDefaultConfig())})
	}
	slices.SortFunc(all, func(a, b configkeys.Component) int { return cmp.Compare(a.Type, b.Type) })
	return all
}

func listComponents(w io.Writer, all []configkeys.Component) {
	kind := ""
	for _, c := range all {
		if c.Kind != kind {
			kind = c.Kind
			fmt.Fprintf(w, "%s:\n", kind)
		}
		fmt.Fprintf(w, "  %s\n", c.Type)
	}
}

// describe prints the keys of the components of a type.
func describe(w io.Writer, all []configkeys.Component, name string) error {
	kind, kindType, withKind := strings.Cut(name, "/")
	if !withKind {
		kind, kindType = "", name
	}
	var types []string
	found := false
	for _, c := range all {
		types = append(types, c.Type)
		if c.Type != kindType || kind != "" && c.Kind != kind && c.Kind != kind+"s" {
			continue
		}
		if found {
			fmt.Fprintln(w)
		}
		found = true
		fmt.Fprintf(w, "%s: %s\n", c.Kind, c.Type)
		if len(c.Keys) == 0 {
			fmt.Fprintln(w, "  It has no keys.")
		}
		printKeys(w, "", c.Keys)
	}
	if found {
		return nil
	}
	hint := `"tidewatch components" lists what there is`
	if near := closest(kindType, types); near != "" {
		hint = fmt.Sprintf("did you mean %q? ", near) + hint
	}
	return fmt.Errorf("there is no component %q; %s", name, hint)
}

// keyLine is the width that comments are broken at.
const keyLine = 100

func printKeys(w io.Writer, under string, keys []configkeys.Key) {
	for _, k := range keys {
		fmt.Fprintf(w, "  %-32s %s", under+k.Name, k.Type)
		switch {
		case k.Off:
			fmt.Fprint(w, ", off unless named")
		case k.Default != "":
			fmt.Fprintf(w, ", default %s", k.Default)
		}
		fmt.Fprintln(w)
		for _, line := range wrapped(k.Comment, keyLine-6) {
			fmt.Fprintln(w, "      "+line)
		}
		printKeys(w, under+k.Name+"::", k.Keys)
	}
}

// wrapped breaks a text between words.
func wrapped(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

func writeSchema(w io.Writer, set *componentSet) error {
	factories, err := set.factories()
	if err != nil {
		return err
	}
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	if err := e.Encode(configkeys.Schema(set.described(), configkeys.Of(factories.Telemetry.CreateDefaultConfig()))); err != nil {
		return fmt.Errorf("write schema: %w", err)
	}
	return nil
}
