package elasticsearchexporter

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

const (
	attrDataset   = dataStreamPrefix + "dataset"
	attrNamespace = dataStreamPrefix + "namespace"
	// maxStreamName is the limit of each part of a data stream's name.
	maxStreamName = 100
)

// route is where documents go: the data stream `<type>-<dataset>-<namespace>`.
type route struct{ dataset, namespace string }

// refine returns the route that the attributes ask for, where they ask.
func (r route) refine(attrs pcommon.Map) route {
	for k, v := range attrs.All() {
		if !isDataStream(k) {
			continue
		}
		switch k {
		case attrDataset:
			if s := streamName(v.AsString()); s != "" {
				r.dataset = s
			}
		case attrNamespace:
			if s := streamName(v.AsString()); s != "" {
				r.namespace = s
			}
		}
	}
	return r
}

// otelSuffix marks data streams whose documents have OpenTelemetry's names.
const otelSuffix = ".otel"

// otel is where documents with OpenTelemetry's names go.
func (r route) otel() route {
	if !strings.HasSuffix(r.dataset, otelSuffix) {
		r.dataset = strings.ToValidUTF8(r.dataset[:min(len(r.dataset), maxStreamName-len(otelSuffix))], "") + otelSuffix
	}
	return r
}

// streamName makes s fit as a part of a data stream's name: lower case, other
// characters as underscores, 100 bytes at most (the data stream naming scheme).
func streamName(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`-\/*?"<>| ,#:`, r) {
			return '_'
		}
		return r
	}, strings.ToLower(s))
	if len(s) > maxStreamName {
		s = strings.ToValidUTF8(s[:maxStreamName], "")
	}
	return s
}
