package agent

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"go.opentelemetry.io/collector/otelcol"
)

// The runtime reports configuration errors as text. These are the shapes that a
// person meets; what matches none is shown as it is, on one line.
var (
	wrappers = regexp.MustCompile(`^(cannot (unmarshal|resolve|retrieve) the configuration: |cannot retrieve the configuration: |invalid configuration: |failed to build pipelines: |decoding failed due to the following error\(s\):)\s*`)

	unknownType = regexp.MustCompile(`^'(\w+)' unknown type: "([^"]*)" for id: "([^"]*)" \(valid values: \[(.*)\]\)$`)
	reading     = regexp.MustCompile(`^'?(\w+)'? error reading configuration for "([^"]*)": (.*)$`)
	section     = regexp.MustCompile(`^'([\w.:\[\]/-]*)' (.*)$`)
	invalidKeys = regexp.MustCompile(`^has invalid keys: (.*)$`)
	expected    = regexp.MustCompile(`^(?:expected type '?([^',]+)'?, got unconvertible type '?([^',]+)'?(?:, value: '?(.*?)'?)?|expected (?:a )?(\w+), got '?(\w+)'?.*)$`)
	parse       = regexp.MustCompile(`^cannot parse value as '(\w+)':? ?(.*)$`)
	reference   = regexp.MustCompile(`^service::(pipelines::(\S+)|extensions): references (\w+) "([^"]*)" which is not configured$`)
	keyed       = regexp.MustCompile(`^((?:receivers|processors|exporters|connectors|extensions|service)(?:(?:::|\[)[^\s:]+)*): (.*)$`)
	arrayWanted = regexp.MustCompile(`^source data must be an array or slice, got (\w+)$`)
	signalName  = regexp.MustCompile(`^in "([^"]*)" id: unknown pipeline signal: "([^"]*)"$`)
	badScheme   = regexp.MustCompile(`^unsupported scheme on URI "(.*)"$`)
	connection  = regexp.MustCompile(`^connector "([^"]+)" used as (\w+) in \[?([^\]]*?)\]? pipelines? but not used in any supported (\w+) pipeline$`)
)

const decoding = "decoding failed due to the following error(s):"

// goType is how the decoder names the root of a component's configuration.
var goType = regexp.MustCompile(`^(\w+\.[A-Z]\w*|otelcol\.configSettings)$`)

// keyPath writes a path of the decoder as we write keys.
func keyPath(path string) string {
	if goType.MatchString(path) {
		return ""
	}
	path = strings.NewReplacer(".", "::", "[", "::", "]", "").Replace(path)
	return strings.Trim(path, ":")
}

// explain turns an error of the runtime into ConfigErrors.
// factories know which keys there are.
func (files yamlFiles) explain(err error, factories otelcol.Factories) error {
	var errs []error
	for _, text := range split(err.Error()) {
		e := interpret(text)
		files.suggest(e, factories)
		if e.Key != "" {
			e.File, e.Line, e.Column = files.place(keyOf(e))
		}
		errs = append(errs, e)
	}
	return errors.Join(errs...)
}

// keyOf is the path of the key that is to blame: many components begin their
// message with its name.
func keyOf(e *ConfigError) []string {
	path := strings.Split(e.Key, "::")
	if first, _, ok := strings.Cut(e.Problem, " "); ok {
		path = append(path, strings.Split(strings.Trim(first, `'":,`), "::")...)
	}
	return path
}

// split separates the errors that the runtime joined and strips what it wrapped
// around them.
func split(text string) []string {
	var out []string
	for line := range strings.SplitSeq(text, "\n") {
		line = unwrap(strings.TrimSpace(line))
		if line != "" {
			out = append(out, line)
		}
	}
	// A line that ends in "decoding failed ...:" is about the keys that the
	// following lines name.
	var joined []string
	prefix := ""
	for _, line := range out {
		if about, ok := strings.CutSuffix(line, decoding); ok {
			prefix = about
			continue
		}
		joined = append(joined, prefix+line)
	}
	return joined
}

