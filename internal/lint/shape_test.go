package lint

import (
	"bufio"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// junk are names that say nothing.
var junk = []string{"util", "utils", "common", "helper", "helpers", "shared", "base", "misc"}

func TestNamesSaySomething(t *testing.T) {
	for _, f := range parseTree(t) {
		for part := range strings.SplitSeq(strings.TrimSuffix(strings.TrimSuffix(f.path, ".go"), "_test"), "/") {
			assert.NotContains(t, junk, part, "%s: name it after what it holds", f.path)
		}
	}
}

func TestFilesAreShort(t *testing.T) {
	for _, f := range parseTree(t) {
		assert.LessOrEqual(t, f.lines, 600, "%s is probably two rooms", f.path)
	}
}

func TestOnePackageComment(t *testing.T) {
	comments := map[string][]string{}
	for _, f := range parseTree(t) {
		if f.test {
			continue
		}
		if _, ok := comments[f.dir]; !ok {
			comments[f.dir] = nil
		}
		if f.ast.Doc != nil {
			comments[f.dir] = append(comments[f.dir], f.path)
		}
	}
	for dir, files := range comments {
		assert.Len(t, files, 1, "package %s must have one package comment", dir)
	}
}

func TestComponentFolders(t *testing.T) {
	for _, dir := range componentDirs(t) {
		kind, name, _ := strings.Cut(dir, "/")
		assert.True(t, strings.HasSuffix(name, kinds[kind]), "%s must end in %s", dir, kinds[kind])
		for _, file := range []string{"doc.go", "config.go", "factory.go", "README.md", "metadata.yaml", "testdata"} {
			_, err := os.Stat(filepath.Join(root, dir, file))
			assert.NoError(t, err, "%s lacks %s", dir, file) //nolint:testifylint // tells everything that is missing at once
		}
		tests, err := filepath.Glob(filepath.Join(root, dir, "*_test.go"))
		require.NoError(t, err)
		assert.True(t, slices.ContainsFunc(tests, func(f string) bool {
			b, err := os.ReadFile(f)
			return err == nil && strings.Contains(string(b), "goleak.VerifyTestMain")
		}), "%s has no TestMain with goleak", dir)
	}
}

func TestMetadataNamesTheComponent(t *testing.T) {
	for _, dir := range componentDirs(t) {
		b, err := os.ReadFile(filepath.Join(root, dir, "metadata.yaml"))
		require.NoError(t, err)
		var m struct {
			Type   string
			Status struct{ Class string }
		}
		require.NoError(t, yaml.Unmarshal(b, &m), dir)
		kind, name, _ := strings.Cut(dir, "/")
		assert.Equal(t, kinds[kind], m.Status.Class, dir)
		assert.Equal(t, strings.TrimSuffix(name, kinds[kind]), strings.ReplaceAll(m.Type, "_", ""), dir)
	}
}

func TestModuleHasNoReplace(t *testing.T) {
	f, err := os.Open(filepath.Join(root, "go.mod"))
	require.NoError(t, err)
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		assert.False(t, strings.HasPrefix(strings.TrimSpace(s.Text()), "replace"), "go install must work: %s", s.Text())
	}
}
