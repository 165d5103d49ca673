package agent

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/configkeys"
)

var update = flag.Bool("update", false, "write the reference from the code")

const (
	commentsFile  = "../internal/configkeys/comments.txt"
	referenceDir  = "../docs/config"
	howToGenerate = "run: go generate ./agent"
)

// The comments that the binary has are those of the source, ours and upstream's.
func TestReferenceComments(t *testing.T) {
	types := map[configkeys.Struct]bool{}
	for _, c := range configsOf(t) {
		for _, s := range configkeys.Structs(c) {
			types[s] = true
		}
	}
	want := readComments(t, types)
	if *update {
		require.NoError(t, os.WriteFile(commentsFile, []byte(want), 0o644)) //nolint:gosec // a source file
		return
	}
	got, err := os.ReadFile(commentsFile)
	require.NoError(t, err)
	require.Equal(t, want, string(got), "comments of the configuration have changed: %s", howToGenerate)
}

// docs/config has a page for each component, as its code is.
func TestReferencePages(t *testing.T) {
	pages := map[string]string{}
	var index strings.Builder
	index.WriteString(referenceHead)
	kind := ""
	for _, c := range components().described() {
		if c.Kind != kind {
			kind = c.Kind
			fmt.Fprintf(&index, "\n## %s\n\n", strings.ToUpper(kind[:1])+kind[1:])
		}
		name := strings.TrimSuffix(c.Kind, "s") + "-" + c.Type + ".md"
		pages[name] = referencePage(c)
		fmt.Fprintf(&index, "- [`%s`](%s)\n", c.Type, name)
	}
	pages["README.md"] = index.String()
	if *update {
		require.NoError(t, os.MkdirAll(referenceDir, 0o755)) //nolint:gosec // source files
		for name, text := range pages {
			require.NoError(t, os.WriteFile(filepath.Join(referenceDir, name), []byte(text), 0o644)) //nolint:gosec // source files
		}
	}
	there, err := os.ReadDir(referenceDir)
	require.NoError(t, err)
	for _, e := range there {
		if *update && pages[e.Name()] == "" {
			require.NoError(t, os.Remove(filepath.Join(referenceDir, e.Name())))
			continue
		}
		text, err := os.ReadFile(filepath.Join(referenceDir, e.Name()))
		require.NoError(t, err)
		require.Equal(t, pages[e.Name()], string(text), "docs/config/%s is old: %s", e.Name(), howToGenerate)
		delete(pages, e.Name())
	}
	require.True(t, *update || len(pages) == 0, "docs/config lacks pages: %s", howToGenerate)
}

// Whoever adds a key says what it is.
func TestReferenceHasAllOfOurs(t *testing.T) {
	check := func(path string, keys []configkeys.Key) {
		for _, k := range keys {
			assert.NotEmpty(t, k.Comment, "%s::%s has no comment in its Config, or comments.txt is old: %s", path, k.Name, howToGenerate)
		}
	}
	for _, c := range components().described() {
		if _, err := os.Stat("../" + c.Kind + "/" + strings.ReplaceAll(c.Type, "_", "") + strings.TrimSuffix(c.Kind, "s")); err == nil {
			check(c.Kind+"::"+c.Type, slices.DeleteFunc(c.Keys, func(k configkeys.Key) bool { return k.Keys != nil }))
		}
	}
}

const referenceHead = `# Configuration reference

Every key of every component, with type, default and meaning, as the code has them: ` + "`go generate ./agent`" + ` writes these
pages, and a test keeps them so. On a host, ` + "`tidewatch components TYPE`" + ` prints the same of the version that is there, and
` + "`tidewatch components --schema`" + ` a JSON schema for editors. What a profile sets is in ` + "`tidewatch print-config`" + `.

A key below a section is written with ` + "`::`" + ` between, as ` + "`--set`" + ` takes it. *off* is a section that is off until its key is there.
A secret is never printed; write it as ` + "`${env:NAME}` or `${file:PATH}`" + `. Durations are like 30s or 5m, sizes in bytes.
`

func referencePage(c configkeys.Component) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s: `%s`\n\n", c.Kind, c.Type)
	folder := c.Kind + "/" + strings.ReplaceAll(c.Type, "_", "") + strings.TrimSuffix(c.Kind, "s")
	if _, err := os.Stat("../" + folder); err == nil {
		fmt.Fprintf(&b, "What it does, with examples: [%s](../../%s/README.md).\n\n", folder, folder)
	} else {
		b.WriteString("A component of the OpenTelemetry Collector; its own documentation says what it does.\n\n")
	}
	if len(c.Keys) == 0 {
		b.WriteString("It has no keys, or reads them itself.\n")
		return b.String()
	}
	b.WriteString("| key | type | default | meaning |\n| --- | --- | --- | --- |\n")
	var rows func(under string, keys []configkeys.Key)
	rows = func(under string, keys []configkeys.Key) {
		for _, k := range keys {
			value := ""
			switch {
			case k.Off:
				value = "*off*"
			case k.Default != "":
				value = "`" + k.Default + "`"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", under+k.Name, k.Type, tableCell(value), tableCell(k.Comment))
			rows(under+k.Name+"::", k.Keys)
		}
	}
	rows("", c.Keys)
	return b.String()
}

