package dashboards_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// The files can be read, and every data source that one of them leads to is there.
func TestProvisioning(t *testing.T) {
	var provider struct {
		APIVersion int `yaml:"apiVersion"`
		Providers  []struct {
			Name, Type string
			Options    struct{ Path string }
		}
	}
	read(t, "provisioning/dashboards/tidewatch.yaml", &provider)
	require.Equal(t, 1, provider.APIVersion)
	require.Equal(t, "file", provider.Providers[0].Type)
	require.NotEmpty(t, provider.Providers[0].Options.Path)

	var sources struct {
		Datasources []struct {
			Name, UID, Type, URL string
		}
	}
	text := read(t, "provisioning/datasources/tidewatch.yaml", &sources)
	uids := map[string]bool{}
	var kinds []string
	for _, s := range sources.Datasources {
		require.NotEmpty(t, s.URL, s.Name)
		require.False(t, uids[s.UID], s.UID)
		uids[s.UID] = true
		kinds = append(kinds, s.Type)
	}
	require.Equal(t, []string{"prometheus", "loki", "elasticsearch", "tempo"}, kinds)
	leads := regexp.MustCompile(`datasourceUid: (\S+)`).FindAllStringSubmatch(text, -1)
	require.Greater(t, len(leads), 5)
	for _, m := range leads {
		require.True(t, uids[m[1]], "%s is nowhere", m[1])
	}
	// Grafana replaces $NAME by the environment; what is meant for Grafana itself has $$.
	require.Empty(t, regexp.MustCompile(`(?m)[^$]\$[{_a-zA-Z]`).FindAllString(text, -1))
}

func read(t *testing.T, name string, v any) string {
	t.Helper()
	b, err := os.ReadFile(name)
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(b, v))
	return string(b)
}
