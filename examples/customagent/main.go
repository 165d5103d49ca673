// Command customagent is Tidewatch with a processor of its own: it is all of Tidewatch,
// and drops the log lines of health checks where the configuration has drop_health_checks.
package main

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tidewatch/tidewatch/agent"
)

func main() {
	agent.Main(agent.WithProcessors(agent.NewProcessor("drop_health_checks", agent.Functions{
		Log: func(_ pcommon.Resource, r plog.LogRecord) bool {
			return !strings.Contains(r.Body().AsString(), "GET /healthz")
		},
	})))
}
