package elasticsearchexporter

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pipeline"
)

// TestFormsOfTemplates compares what servers are sent, which no test server
// takes in full: the full form has field types and settings of Elasticsearch's
// default distribution.
func TestFormsOfTemplates(t *testing.T) {
	update := flag.Lookup("update").Value.String() == "true"
	for _, name := range []string{templateLogs, templateLogsOTel, templateMetrics, templateTraces, templateTracesOTel} {
		text, err := indexSettings{retention: 30 * 24 * time.Hour, policy: "tidewatch", pipeline: `add "time"`}.template(name)
		require.NoError(t, err)
		for i, plainer := range forms {
			text = plainer(text)
			require.True(t, json.Valid([]byte(text)), "%s form %d: %s", name, i, text)
			if i != 0 && i != len(forms)-1 {
				continue
			}
			path := filepath.Join("testdata", "templates", name+map[bool]string{true: "-full.json", false: "-plain.json"}[i == 0])
			if update {
				require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
				require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, string(want), text)
		}
	}
}

// TestPrioritiesOfTemplates keeps clear of Elasticsearch's own, which refuses two
// templates of one priority whose patterns overlap: 100 for logs-*-* and
// metrics-*-*, 120 for logs-*.otel-* and traces-*.otel-*, 200 and more for
// integrations.
func TestPrioritiesOfTemplates(t *testing.T) {
	for name, want := range map[string]int{templateLogs: 110, templateMetrics: 110, templateTraces: 110, templateLogsOTel: 115, templateTracesOTel: 115} {
		text, err := indexSettings{}.template(name)
		require.NoError(t, err)
		var got struct{ Priority int }
		require.NoError(t, json.Unmarshal([]byte(text), &got))
		require.Equal(t, want, got.Priority, name)
	}
}

func TestTemplatesOfSignals(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	require.Equal(t, []string{"logs"}, cfg.templatesOf(pipeline.SignalLogs))
	require.Equal(t, []string{"traces", "logs"}, cfg.templatesOf(pipeline.SignalTraces), "dead letters are logs")
	cfg.DeadLetter = false
	require.Equal(t, []string{"metrics"}, cfg.templatesOf(pipeline.SignalMetrics))
	cfg.Mode = modeOTel
	require.Equal(t, []string{"logs-otel"}, cfg.templatesOf(pipeline.SignalLogs))
	require.Equal(t, []string{"traces-otel"}, cfg.templatesOf(pipeline.SignalTraces))
}
