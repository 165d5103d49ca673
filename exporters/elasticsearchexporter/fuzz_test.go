package elasticsearchexporter

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

// FuzzLogDocuments encodes what OTLP can carry, repeated keys too, and wants
// valid documents without repeated names.
func FuzzLogDocuments(f *testing.F) {
	f.Add([]byte(`{"resourceLogs":[{"resource":{"attributes":[{"key":"host.name","value":{"stringValue":"a"}},{"key":"host.name","value":{"intValue":1}}]},"scopeLogs":[{"logRecords":[{"attributes":[{"key":"x","value":{"stringValue":"1"}},{"key":"y"},{"key":"x","value":{"stringValue":"2"}},{"key":"","value":{"doubleValue":1}},{"key":"event.name","value":{"boolValue":true}}]}]}]}]}`))
	f.Add([]byte(`{"resourceLogs":[{"scopeLogs":[{"scope":{"name":"s"},"logRecords":[{"timeUnixNano":"1795262400123456789","observedTimeUnixNano":"1","severityText":"X","eventName":"e","body":{"kvlistValue":{"values":[{"key":"a","value":{"arrayValue":{"values":[{"doubleValue":"NaN"},{"bytesValue":"AAEC"}]}}}]}},"attributes":[{"key":"finding.start","value":{"intValue":"-1"}},{"key":"log.file.position","value":{"intValue":"7"}},{"key":"log.pattern.id","value":{"stringValue":"\ud800"}},{"key":"data_stream.dataset","value":{"stringValue":"\"x"}}]}]}]}]}`))
	f.Add([]byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"{\"time\":\"2026-11-21T12:00:00Z\",\"level\":\"WARN\",\"a\":{\"b\":[1,-2.5e3,null,true,{\"c\":\"\\u00e9\"}]},\"msg\":\"x\\n\"}"},"attributes":[{"key":"b","value":{"stringValue":"1"}}]},{"body":{"stringValue":"{\"a\":1,\"a\":2}"}}]}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var u plog.JSONUnmarshaler
		ld, err := u.UnmarshalLogs(data)
		if err != nil {
			return
		}
		for _, e := range []encoding{{raw: true}, {otel: true, raw: true}, {otel: true}} {
			e.base, e.ids = route{"generic", "default"}, idAuto
			requireDocuments(t, ld, e)
		}
	})
}

func requireDocuments(t *testing.T, ld plog.Logs, e encoding) {
	t.Helper()
	b := newBody(e)
	defer b.release()
	b.appendLogs(ld)
	require.Len(t, b.items, ld.LogRecordCount())
	lines := strings.Split(strings.TrimSuffix(string(b.buf), "\n"), "\n")
	if len(b.items) > 0 {
		require.Len(t, lines, 2*len(b.items))
	}
	for i, it := range b.items {
		requireUniqueNames(t, string(b.buf[it.start:it.doc]))
		require.Equal(t, lines[2*i+1]+"\n", string(b.buf[it.doc:it.end]))
		requireUniqueNames(t, lines[2*i+1])
	}
}

// requireUniqueNames walks the JSON text: Elasticsearch refuses repeated names.
func requireUniqueNames(t *testing.T, text string) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var walk func()
	walk = func() {
		token, err := d.Token()
		require.NoError(t, err, text)
		switch token {
		case json.Delim('{'):
			names := map[string]bool{}
			for d.More() {
				name, err := d.Token()
				require.NoError(t, err)
				require.False(t, names[name.(string)], "%q twice in %s", name, text)
				names[name.(string)] = true
				walk()
			}
			_, _ = d.Token()
		case json.Delim('['):
			for d.More() {
				walk()
			}
			_, _ = d.Token()
		}
	}
	walk()
}
