//go:build browser

package consoleextension_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/extension/extensioncapabilities"
)

type toldConfig interface {
	NotifyConfigSnapshot(ctx context.Context, snapshot extensioncapabilities.ConfigSnapshot) error
}

// The graph shows what runs, and no secret of it.
func TestPipelineInBrowser(t *testing.T) {
	e, url := full(t)
	conf := map[string]any{
		"receivers":  map[string]any{"tail": map[string]any{"include": []any{"/var/log/*.log"}}, "otlp": nil, "host_metrics": nil},
		"processors": map[string]any{"log_pattern": map[string]any{"max_patterns": 1000}},
		"connectors": map[string]any{"pattern": nil},
		"exporters": map[string]any{
			"loki":    map[string]any{"endpoint": "https://bob:canary@loki.example/push?key=canary", "headers": map[string]any{"Authorization": "canary"}, "password": "canary", "timeout": "5s"},
			"console": nil, "elasticsearch": nil,
		},
		"service": map[string]any{"pipelines": map[string]any{
			"logs":         map[string]any{"receivers": []any{"tail", "otlp"}, "processors": []any{"log_pattern"}, "exporters": []any{"loki", "elasticsearch", "console", "pattern"}},
			"logs/changes": map[string]any{"receivers": []any{"pattern"}, "exporters": []any{"console"}},
		}},
	}
	require.NoError(t, e.(toldConfig).NotifyConfigSnapshot(t.Context(), extensioncapabilities.NewConfigSnapshot(confmap.NewFromStringMap(conf), nil)))

	b := open(t, url+"#/pipeline", "light", 1280, 900)
	b.until(`document.querySelectorAll("[data-pipeline]").length === 2`)
	require.Equal(t, "logs", b.eval(`document.querySelector("[data-pipeline]").dataset.pipeline`))
	b.until(`/\/s/.test(document.querySelector("[data-pipeline=logs] [data-component=tail]").textContent)`)
	require.EqualValues(t, 1, b.count(`[data-pipeline=logs] [data-component=loki] [role=meter]`))
	require.Contains(t, b.eval(`document.querySelector("[data-testid=ledger]").textContent`), "elasticsearch")
	require.Contains(t, b.eval(`document.querySelector("[data-testid=sources]").textContent`), "tail")
	require.NotEmpty(t, b.eval(`document.querySelector("[data-testid=pipeline-state]").textContent`))

	b.tap(`[data-pipeline=logs] [data-component=loki]`)
	b.until(`document.querySelector("[data-testid=component-config] pre")?.textContent.includes("password: (hidden)")`)
	require.Contains(t, b.eval(`document.querySelector("[data-testid=component-config]").textContent`), "endpoint: https://loki.example/…")
	require.Contains(t, b.eval(`document.querySelector("[data-testid=component-config]").textContent`), "timeout: 5s")
	require.Equal(t, "#/pipeline?component=exporters%2Floki", b.eval(`location.hash`))
	b.shot("pipeline", true)
	require.NotContains(t, b.eval(`document.documentElement.outerHTML`), "canary")
	b.until(`fetch("/api/v1/pipeline/config").then((r) => r.text()).then((text) => !text.includes("canary"))`)
	b.clean()
}
