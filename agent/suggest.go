package agent

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/otelcol"
	"go.yaml.in/yaml/v3"

	"github.com/tidewatch/tidewatch/agent/defaults"
	"github.com/tidewatch/tidewatch/internal/configkeys"
)

// sections of a configuration, and what a pipeline has.
var (
	topKeys      = []string{"receivers", "processors", "exporters", "connectors", "extensions", "service"}
	serviceKeys  = []string{"extensions", "pipelines", "telemetry"}
	pipelineKeys = []string{"receivers", "processors", "exporters"}
	signalNames  = []string{"logs", "metrics", "traces"}
)

// validKeys are the keys that the section at the path may have, nil where any may be or
// nobody knows. about is what lists them.
func validKeys(path []string, f otelcol.Factories) (keys []string, about string) {
	switch {
	case len(path) == 0:
		return topKeys, ""
	case path[0] == "service" && len(path) == 1:
		return serviceKeys, ""
	case path[0] == "service" && path[1] == "telemetry":
		return names(configkeys.Of(f.Telemetry.CreateDefaultConfig()), path[2:]), ""
	case path[0] == "service" && path[1] == "pipelines" && len(path) == 3:
		return pipelineKeys, ""
	case len(path) >= 2:
		name, _, _ := strings.Cut(path[1], "/")
		t, err := component.NewType(name)
		if err != nil {
			return nil, ""
		}
		if config := defaultOf(path[0], t, f); config != nil {
			return names(configkeys.Of(config), path[2:]), path[0] + "/" + name
		}
	}
	return nil, ""
}

func names(keys []configkeys.Key, path []string) []string {
	found, _ := configkeys.Find(keys, path)
	var out []string
	for _, k := range found {
		if !strings.HasPrefix(k.Name, "<") {
			out = append(out, k.Name)
		}
	}
	return out
}

// defaultOf is the configuration that the factory of the kind and type begins with.
func defaultOf(kind string, t component.Type, f otelcol.Factories) component.Config {
	var factory component.Factory
	switch kind {
	case "receivers":
		factory = orNil(f.Receivers, t)
	case "processors":
		factory = orNil(f.Processors, t)
	case "exporters":
		factory = orNil(f.Exporters, t)
	case "connectors":
		factory = orNil(f.Connectors, t)
	case "extensions":
		factory = orNil(f.Extensions, t)
	}
	if factory == nil {
		return nil
	}
	return factory.CreateDefaultConfig()
}

func orNil[F component.Factory](factories map[component.Type]F, t component.Type) component.Factory {
	if f, ok := factories[t]; ok {
		return f
	}
	return nil
}

// suggest completes the hint of an error with what was meant.
func (files yamlFiles) suggest(e *ConfigError, f otelcol.Factories) {
	path := strings.Split(e.Key, "::")
	switch unknown, isKey := strings.CutPrefix(e.Problem, "unknown key: "); {
	case isKey:
		keys, about := validKeys(path[:len(path)-1], f)
		var near []string
		for word := range strings.SplitSeq(unknown, ", ") {
			if n := closest(word, keys); n != "" {
				near = append(near, fmt.Sprintf("%q", n))
			}
		}
		hint := "check the spelling"
		if len(near) > 0 {
			hint = "did you mean " + strings.Join(near, " and ") + "?"
		}
		switch {
		case about != "":
			hint += fmt.Sprintf(" \"tidewatch components %s\" lists its keys", about)
		case len(keys) > 0 && len(near) == 0:
			hint += "; the keys here are " + strings.Join(keys, ", ")
		}
		e.Hint = hint
	case strings.HasSuffix(e.Problem, "is not configured"):
		kind, id, ok := strings.Cut(strings.TrimSuffix(e.Problem, " is not configured"), " ")
		if near := closest(strings.Trim(id, `"`), files.configured(kind+"s")); ok && near != "" {
			e.Hint = fmt.Sprintf("did you mean %q? Else ", near) + e.Hint
		}
	case strings.HasPrefix(e.Problem, "there is no signal "):
		name, _, _ := strings.Cut(path[len(path)-1], "/")
		if near := closest(name, signalNames); near != "" {
			e.Hint = fmt.Sprintf("did you mean %q? Else ", near) + e.Hint
		}
	}
}

// configured are the components of a kind that the files name; a pipeline also takes
// connectors as receivers and exporters.
func (files yamlFiles) configured(kind string) []string {
	var ids []string
	for _, f := range files {
		for i := 0; i+1 < len(f.root.Content); i += 2 {
			name, section := f.root.Content[i].Value, f.root.Content[i+1]
			if section.Kind != yaml.MappingNode || name != kind && (name != "connectors" || kind == "processors" || kind == "extensions") {
				continue
			}
			for j := 0; j < len(section.Content); j += 2 {
				ids = append(ids, section.Content[j].Value)
			}
		}
	}
	return ids
}

// commandVariables are read by commands that ask a running agent.
var commandVariables = []string{
	"TIDEWATCH_CONSOLE_URL", "TIDEWATCH_CONSOLE_TOKEN", "TIDEWATCH_CONSOLE_TOKEN_FILE", "TIDEWATCH_CONSOLE_PASSWORD",
	"TIDEWATCH_CONSOLE_CA_FILE", "TIDEWATCH_CONSOLE_CERT_FILE", "TIDEWATCH_CONSOLE_KEY_FILE",
}

// strayVariables has a sentence for each variable of the environment that nothing reads
// and that looks like one that something does. Others may be the user's own, or those
// that Kubernetes makes for a service that is called tidewatch.
func strayVariables(environ []string) []string {
	known := append(defaults.Variables(), commandVariables...)
	for _, e := range environment {
		known = append(known, e.variable)
	}
	var said []string
	for _, pair := range environ {
		name, _, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, "TIDEWATCH_") || slices.Contains(known, name) {
			continue
		}
		if near := closest(name, known); near != "" && distance(name, near) <= 2 {
			said = append(said, fmt.Sprintf("$%s is set, but nothing reads it; did you mean $%s?", name, near))
		}
	}
	slices.Sort(said)
	return said
}

// warnOfVariables says on standard error which variables were probably mistyped.
func warnOfVariables(cmd *cobra.Command) {
	for _, line := range strayVariables(os.Environ()) {
		fmt.Fprintln(cmd.ErrOrStderr(), "tidewatch: "+line)
	}
}

// unknownFlag says which flag may have been meant.
func unknownFlag(cmd *cobra.Command, err error) error {
	name, ok := strings.CutPrefix(err.Error(), "unknown flag: --")
	if !ok {
		return err
	}
	var flags []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { flags = append(flags, f.Name) })
	if near := closest(name, flags); near != "" {
		return fmt.Errorf("there is no flag --%s; did you mean --%s?", name, near)
	}
	return fmt.Errorf("there is no flag --%s; %s --help lists them", name, cmd.CommandPath())
}
