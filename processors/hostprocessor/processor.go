package hostprocessor

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tidewatch/tidewatch/signals"
)

// machineIDFiles hold the id of the machine, the first that exists counts
// (machine-id(5)).
var machineIDFiles = []string{"/etc/machine-id", "/var/lib/dbus/machine-id"}

// host is what is known of this host; it does not change after newHost.
type host struct {
	attrs    []attr
	override bool
}

type attr struct{ key, value string }

func newHost(cfg *Config) (*host, error) {
	name := cfg.Name
	if name == "" {
		var err error
		if name, err = os.Hostname(); err != nil {
			return nil, fmt.Errorf("detect host name: %w; set name in the configuration", err)
		}
	}
	h := &host{override: cfg.Override, attrs: []attr{
		{signals.AttrHostName, name},
		{signals.AttrHostArch, runtime.GOARCH},
		{signals.AttrOSType, runtime.GOOS},
	}}
	if id := machineID(); id != "" {
		h.attrs = append(h.attrs, attr{signals.AttrHostID, id})
	}
	return h, nil
}

func machineID() string {
	for _, f := range machineIDFiles {
		if b, err := os.ReadFile(f); err == nil {
			return string(bytes.TrimSpace(b))
		}
	}
	return ""
}

func (h *host) processTraces(_ context.Context, td ptrace.Traces) (ptrace.Traces, error) {
	for _, r := range td.ResourceSpans().All() {
		h.annotate(r.Resource().Attributes())
	}
	return td, nil
}

func (h *host) processMetrics(_ context.Context, md pmetric.Metrics) (pmetric.Metrics, error) {
	for _, r := range md.ResourceMetrics().All() {
		h.annotate(r.Resource().Attributes())
	}
	return md, nil
}

func (h *host) processLogs(_ context.Context, ld plog.Logs) (plog.Logs, error) {
	for _, r := range ld.ResourceLogs().All() {
		h.annotate(r.Resource().Attributes())
	}
	return ld, nil
}

// annotate describes this host, unless the resource names a host already: the
// attributes of two hosts must not be mixed.
func (h *host) annotate(resource pcommon.Map) {
	if _, named := resource.Get(signals.AttrHostName); named && !h.override {
		return
	}
	for _, a := range h.attrs {
		resource.PutStr(a.key, a.value)
	}
}
