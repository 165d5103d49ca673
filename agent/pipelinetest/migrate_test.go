package pipelinetest_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/agent"
)

// TestMigrationExamples: what the pages in docs/migrate say of other agents' configurations
// is valid, and does what they do.
func TestMigrationExamples(t *testing.T) {
	configs, err := filepath.Glob("../../docs/migrate/examples/*.tidewatch.yaml")
	require.NoError(t, err)
	require.Len(t, configs, 3)
	t.Setenv("ES_PASSWORD", "not-a-password")
	for _, config := range configs {
		name := strings.TrimSuffix(filepath.Base(config), ".tidewatch.yaml")
		t.Run(name, func(t *testing.T) {
			t.Setenv("TIDEWATCH_STATE_DIR", t.TempDir())
			var out bytes.Buffer
			cmd := agent.NewCommand()
			cmd.SetOut(&out)
			cmd.SetErr(&out)
			cmd.SetArgs([]string{"validate", "--config", config})
			require.NoError(t, cmd.ExecuteContext(t.Context()), out.String())
			text, err := test(t, strings.TrimSuffix(config, ".tidewatch.yaml")+"_test.yaml", "--config", config)
			require.NoError(t, err, text)
			require.Contains(t, text, ", 0 failed.")
		})
	}
}
