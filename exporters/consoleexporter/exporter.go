package consoleexporter

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tidewatch/tidewatch/internal/localstore"
	"github.com/tidewatch/tidewatch/signals"
)

// storeOwner is what the console extension offers.
type storeOwner interface {
	LocalStore() *localstore.Store
}

type consoleExporter struct {
	extension component.ID
	store     *localstore.Store
}

func newExporter(cfg *Config) *consoleExporter {
	return &consoleExporter{extension: cfg.Extension}
}

func (e *consoleExporter) start(_ context.Context, host component.Host) error {
	ext, ok := host.GetExtensions()[e.extension]
	if !ok {
		return fmt.Errorf("extension: %q is not configured: add it to extensions and to service::extensions", e.extension)
	}
	owner, ok := ext.(storeOwner)
	if !ok {
		return fmt.Errorf("extension: %q is not a console extension", e.extension)
	}
	e.store = owner.LocalStore()
	return nil
}

// entityKeys are the resource attributes that say whose data it is.
var entityKeys = []string{
	signals.AttrServiceName, "service.namespace", "service.instance.id",
	"k8s.namespace.name", "k8s.node.name", "k8s.pod.name", "k8s.container.name", "container.name",
	signals.AttrLogFilePath, signals.AttrHostName,
}

func entity(resource pcommon.Map) []localstore.Attr {
	var out []localstore.Attr
	for _, k := range entityKeys {
		if v, ok := resource.Get(k); ok {
			out = append(out, localstore.Attr{Key: k, Value: v.AsString()})
		}
	}
	return out
}

// text returns the value of key as text, "" if there is none. It copies nothing
// for strings.
func text(m pcommon.Map, key string) string {
	v, ok := m.Get(key)
	if !ok {
		return ""
	}
	return valueText(v)
}

func valueText(v pcommon.Value) string {
	if v.Type() == pcommon.ValueTypeStr {
		return v.Str()
	}
	return v.AsString()
}
