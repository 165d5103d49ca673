package loadsheddingextension

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
)

var componentType = component.MustNewType("load_shedding")

// NewFactory returns the factory of the load shedding extension.
func NewFactory() extension.Factory {
	return extension.NewFactory(
		componentType,
		func() component.Config { return createDefaultConfig() },
		func(_ context.Context, set extension.Settings, cfg component.Config) (extension.Extension, error) {
			return newShedding(set, cfg.(*Config))
		},
		component.StabilityLevelAlpha,
	)
}
