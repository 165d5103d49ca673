package segmentstorageextension

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
)

var componentType = component.MustNewType("segment_storage")

// NewFactory returns the factory of the segment_storage extension.
func NewFactory() extension.Factory {
	return extension.NewFactory(
		componentType,
		func() component.Config { return createDefaultConfig() },
		func(_ context.Context, set extension.Settings, cfg component.Config) (extension.Extension, error) {
			return newSegmentStorage(set, cfg.(*Config)), nil
		},
		component.StabilityLevelAlpha,
	)
}
