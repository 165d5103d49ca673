package lint

import (
	"go/ast"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// kinds of components and the suffix of their packages.
var kinds = map[string]string{
	"receivers": "receiver", "processors": "processor", "connectors": "connector", "exporters": "exporter", "extensions": "extension",
}

// pure are the libraries that have never heard of the collector.
var pure = map[string]bool{
	"anomaly": true, "logpattern": true, "rootcause": true, "incident": true, "alerts": true, "dashboards": true,
}

// layer numbers the storeys; imports go to the same or a lower one.
func layer(dir string) int {
	switch top := first(dir); {
	case top == "signals":
		return 0
	case pure[top] || top == "internal":
		return 1
	case kinds[top] != "":
		return 2
	case top == "agent":
		return 3
	default: // cmd, examples, test
		return 4
	}
}

func component(dir string) string {
	parts := strings.SplitN(dir, "/", 3)
	if kinds[parts[0]] == "" || len(parts) < 2 {
		return ""
	}
	return parts[0] + "/" + parts[1]
}

func TestImportsGoDownwards(t *testing.T) {
	for _, f := range parseTree(t) {
		for _, imported := range f.imports() {
			dir, ok := own(imported)
			if !ok {
				continue
			}
			assert.LessOrEqual(t, layer(dir), layer(f.dir), "%s imports %s, which is above it", f.path, dir)
			if c := component(f.dir); c != "" && component(dir) != "" {
				assert.Equal(t, c, component(dir), "%s imports another component, %s: what both need is a library", f.path, dir)
			}
			if layer(f.dir) == 0 {
				assert.Fail(t, "signals imports nothing", "%s imports %s", f.path, dir)
			}
		}
	}
}

// forbidden is what a pure library must be given instead of taking it.
var forbidden = map[string][]string{
	"time": {"Now", "Since", "Until", "Sleep", "After", "Tick", "NewTimer", "NewTicker", "AfterFunc"},
}

func TestLibrariesArePure(t *testing.T) {
	for _, f := range parseTree(t) {
		if !pure[first(f.dir)] || f.test {
			continue
		}
		for _, p := range f.imports() {
			assert.False(t, strings.HasPrefix(p, "go.opentelemetry.io/") || strings.HasPrefix(p, "go.uber.org/zap") || p == "os" || p == "net/http" || p == "context",
				"%s imports %s: a library takes and returns plain values", f.path, p)
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				assert.Fail(t, "a library starts no goroutines", "%s", f.set.Position(n.Pos()))
			case *ast.SelectorExpr:
				if pkg, ok := n.X.(*ast.Ident); ok {
					for _, name := range forbidden[pkg.Name] {
						assert.NotEqual(t, name, n.Sel.Name, "%s: time is passed in", f.set.Position(n.Pos()))
					}
				}
			}
			return true
		})
	}
}
