package elasticsearchexporter_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"go.opentelemetry.io/collector/exporter/exportertest"

	"github.com/tidewatch/tidewatch/exporters/elasticsearchexporter"
)

// refuseUntil refuses every fifth document until it is healed.
func refuseUntil(t *testing.T, healed *bool) func(doc) (int, string) {
	return func(d doc) (int, string) {
		if !*healed && strings.HasSuffix(fmt.Sprint(d.fields(t)["message"]), "5") {
			return http.StatusBadRequest, "document_parsing_exception"
		}
		return 0, ""
	}
}

func TestDeadLettersInAFileAreReplayed(t *testing.T) {
	f := newFake(t)
	healed := false
	f.item = refuseUntil(t, &healed)
	path := filepath.Join(t.TempDir(), "made", "letters.ndjson")
	cfg := direct(f.URL)
	cfg.DeadLetter = false
	cfg.DeadLetterFile.Path = path
	cfg.DocumentID = "always"
	set := exportertest.NewNopSettings(elasticsearchexporter.NewFactory().Type())
	set.ID = component.MustNewIDWithName("elasticsearch", "logs")
	e, err := elasticsearchexporter.NewFactory().CreateLogs(t.Context(), set, cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, e.ConsumeLogs(t.Context(), records(20)))
	require.NoError(t, e.Shutdown(context.Background()))
	requireExactly(t, f, 18)

	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode(), "logs may hold secrets")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	require.Len(t, lines, 2)
	var first map[string]any
	require.NoError(t, json.Unmarshal(lines[0], &first))
	require.Equal(t, "document_parsing_exception", first["reason"])
	require.Equal(t, "document_parsing_exception: because: deeper", first["detail"])
	require.Equal(t, "message 5", first["document"].(map[string]any)["message"])

	exporters := map[component.ID]*elasticsearchexporter.Config{set.ID: cfg}
	replay := func(text string) (elasticsearchexporter.Replayed, string, error) {
		var rest bytes.Buffer
		done, err := elasticsearchexporter.Replay(t.Context(), componenttest.NewNopTelemetrySettings(), exporters, strings.NewReader(text), &rest)
		return done, rest.String(), err
	}
	done, rest, err := replay(string(text))
	require.NoError(t, err)
	require.Equal(t, elasticsearchexporter.Replayed{Read: 2, Refused: 2, Reasons: map[string]int{"document_parsing_exception: because: deeper": 2}}, done)
	require.Equal(t, string(text), rest, "as they were")

	healed = true
	done, rest, err = replay(string(text) + "no letter\n" + strings.Replace(string(lines[0]), "elasticsearch/logs", "elasticsearch/gone", 1) + "\n")
	require.ErrorContains(t, err, "a line is none")
	require.Equal(t, elasticsearchexporter.Replayed{Read: 4, Stored: 2, Unsent: 2, Reasons: map[string]int{}}, done)
	require.Equal(t, 2, strings.Count(rest, "\n"))
	requireExactly(t, f, 20)
	require.Equal(t, "logs-generic-default", f.docs()[19].Index)

	done, _, err = replay(string(text))
	require.NoError(t, err)
	require.Equal(t, 2, done.Repeated, "by its id each is stored once")
	requireExactly(t, f, 20)
}

func TestFullDeadLetterFileTakesNoMore(t *testing.T) {
	f := newFake(t)
	f.item = func(doc) (int, string) { return http.StatusBadRequest, "document_parsing_exception" }
	path := filepath.Join(t.TempDir(), "letters.ndjson")
	cfg := direct(f.URL)
	cfg.DeadLetter = false
	cfg.DeadLetterFile = elasticsearchexporter.DeadLetterFileConfig{Path: path, MaxSize: 2000}
	core, logs := observer.New(zap.WarnLevel)
	set := exportertest.NewNopSettings(elasticsearchexporter.NewFactory().Type())
	set.Logger = zap.New(core)
	e, err := elasticsearchexporter.NewFactory().CreateLogs(t.Context(), set, cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, e.ConsumeLogs(t.Context(), records(20)))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.LessOrEqual(t, info.Size(), int64(2000))
	require.Greater(t, info.Size(), int64(1000))
	require.Equal(t, 1, logs.FilterMessageSnippet("not kept").Len(), "said once")
	require.NoError(t, os.Rename(path, path+".moved"))
	require.NoError(t, e.ConsumeLogs(t.Context(), records(2)))
	require.FileExists(t, path, "a new one")
	require.NoError(t, e.Shutdown(context.Background()))
}
