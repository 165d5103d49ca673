package jvm

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"
)

// Append writes what a page tells, if it is one.
func Append(text []byte, now time.Time, md pmetric.Metrics) {
	if p, err := parse(text); err == nil {
		(&reader{}).append(p, now, md)
	}
}
