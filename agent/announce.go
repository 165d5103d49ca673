package agent

import (
	"fmt"
	"io"
	"os"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/otelcol"

	"github.com/tidewatch/tidewatch/agent/telemetry"
)

// announce prints where to look, for the servers that are configured.
func announce(w io.Writer, cfg *otelcol.Config) {
	fmt.Fprintln(w, "Tidewatch is running.")
	line := func(what, url string) { fmt.Fprintf(w, "  %-9s %s\n", what, url) }
	running := map[component.ID]bool{}
	for _, id := range cfg.Service.Extensions {
		running[id] = true
	}
	for id, c := range cfg.Extensions {
		if id.Type().String() == "console" && running[id] {
			line("page", address(c)+"/")
		}
	}
	for id, c := range cfg.Exporters {
		if id.Type().String() == "prometheus" {
			line("metrics", address(c)+"/metrics")
		}
	}
	for id, c := range cfg.Extensions {
		if id.Type().String() == "health" && running[id] {
			line("health", address(c)+"/readyz")
		}
	}
	if t, ok := cfg.Service.Telemetry.(*telemetry.Config); ok && t.Metrics.Endpoint != "" {
		line("itself", "http://"+t.Metrics.Endpoint+"/metrics")
	}
	line("state", os.Getenv("TIDEWATCH_STATE_DIR"))
}

// address reads where a component serves from its configuration: the key endpoint, and
// tls if there is TLS.
func address(c component.Config) string {
	conf := confmap.New()
	if err := conf.Marshal(c); err != nil {
		return ""
	}
	s, _ := conf.Get("endpoint").(string)
	if conf.Get("tls") != nil {
		return "https://" + s
	}
	return "http://" + s
}
