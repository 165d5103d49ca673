package agent

import (
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// manifest is what the OpenTelemetry Collector Builder reads.
type manifest struct {
	Receivers, Processors, Connectors, Exporters, Extensions []manifestEntry
}

type manifestEntry struct {
	Gomod  string
	Import string
}

// TestBuilderManifest keeps builder-config.yaml equal to the list of components
// and to the versions of go.mod.
func TestBuilderManifest(t *testing.T) {
	b, err := os.ReadFile("../builder-config.yaml")
	require.NoError(t, err)
	var m manifest
	require.NoError(t, yaml.Unmarshal(b, &m))
	goMod, err := os.ReadFile("../go.mod")
	require.NoError(t, err)

	var inManifest []string
	for _, e := range slices.Concat(m.Receivers, m.Processors, m.Connectors, m.Exporters, m.Extensions) {
		path, version, _ := strings.Cut(e.Gomod, " ")
		if e.Import != "" {
			path = e.Import
		}
		inManifest = append(inManifest, path)
		if !strings.HasPrefix(e.Gomod, "github.com/tidewatch/") {
			require.Contains(t, string(goMod), "\t"+e.Gomod, "go.mod has another version of %s than %s", path, version)
		}
	}

	parsed, err := parser.ParseFile(token.NewFileSet(), "components.go", nil, parser.ImportsOnly)
	require.NoError(t, err)
	var inList []string
	for _, i := range parsed.Imports {
		path, err := strconv.Unquote(i.Path.Value)
		require.NoError(t, err)
		if last := path[strings.LastIndex(path, "/")+1:]; slices.Contains([]string{"receiver", "connector", "exporter", "processor", "extension"}, last) {
			continue // the kinds' interfaces
		}
		inList = append(inList, path)
	}
	require.ElementsMatch(t, inList, inManifest)
}
