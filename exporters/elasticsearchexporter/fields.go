package elasticsearchexporter

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tidewatch/tidewatch/internal/pdatajson"
	"github.com/tidewatch/tidewatch/signals"
)

// Fields with a name in the Elastic Common Schema, or with one of their own in
// the index templates, stand at the top of a document; every other attribute
// stays under `resource.attributes` or `attributes` by its OpenTelemetry name.

// kind is how a raised value is written.
type kind uint8

const (
	keyword kind = iota // as a string
	integer             // as an integer; other values are not raised
	derived             // after the part of the document that its id is made of
)

// raised is a field at the top of a document. Two attributes may share one
// field; the first that comes is raised, the other stays an attribute.
type raised struct {
	name string
	kind kind
	bit  uint64
}

var resourceFields = newFieldTable(map[string]raised{
	signals.AttrServiceName:       {name: "service.name"},
	"service.version":             {name: "service.version"},
	"service.instance.id":         {name: "service.node.name"},
	"deployment.environment.name": {name: "service.environment"},
	"deployment.environment":      {name: "service.environment"},
	signals.AttrHostName:          {name: "host.name"},
	signals.AttrHostID:            {name: "host.id"},
	signals.AttrHostArch:          {name: "host.architecture"},
	"container.id":                {name: "container.id"},
	"container.name":              {name: "container.name"},
	"container.image.name":        {name: "container.image.name"},
	"cloud.provider":              {name: "cloud.provider"},
	"cloud.region":                {name: "cloud.region"},
	"cloud.availability_zone":     {name: "cloud.availability_zone"},
	"cloud.account.id":            {name: "cloud.account.id"},
	"process.pid":                 {name: "process.pid", kind: integer},
	signals.AttrLogFilePath:       {name: signals.AttrLogFilePath},
	signals.AttrLogFileName:       {name: signals.AttrLogFileName},
})

var logFields = newFieldTable(map[string]raised{
	"event.name":              {name: "event.name"},
	"exception.type":          {name: "error.type"},
	"exception.message":       {name: "error.message"},
	"exception.stacktrace":    {name: "error.stack_trace"},
	signals.AttrLogFilePath:   {name: signals.AttrLogFilePath},
	signals.AttrLogFileName:   {name: signals.AttrLogFileName},
	signals.AttrLogFileOffset: {name: signals.AttrLogFileOffset, kind: integer},
	signals.AttrLogIOStream:   {name: signals.AttrLogIOStream},
	signals.AttrPatternID:     {name: signals.AttrPatternID, kind: derived},
	signals.AttrTemplate:      {name: signals.AttrTemplate, kind: derived},
})

// fieldBits gives each field name of all tables one bit.
var fieldBits = map[string]uint64{}

// fieldTable finds the field of an attribute. Most attributes have none, so a
// bit set of length and first letter answers first.
type fieldTable struct {
	fields map[string]raised
	first  [32]uint32
}

func newFieldTable(fields map[string]raised) *fieldTable {
	t := &fieldTable{fields: fields}
	for key, f := range fields {
		bit, ok := fieldBits[f.name]
		if !ok {
			bit = 1 << len(fieldBits)
			fieldBits[f.name] = bit
		}
		f.bit = bit
		fields[key] = f
		t.first[len(key)] |= 1 << (key[0] & 31)
	}
	return t
}

func (t *fieldTable) find(key string) (raised, bool) {
	if len(key) == 0 || len(key) >= len(t.first) || t.first[len(key)]&(1<<(key[0]&31)) == 0 {
		return raised{}, false
	}
	f, ok := t.fields[key]
	return f, ok
}

// appendRaised appends the field with a comma before it, and reports false
// where the value has the wrong type for it.
func appendRaised(dst []byte, f raised, v pcommon.Value) ([]byte, bool) {
	if f.kind == integer && v.Type() != pcommon.ValueTypeInt {
		return dst, false
	}
	dst = append(dst, ',')
	dst = pdatajson.AppendKey(dst, f.name)
	if f.kind == integer {
		return pdatajson.AppendValue(dst, v), true
	}
	return appendText(dst, v), true
}

// appendText appends v as a JSON string, whatever its type.
func appendText(dst []byte, v pcommon.Value) []byte {
	if v.Type() == pcommon.ValueTypeStr {
		return pdatajson.AppendString(dst, v.Str())
	}
	return pdatajson.AppendString(dst, v.AsString())
}

const (
	findingPrefix    = "finding."
	dataStreamPrefix = "data_stream."
)

// isDerived recognises attributes that an agent learned, and may have learned
// otherwise when a line is read again.
func isDerived(key string) bool { return key == signals.AttrPatternID || key == signals.AttrTemplate }

func isFinding(key string) bool    { return strings.HasPrefix(key, findingPrefix) }
func isDataStream(key string) bool { return strings.HasPrefix(key, dataStreamPrefix) }