// tableCell makes a text fit into a table of Markdown.
func tableCell(s string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "\n", " ").Replace(s)
}

// configsOf are the default configurations of all components and of the service.
func configsOf(t *testing.T) []any {
	t.Helper()
	var all []any
	f := mustFactories(t)
	for _, x := range f.Receivers {
		all = append(all, x.CreateDefaultConfig())
	}
	for _, x := range f.Processors {
		all = append(all, x.CreateDefaultConfig())
	}
	for _, x := range f.Connectors {
		all = append(all, x.CreateDefaultConfig())
	}
	for _, x := range f.Exporters {
		all = append(all, x.CreateDefaultConfig())
	}
	for _, x := range f.Extensions {
		all = append(all, x.CreateDefaultConfig())
	}
	return append(all, f.Telemetry.CreateDefaultConfig())
}

// readComments reads the comments of the types' fields from the source.
func readComments(t *testing.T, types map[configkeys.Struct]bool) string {
	t.Helper()
	var packages []string
	for s := range types {
		if s.Package != "" && !slices.Contains(packages, s.Package) {
			packages = append(packages, s.Package)
		}
	}
	slices.Sort(packages)
	out, err := exec.CommandContext(t.Context(), "go", append([]string{"list", "-find", "-f", "{{.ImportPath}}\t{{.Dir}}"}, packages...)...).Output()
	require.NoError(t, err)
	var sections []string
	for line := range strings.Lines(string(out)) {
		path, dir, _ := strings.Cut(strings.TrimSpace(line), "\t")
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		require.NoError(t, err)
		for _, f := range files {
			if !strings.HasSuffix(f, "_test.go") {
				sections = append(sections, commentsOf(t, f, path, types)...)
			}
		}
	}
	slices.Sort(sections)
	return strings.Join(sections, "")
}

func commentsOf(t *testing.T, file, path string, types map[configkeys.Struct]bool) (sections []string) {
	t.Helper()
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, file, nil, parser.ParseComments|parser.SkipObjectResolution)
	require.NoError(t, err)
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok || !types[configkeys.Struct{Package: path, Name: spec.Name.Name}] {
			return true
		}
		s, ok := spec.Type.(*ast.StructType)
		if !ok {
			return true
		}
		lines, previous := "", ""
		keys := keysOf(s)
		end := 0
		for _, f := range s.Fields.List {
			text := f.Doc.Text()
			if text == "" {
				text = f.Comment.Text()
			}
			text = strings.Join(strings.Fields(text), " ")
			if line := set.Position(f.Pos()).Line; text == "" && line == end+1 && strings.HasPrefix(path, "github.com/tidewatch/") {
				text = previous // one comment for fields one below the other
			}
			previous, end = text, set.Position(f.End()).Line
			for _, name := range f.Names {
				if key := keys[name.Name]; text != "" && key != "" {
					lines += name.Name + " " + inKeys(text, name.Name, keys) + "\n"
				}
			}
		}
		if lines != "" {
			sections = append(sections, "["+path+"."+spec.Name.Name+"]\n"+lines)
		}
		return false
	})
	return sections
}

// keysOf are the keys of a struct's fields.
func keysOf(s *ast.StructType) map[string]string {
	keys := map[string]string{}
	for _, f := range s.Fields.List {
		if f.Tag == nil {
			continue
		}
		tag, _ := strconv.Unquote(f.Tag.Value) // the parser accepted it
		key, options, _ := strings.Cut(reflect.StructTag(tag).Get("mapstructure"), ",")
		for _, name := range f.Names {
			if strings.Contains(options, "remain") {
				key = "<name>"
			}
			if name.IsExported() && key != "-" {
				keys[name.Name] = key
			}
		}
	}
	return keys
}

var word = regexp.MustCompile(`\b[A-Z][A-Za-z0-9]*\b`)

// inKeys writes a comment with the names of keys in place of those of fields: of this one
// where it begins, and of others of two words.
func inKeys(text, field string, keys map[string]string) string {
	first := true
	return word.ReplaceAllStringFunc(text, func(w string) string {
		begins := first && w == field
		first = false
		if key := keys[w]; key != "" && (begins && strings.HasPrefix(text, w) || strings.Contains(key, "_")) {
			return key
		}
		return w
	})
}