// plain names a Go type as YAML does.
func plain(goType string) string {
	switch {
	case strings.HasPrefix(goType, "map"):
		return "mapping"
	case strings.HasPrefix(goType, "[]"):
		return "list"
	case strings.HasPrefix(goType, "int"), strings.HasPrefix(goType, "uint"):
		return "integer"
	case strings.HasPrefix(goType, "float"):
		return "number"
	default:
		return goType
	}
}

func unwrap(s string) string {
	for {
		loc := wrappers.FindStringIndex(s)
		if loc == nil {
			return s
		}
		s = s[loc[1]:]
	}
}

func interpret(text string) *ConfigError {
	if m := unknownType.FindStringSubmatch(text); m != nil {
		kind := strings.TrimSuffix(m[1], "s")
		e := &ConfigError{Key: m[1] + "::" + m[3], Problem: fmt.Sprintf("there is no %s of type %q", kind, m[2])}
		e.Hint = `"tidewatch components" lists what there is`
		if near := closest(m[2], strings.Fields(m[4])); near != "" {
			e.Hint = fmt.Sprintf("did you mean %q? ", near) + e.Hint
		}
		return e
	}
	if m := reading.FindStringSubmatch(text); m != nil {
		e := interpret(unwrap(m[3]))
		e.Key = strings.TrimSuffix(m[1]+"::"+m[2]+"::"+e.Key, "::")
		return e
	}
	if m := reference.FindStringSubmatch(text); m != nil {
		key := "service::extensions::" + m[4]
		if m[2] != "" {
			key = fmt.Sprintf("service::pipelines::%s::%ss::%s", m[2], m[3], m[4])
		}
		return &ConfigError{Key: key, Problem: fmt.Sprintf("%s %q is not configured", m[3], m[4]), Hint: fmt.Sprintf("add it under %ss: or remove it here", m[3])}
	}
	if m := keyed.FindStringSubmatch(text); m != nil {
		e := interpret(m[2])
		e.Key = strings.Trim(keyPath(m[1])+"::"+e.Key, ":")
		return e
	}
	if m := section.FindStringSubmatch(text); m != nil && !strings.HasPrefix(m[2], "or ") {
		e := interpret(m[2])
		e.Key = strings.Trim(keyPath(m[1])+"::"+e.Key, ":")
		return e
	}
	if m := invalidKeys.FindStringSubmatch(text); m != nil {
		first, _, _ := strings.Cut(m[1], ",")
		return &ConfigError{Key: first, Problem: "unknown key: " + m[1], Hint: "check the spelling"}
	}
	if m := parse.FindStringSubmatch(text); m != nil {
		return &ConfigError{Problem: fmt.Sprintf("must be of type %s: %s", plain(m[1]), m[2]), Hint: "write a value of that type"}
	}
	if m := expected.FindStringSubmatch(text); m != nil {
		want, got := m[1]+m[4], m[2]+m[5]
		return &ConfigError{Problem: fmt.Sprintf("must be of type %s, not %s", plain(want), plain(got)), Hint: "write a value of that type"}
	}
	if m := arrayWanted.FindStringSubmatch(text); m != nil {
		return &ConfigError{Problem: "must be a list, not a " + plain(m[1]), Hint: "write [a, b]"}
	}
	if m := signalName.FindStringSubmatch(text); m != nil {
		return &ConfigError{Key: m[1], Problem: fmt.Sprintf("there is no signal %q", m[2]), Hint: "name the pipeline logs, metrics or traces, with /NAME after it if there are several"}
	}
	if m := badScheme.FindStringSubmatch(text); m != nil {
		return &ConfigError{Problem: fmt.Sprintf("cannot read a configuration from %q", m[1]), Hint: "use a file, builtin:NAME, env:NAME or yaml:TEXT"}
	}
	if m := connection.FindStringSubmatch(text); m != nil {
		return &ConfigError{Key: "connectors::" + m[1], Problem: oneLine(text), Hint: "use it as a receiver in one pipeline and as an exporter in another"}
	}
	return &ConfigError{Problem: oneLine(text)}
}
