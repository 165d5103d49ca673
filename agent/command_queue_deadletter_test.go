package agent

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestQueueReplayOfDeadLetters(t *testing.T) {
	answer, got := "", []string{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, string(body))
		_, _ = io.WriteString(w, answer)
	}))
	defer server.Close()
	dir := t.TempDir()
	config := filepath.Join(dir, "config.yaml")
	require.NoError(t, os.WriteFile(config, []byte(`
receivers: {otlp: {protocols: {grpc: {}}}}
exporters: {elasticsearch: {endpoint: "`+server.URL+`", compression: none}}
service: {pipelines: {logs: {receivers: [otlp], exporters: [elasticsearch]}}}
`), 0o600))
	letters := `{"exporter":"elasticsearch","action":{"_index":"logs-a-b","_id":"1"},"document":{"n":1}}
{"exporter":"elasticsearch","action":{"_index":"logs-a-b","_id":"2"},"document":{"n":2}}
`
	path := filepath.Join(dir, "letters.ndjson")
	require.NoError(t, os.WriteFile(path, []byte(letters), 0o600))

	answer = `{"errors":true,"items":[{"create":{"status":201}},{"create":{"status":400,"error":{"type":"mapping","reason":"no"}}}]}`
	out, err := execute(t, "queue", "replay", "--config", config, "--dead-letter", path)
	require.NoError(t, err)
	require.Contains(t, out, "2 dead letters: 1 stored, 0 were there already, 1 refused again, 0 not sent.\n  1 refused: mapping: no\n")
	require.Equal(t, []string{`{"create":{"_index":"logs-a-b","_id":"1"}}` + "\n" + `{"n":1}` + "\n" + `{"create":{"_index":"logs-a-b","_id":"2"}}` + "\n" + `{"n":2}` + "\n"}, got)
	require.NoFileExists(t, path)
	require.NoFileExists(t, path+".replaying")

	answer = `{"errors":true,"items":[{"create":{"status":409,"error":{"type":"conflict","reason":"it is there"}}}]}`
	out, err = execute(t, "queue", "replay", "--config", config, "--dead-letter", path+".refused")
	require.NoError(t, err)
	require.Contains(t, out, "1 dead letters: 0 stored, 1 were there already")
	left, err := filepath.Glob(path + "*")
	require.NoError(t, err)
	require.Empty(t, left)

	_, err = execute(t, "queue", "replay", "--config", config, "--dead-letter", path)
	require.ErrorContains(t, err, "letters.ndjson")
	require.NoError(t, os.WriteFile(path, []byte(strings.ReplaceAll(letters, "elasticsearch", "elasticsearch/gone")), 0o600))
	_, err = execute(t, "queue", "replay", "--config", config, "--dead-letter", path)
	require.ErrorContains(t, err, "the configuration has none of that name; they are still in "+path+".replaying")
	require.FileExists(t, path+".replaying")
	require.NoFileExists(t, path+".refused")
	_, err = execute(t, "queue", "replay", "--dead-letter", path, "other")
	require.Error(t, err)
	_, err = execute(t, "queue", "replay")
	require.Error(t, err)
}
