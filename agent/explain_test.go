package agent

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Each file of testdata/broken begins with the sentence that it must cause.
func TestBrokenConfigurations(t *testing.T) {
	files, err := filepath.Glob("testdata/broken/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	factories, err := components().factories()
	require.NoError(t, err)
	for _, f := range files {
		t.Run(filepath.Base(f), func(t *testing.T) {
			b, err := os.ReadFile(f)
			require.NoError(t, err)
			first, _, _ := strings.Cut(string(b), "\n")
			want := strings.TrimPrefix(first, "# want: ")

			_, err = sources{locations: []string{f}}.load(t.Context(), factories, buildInfo())
			require.Error(t, err)
			require.Equal(t, []string{filepath.Join("testdata", "broken", want)}, configErrors(err))
		})
	}
}

func TestMissingFile(t *testing.T) {
	_, err := sources{locations: []string{"testdata/none.yaml", "file:testdata/neither.yaml"}}.load(t.Context(), mustFactories(t), buildInfo())
	require.Equal(t, []string{
		"testdata/none.yaml: cannot be read: no such file or directory; check the path given to --config",
		"testdata/neither.yaml: cannot be read: no such file or directory; check the path given to --config",
	}, configErrors(err))
}

func TestProblemsOutsideFiles(t *testing.T) {
	for want, src := range map[string]sources{
		`cannot read a configuration from "http:x"; use a file, builtin:NAME, env:NAME or yaml:TEXT`:                                 {locations: []string{"http:x"}},
		`there is no profile "builtin:none"; the built-in ones are builtin:gateway, builtin:host, builtin:kafka, builtin:kubernetes`: {locations: []string{"builtin:none"}},
		`--set x is not of the form key=value; write --set exporters::loki::timeout=10s`:                                             {sets: []string{"x"}},
	} {
		_, err := src.load(t.Context(), mustFactories(t), buildInfo())
		require.EqualError(t, err, want)
		var ce *ConfigError
		require.ErrorAs(t, err, &ce)
	}
}

func TestPlaceIsInTheFileMergedLast(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	a := write("a.yaml", "exporters:\n  debug:\n    verbosity: basic\n")
	b := write("b.yaml", "receivers:\nexporters:\n  debug:\n    verbosity: loud\n")
	files, err := readFiles([]string{a, "file:" + b, "builtin:host"})
	require.NoError(t, err)
	file, line, column := files.place([]string{"exporters", "debug", "verbosity"})
	require.Equal(t, []any{b, 4, 5}, []any{file, line, column})
	file, line, _ = files.place([]string{"exporters", "debug", "not there"})
	require.Equal(t, []any{b, 3}, []any{file, line})
	file, _, _ = files.place([]string{"nowhere"})
	require.Empty(t, file)
}

func TestSuggestion(t *testing.T) {
	require.Equal(t, "elasticsearch", closest("elasticsaerch", []string{"loki", "elasticsearch", "debug"}))
	require.Empty(t, closest("xyz", []string{"loki", "elasticsearch"}))
}
