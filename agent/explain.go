package agent

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// ConfigError is one thing that is wrong with the configuration, for a person.
type ConfigError struct {
	// File, Line and Column say where; Line 0 means that the place is not known.
	File         string
	Line, Column int
	// Key is the path of the key, its parts separated by "::".
	Key string
	// Problem is what is wrong, Hint what to do about it.
	Problem, Hint string
}

// Error is one line: place, key, problem and what to do.
func (e *ConfigError) Error() string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(e.File)
		if e.Line > 0 {
			fmt.Fprintf(&b, ":%d", e.Line)
			if e.Column > 0 {
				fmt.Fprintf(&b, ":%d", e.Column)
			}
		}
		b.WriteString(": ")
	}
	if e.Key != "" {
		b.WriteString(e.Key + ": ")
	}
	b.WriteString(maskText(e.Problem)) // checks say what they were given
	if e.Hint != "" {
		b.WriteString("; " + e.Hint)
	}
	return b.String()
}

// configErrors flattens err into one line each.
func configErrors(err error) []string {
	var lines []string
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			lines = append(lines, configErrors(e)...)
		}
		return lines
	}
	return append(lines, oneLine(err.Error()))
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// yamlFiles are the configuration files as parsed trees, for finding places.
type yamlFiles []yamlFile

type yamlFile struct {
	name string
	root *yaml.Node
}

// readFiles parses the locations that are files. A file that is missing or not
// YAML is reported here, with its line.
func readFiles(uris []string) (yamlFiles, error) {
	var files yamlFiles
	var errs []error
	for _, uri := range uris {
		name, isFile := strings.CutPrefix(uri, "file:")
		if !isFile && strings.Contains(uri, ":") {
			continue
		}
		b, err := os.ReadFile(name)
		if err != nil {
			if path, ok := errors.AsType[*os.PathError](err); ok {
				err = path.Err
			}
			errs = append(errs, &ConfigError{File: name, Problem: "cannot be read: " + err.Error(), Hint: "check the path given to --config"})
			continue
		}
		var root yaml.Node
		if err := yaml.Unmarshal(b, &root); err != nil {
			errs = append(errs, badYAML(name, err))
			continue
		}
		if len(root.Content) == 0 || root.Content[0].Kind != yaml.MappingNode {
			errs = append(errs, &ConfigError{File: name, Line: 1, Problem: "is not a YAML mapping", Hint: `start with keys such as "receivers:" and "service:"`})
			continue
		}
		files = append(files, yamlFile{name: name, root: root.Content[0]})
	}
	return files, errors.Join(errs...)
}

var (
	yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)
	// yamlParser are the messages of the YAML parser proper; unlike the scanner's,
	// they name the line before the one that they mean.
	yamlParser = regexp.MustCompile(`^did not find expected (<document start>|<stream-start>|node content|key|'-' indicator|',' or)`)
)

func badYAML(name string, err error) *ConfigError {
	e := &ConfigError{File: name, Problem: "is not valid YAML: " + oneLine(strings.TrimPrefix(err.Error(), "yaml: ")), Hint: "check indentation, colons and quotes near this line"}
	if m := yamlLine.FindStringSubmatch(oneLine(err.Error())); m != nil {
		e.Line, _ = strconv.Atoi(m[1]) // no number, no line
		if e.Line > 0 && yamlParser.MatchString(m[2]) {
			e.Line++
		}
		e.Problem = "is not valid YAML: " + m[2]
	}
	return e
}

// place finds the deepest node on the path in the file that is merged last.
func (files yamlFiles) place(path []string) (file string, line, column int) {
	best := 0
	for _, f := range files {
		depth, node := descend(f.root, path)
		if depth > 0 && depth >= best {
			best, file, line, column = depth, f.name, node.Line, node.Column
		}
	}
	return file, line, column
}

func descend(node *yaml.Node, path []string) (depth int, at *yaml.Node) {
	at = node
	for _, part := range path {
		var next, key *yaml.Node
		switch node.Kind {
		case yaml.MappingNode:
			for i := 0; i+1 < len(node.Content); i += 2 {
				if node.Content[i].Value == part {
					key, next = node.Content[i], node.Content[i+1]
				}
			}
		case yaml.SequenceNode:
			for _, item := range node.Content {
				if item.Value == part {
					key, next = item, item
				}
			}
		}
		if next == nil {
			return depth, at
		}
		depth, at, node = depth+1, key, next
	}
	return depth, at
}

// closest returns the candidate nearest to word, empty if none is near.
func closest(word string, candidates []string) string {
	best, bestDistance := "", len(word)/2+1
	for _, c := range slices.Sorted(slices.Values(candidates)) {
		if d := distance(word, c); d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

// distance is the Levenshtein distance.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
