package lint

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	module = "github.com/tidewatch/tidewatch"
	root   = "../.."
)

// goFile is one parsed source file; path is relative to the root, with slashes.
type goFile struct {
	path, dir string
	test      bool
	set       *token.FileSet
	ast       *ast.File
	lines     int
}

// skipped are folders that hold no source of ours.
func skipped(name string) bool {
	return name == "testdata" || name == "bin" || name == "node_modules" || strings.HasPrefix(name, ".") && name != "."
}

func parseTree(t *testing.T) []goFile {
	t.Helper()
	var files []goFile
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if path != root && skipped(d.Name()) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, path, src, parser.ParseComments)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		files = append(files, goFile{
			path: rel, dir: filepath.ToSlash(filepath.Dir(rel)), test: strings.HasSuffix(rel, "_test.go"),
			set: set, ast: parsed, lines: strings.Count(string(src), "\n"),
		})
		return nil
	})
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

// own returns the folder of an import of this module.
func own(path string) (dir string, ok bool) {
	if path == module {
		return ".", true
	}
	return strings.CutPrefix(path, module+"/")
}

func (f goFile) imports() []string {
	var paths []string
	for _, i := range f.ast.Imports {
		p, _ := strconv.Unquote(i.Path.Value) // the parser accepted it
		paths = append(paths, p)
	}
	return paths
}

func first(path string) string {
	head, _, _ := strings.Cut(path, "/")
	return head
}

// componentDirs lists the folders of components, two levels deep.
func componentDirs(t *testing.T) []string {
	t.Helper()
	var dirs []string
	for kind := range kinds {
		entries, err := os.ReadDir(filepath.Join(root, kind))
		if os.IsNotExist(err) {
			continue
		}
		require.NoError(t, err)
		for _, e := range entries {
			if e.IsDir() {
				dirs = append(dirs, kind+"/"+e.Name())
			}
		}
	}
	require.NotEmpty(t, dirs)
	return dirs
}
