package lint

import (
	"go/ast"
	"go/token"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What docs/operations.md explains of the log is what the code says.
func TestMessagesOfOperations(t *testing.T) {
	text, err := os.ReadFile(root + "/docs/operations.md")
	require.NoError(t, err)
	_, table, ok := strings.Cut(string(text), "\n## What its log says\n")
	require.True(t, ok)
	rows := regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(table, -1)
	require.NotEmpty(t, rows)
	said := map[string]bool{}
	for _, f := range parseTree(t) {
		if f.test {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
				s, _ := strconv.Unquote(l.Value) // the parser accepted it
				said[s] = true
			}
			return true
		})
	}
	for _, r := range rows {
		assert.True(t, said[r[1]], "nothing says %q: docs/operations.md is old", r[1])
	}
}
