package elasticsearchexporter

import (
	"embed"
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pipeline"

	"github.com/tidewatch/tidewatch/internal/pdatajson"
)

//go:embed templates/*.json
var templateFiles embed.FS

// Templates by name: the files of templates/ without their ending.
const (
	templateLogs       = "logs"
	templateLogsOTel   = "logs-otel"
	templateMetrics    = "metrics"
	templateTraces     = "traces"
	templateTracesOTel = "traces-otel"
)

// templatesOf are those that an exporter of the signal needs.
func (c *Config) templatesOf(signal pipeline.Signal) []string {
	var names []string
	switch {
	case signal == pipeline.SignalMetrics:
		names = []string{templateMetrics}
	case signal == pipeline.SignalTraces && c.Mode == modeOTel:
		names = []string{templateTracesOTel}
	case signal == pipeline.SignalTraces:
		names = []string{templateTraces}
	case c.Mode == modeOTel:
		names = []string{templateLogsOTel}
	default:
		return []string{templateLogs}
	}
	if c.DeadLetter { // dead letters are logs
		names = append(names, templateLogs)
	}
	return names
}

// indexSettings are what a user adds to the templates.
type indexSettings struct {
	retention time.Duration // 0: the server's default
	policy    string        // of index lifecycle management
	pipeline  string        // of ingest
}

// template returns the full text of a template. Each line that a plainer form
// leaves out stands alone and ends with a comma.
func (s indexSettings) template(name string) (string, error) {
	b, err := templateFiles.ReadFile("templates/" + name + ".json")
	if err != nil {
		return "", fmt.Errorf("read index template: %w", err)
	}
	text := string(b)
	var said []string // of the settings, so that others are noticed
	if s.retention > 0 {
		kept := fmt.Sprintf("%dh", int(s.retention.Hours()))
		text = strings.Replace(text, `"lifecycle": {}`, `"lifecycle": {"data_retention": "`+kept+`"}`, 1)
		said = append(said, "retention="+kept)
	}
	for _, line := range [...][2]string{{"index.default_pipeline", s.pipeline}, {"index.lifecycle.name", s.policy}} {
		if line[1] != "" {
			value := string(pdatajson.AppendString(nil, line[1]))
			text = strings.Replace(text, "\"settings\": {\n", "\"settings\": {\n      \""+line[0]+"\": "+value+",\n", 1)
			said = append(said, line[0]+"="+line[1])
		}
	}
	if len(said) > 0 {
		meta := pdatajson.AppendString(nil, strings.Join(said, " "))
		text = strings.Replace(text, `"_meta": {`, `"_meta": {"settings": `+string(meta)+`, `, 1)
	}
	return text, nil
}

// forms make a template plainer, one after the other, until a server that lacks
// a field type or a setting accepts it. The last leaves nothing but what
// Elasticsearch has had since 8.3.
var forms = []func(string) string{
	func(text string) string { return text },
	func(text string) string {
		return strings.ReplaceAll(withoutLines(text, `{"histograms":`), `"match_only_text"`, `"text"`)
	},
	func(text string) string { return withoutLines(text, `"index.lifecycle.name":`) },
	func(text string) string {
		text = withoutLines(text, `"lifecycle":`, `"index.mapping.total_fields.ignore_dynamic_beyond_limit":`)
		for _, priority := range []string{"30", "20", "10", "5"} {
			text = strings.ReplaceAll(text, `{"type": "passthrough", "priority": `+priority+`, "dynamic": true}`, `{"type": "object", "subobjects": false, "dynamic": true}`)
		}
		return text
	},
}

// withoutLines leaves out the lines that begin with one of the texts.
func withoutLines(text string, begins ...string) string {
	var out strings.Builder
next:
	for line := range strings.Lines(text) {
		for _, begin := range begins {
			if strings.HasPrefix(strings.TrimSpace(line), begin) {
				continue next
			}
		}
		out.WriteString(line)
	}
	return out.String()
}
