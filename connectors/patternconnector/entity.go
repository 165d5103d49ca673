package patternconnector

import (
	"path"
	"path/filepath"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tidewatch/tidewatch/signals"
)

// identity are the resource attributes that name a service and where it runs.
var identity = [...]string{
	signals.AttrServiceName, "service.namespace", "k8s.namespace.name", "k8s.deployment.name", "k8s.container.name",
	"container.name", signals.AttrHostName,
}

// names are those of them without which the file names the service.
var names = [...]string{signals.AttrServiceName, "k8s.container.name", "container.name"}

// keyOf joins the values that identify the service of a resource.
func keyOf(resource pcommon.Map) string {
	var b strings.Builder
	for _, k := range identity {
		if v, ok := resource.Get(k); ok {
			b.WriteString(v.AsString())
		}
		b.WriteByte(0)
	}
	b.WriteString(fileOf(resource))
	return b.String()
}

// fileOf is the log file of a resource that has no better name.
func fileOf(resource pcommon.Map) string {
	for _, k := range names {
		if _, ok := resource.Get(k); ok {
			return ""
		}
	}
	if v, ok := resource.Get(signals.AttrLogFilePath); ok {
		return v.AsString()
	}
	return ""
}

// entityOf copies the identity of a resource.
func entityOf(resource pcommon.Map) pcommon.Map {
	m := pcommon.NewMap()
	for _, k := range identity {
		if v, ok := resource.Get(k); ok {
			v.CopyTo(m.PutEmpty(k))
		}
	}
	if f := fileOf(resource); f != "" {
		m.PutStr(signals.AttrLogFilePath, f)
	}
	return m
}

// entityName is what a person calls the service.
func entityName(entity pcommon.Map) string {
	for _, k := range [...]string{signals.AttrServiceName, "k8s.container.name", "container.name", signals.AttrLogFilePath, signals.AttrHostName} {
		v, ok := entity.Get(k)
		switch {
		case !ok:
			continue
		case k == signals.AttrLogFilePath: // the whole path is among the finding's attributes
			return path.Base(filepath.ToSlash(v.AsString()))
		default:
			return v.AsString()
		}
	}
	return "an unnamed service"
}

func isFinding(r plog.LogRecord) bool { return r.EventName() == signals.EventFinding }

// patternOf is the id of the record's pattern, empty if it has none.
func patternOf(r plog.LogRecord) string {
	if v, ok := r.Attributes().Get(signals.AttrPatternID); ok && v.Type() == pcommon.ValueTypeStr {
		return v.Str()
	}
	return ""
}
