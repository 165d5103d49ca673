package pipelinetest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// File is a file of tests.
type File struct {
	Path string `yaml:"-"`
	// Now is what the time is: of records that state none, and of dates without a year.
	Now   time.Time `yaml:"now"`
	Tests []Test    `yaml:"tests"`
}

// Test is one test.
type Test struct {
	line int
	Name string `yaml:"name"`
	// Pipeline is where records go in, as service::pipelines names it.
	Pipeline string `yaml:"pipeline"`
	// Output is the pipeline whose outcome is looked at: the same by default, or one that
	// connectors lead to.
	Output string `yaml:"output"`
	// Without are processors left out: those that ask others, as a kubelet.
	Without []string `yaml:"without"`
	Input   Input    `yaml:"input"`
	Expect  Expect   `yaml:"expect"`
}

// Input is what goes in: one of Lines, File, OTLP and OTLPFile.
type Input struct {
	Lines string `yaml:"lines"`
	File  string `yaml:"file"`
	// Format and StartPattern are the tail receiver's format and multiline::start_pattern.
	Format       string `yaml:"format"`
	StartPattern string `yaml:"start_pattern"`
	// Resource and Attributes are set on the records of lines.
	Resource   map[string]any `yaml:"resource"`
	Attributes map[string]any `yaml:"attributes"`
	// OTLP is an export request as OTLP/JSON has it: resourceLogs, resourceMetrics or
	// resourceSpans.
	OTLP     yaml.Node `yaml:"otlp"`
	OTLPFile string    `yaml:"otlp_file"`
}

// Expect is what must come out.
type Expect struct {
	line int
	// Dropped says that nothing does.
	Dropped bool `yaml:"dropped"`
	// Count is how many records, points or spans do.
	Count *int `yaml:"count"`
	// Records, Metrics and Spans name parts of what must be there. Records are all there
	// are, in order; of metrics and spans each must be found.
	Records []Item `yaml:"records"`
	Metrics []Item `yaml:"metrics"`
	Spans   []Item `yaml:"spans"`
	// Golden is a file that has all of it, written by --update.
	Golden string `yaml:"golden"`
}

// Item is what is expected of one record, point or span: the members that are named, null
// for one that must be missing.
type Item struct {
	line       int
	Name       *string        `yaml:"name"`
	Body       any            `yaml:"body"`
	Severity   *string        `yaml:"severity"`
	Time       *string        `yaml:"time"`
	Status     *string        `yaml:"status"`
	Value      *float64       `yaml:"value"`
	Attributes map[string]any `yaml:"attributes"`
	Resource   map[string]any `yaml:"resource"`
}

// UnmarshalYAML keeps the line and refuses keys that are none.
func (t *Test) UnmarshalYAML(n *yaml.Node) error {
	type plain Test
	t.line = n.Line
	return decode(n, (*plain)(t), "name", "pipeline", "output", "without", "input", "expect")
}

// UnmarshalYAML refuses keys that are none.
func (i *Input) UnmarshalYAML(n *yaml.Node) error {
	type plain Input
	return decode(n, (*plain)(i), "lines", "file", "format", "start_pattern", "resource", "attributes", "otlp", "otlp_file")
}

// UnmarshalYAML keeps the line and refuses keys that are none.
func (e *Expect) UnmarshalYAML(n *yaml.Node) error {
	type plain Expect
	e.line = n.Line
	return decode(n, (*plain)(e), "dropped", "count", "records", "metrics", "spans", "golden")
}

// UnmarshalYAML keeps the line and refuses keys that are none.
func (want *Item) UnmarshalYAML(n *yaml.Node) error {
	type plain Item
	want.line = n.Line
	return decode(n, (*plain)(want), "name", "body", "severity", "time", "status", "value", "attributes", "resource")
}

func decode(n *yaml.Node, into any, keys ...string) error {
	for i := 0; n.Kind == yaml.MappingNode && i < len(n.Content); i += 2 {
		if key := n.Content[i]; !slices.Contains(keys, key.Value) {
			return fmt.Errorf("line %d: there is no key %q here; use %s", key.Line, key.Value, strings.Join(keys, ", "))
		}
	}
	return n.Decode(into)
}

// Load reads a file of tests. Errors name the file, and the line where they can.
func Load(path string) (*File, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read tests: %w", err)
	}
	f := &File{Path: path, Now: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)}
	var root yaml.Node
	if err := yaml.Unmarshal(b, &root); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(root.Content) == 0 {
		return nil, fmt.Errorf("%s: there are no tests in it: give it the key tests", path)
	}
	type plain File
	if err := decode(root.Content[0], (*plain)(f), "now", "tests"); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(f.Tests) == 0 {
		return nil, fmt.Errorf("%s: there are no tests in it: give it the key tests", path)
	}
	for i := range f.Tests {
		if err := f.Tests[i].check(); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, f.Tests[i].line, err)
		}
	}
	return f, nil
}

func (t *Test) check() error {
	given := 0
	for _, has := range [...]bool{t.Input.Lines != "", t.Input.File != "", !t.Input.OTLP.IsZero(), t.Input.OTLPFile != ""} {
		if has {
			given++
		}
	}
	e := &t.Expect
	switch {
	case t.Name == "":
		return errors.New("name must say what is tested")
	case t.Pipeline == "":
		return errors.New("pipeline must name a pipeline of the configuration, such as logs")
	case given != 1:
		return errors.New("input must have one of lines, file, otlp and otlp_file")
	case !e.Dropped && e.Count == nil && e.Golden == "" && len(e.Records)+len(e.Metrics)+len(e.Spans) == 0:
		return errors.New("expect must have one of dropped, count, records, metrics, spans and golden")
	}
	return nil
}

// beside is a path as a file of tests names it: relative to itself.
func (f *File) beside(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(f.Path), path)
}
