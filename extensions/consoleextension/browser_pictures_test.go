//go:build browser

package consoleextension_test

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/extension/extensioncapabilities"

	"github.com/tidewatch/tidewatch/anomaly"
)

// maxPicture is what a picture of the documentation may have, in bytes.
const maxPicture = 150 << 10

// hostPipelines are much of builtin:host.
func hostPipelines(t *testing.T, e served) {
	list := func(names ...any) []any { return names }
	conf := map[string]any{
		"receivers":  map[string]any{"tail": map[string]any{"include": list("/var/log/**/*.log")}, "journald": nil, "otlp": nil, "host_metrics": map[string]any{"collection_interval": "10s"}},
		"processors": map[string]any{"memory_limiter": map[string]any{"limit_mib": 256}, "log_pattern": nil},
		"connectors": map[string]any{"pattern": nil, "anomaly": nil},
		"exporters":  map[string]any{"elasticsearch": map[string]any{"endpoint": "https://elastic.example:9200", "password": "x"}, "loki": map[string]any{"endpoint": "https://loki.example"}, "prometheus": nil, "console": nil},
		"service": map[string]any{"pipelines": map[string]any{
			"logs":        map[string]any{"receivers": list("tail", "journald", "otlp"), "processors": list("memory_limiter", "log_pattern"), "exporters": list("elasticsearch", "loki", "console", "pattern")},
			"metrics":     map[string]any{"receivers": list("otlp", "host_metrics", "pattern"), "processors": list("memory_limiter"), "exporters": list("anomaly")},
			"metrics/out": map[string]any{"receivers": list("anomaly"), "exporters": list("prometheus", "console")},
		}},
	}
	require.NoError(t, e.(toldConfig).NotifyConfigSnapshot(t.Context(), extensioncapabilities.NewConfigSnapshot(confmap.NewFromStringMap(conf), nil)))
}

// aSeries and anIncident are addresses of the one and the other that the demo has.
func aSeries(t *testing.T, e served) string {
	_, body := get(t, e, http.MethodGet, "/api/v1/series?state=anomalous&q=cpu", "")
	var v struct{ Series []struct{ ID string } }
	require.NoError(t, json.Unmarshal([]byte(body), &v))
	require.NotEmpty(t, v.Series)
	return "#/metrics?name=" + v.Series[0].ID
}

func anIncident(t *testing.T, e served) string {
	_, body := get(t, e, http.MethodGet, "/api/v1/incidents", "")
	var v struct{ Incidents []struct{ ID string } }
	require.NoError(t, json.Unmarshal([]byte(body), &v))
	require.NotEmpty(t, v.Incidents)
	return "#/incidents/" + v.Incidents[0].ID
}

// The pictures of docs/page.md: TIDEWATCH_SCREENSHOTS=$PWD/docs/img, and -run Pictures.
func TestPictures(t *testing.T) {
	if shots == "" {
		t.Skip("TIDEWATCH_SCREENSHOTS names no directory for pictures")
	}
	tame = true
	t.Cleanup(func() { tame = false })
	e, url := full(t)
	e.(baselineServer).ServeBaselines(almanac{anomaly.WeekHours})
	hostPipelines(t, e)
	take := func(b *tab, name, hash string) {
		b.visit(hash)
		b.until(`document.querySelectorAll("canvas").length === 0 || new Promise((done) => setTimeout(() => done(true), 500))`)
		b.picture(name)
	}
	light := open(t, url, "light", 1280, 860)
	for _, v := range append(slices.Clone(views), view{"patterns", "#/logs/patterns"}, view{"series", aSeries(t, e)}, view{"incident", anIncident(t, e)}) {
		take(light, v.name, v.hash)
	}
	take(open(t, url, "dark", 1280, 860), "now-dark", "#/now")
	take(open(t, url, "light", 390, 844), "now-phone", "#/now")
}

// picture writes what can be seen as a small PNG: of 256 colours, the most frequent.
func (b *tab) picture(name string) {
	b.t.Helper()
	raw, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	require.NoError(b.t, err)
	full, err := png.Decode(bytes.NewReader(raw))
	require.NoError(b.t, err)
	counts := map[color.RGBA]int{}
	for y := range full.Bounds().Dy() {
		for x := range full.Bounds().Dx() {
			counts[color.RGBAModel.Convert(full.At(x, y)).(color.RGBA)]++
		}
	}
	colours := slices.SortedFunc(maps.Keys(counts), func(a, b color.RGBA) int { return counts[b] - counts[a] })
	var palette color.Palette
	for _, c := range colours[:min(256, len(colours))] {
		palette = append(palette, c)
	}
	small := image.NewPaletted(full.Bounds(), palette)
	draw.Draw(small, small.Bounds(), full, image.Point{}, draw.Src)
	var out bytes.Buffer
	require.NoError(b.t, (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, small))
	b.t.Logf("%s.png has %d bytes", name, out.Len())
	require.LessOrEqual(b.t, out.Len(), maxPicture, name)
	require.NoError(b.t, os.WriteFile(filepath.Join(shots, name+".png"), out.Bytes(), 0o644))
}
