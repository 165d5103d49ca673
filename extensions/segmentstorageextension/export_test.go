package segmentstorageextension

import (
	"go.opentelemetry.io/collector/component"

	"github.com/tidewatch/tidewatch/internal/segmentlog"
)

// SetOpenFile replaces how an extension that has not been started opens segments.
func SetOpenFile(ext component.Component, open func(path string, create bool) (segmentlog.File, error)) {
	ext.(*segmentStorage).openFile = open
}
