package agent

import (
	"slices"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/receiver"

	"github.com/tidewatch/tidewatch/agent/telemetry"
)

// Option adds to what the agent is built of. A factory whose type is already
// in the list replaces it, so that a custom agent can bring its own version of
// a component.
type Option func(*componentSet)

// WithReceivers adds receiver factories.
func WithReceivers(f ...receiver.Factory) Option {
	return func(s *componentSet) { s.receivers = add(s.receivers, f) }
}

// WithProcessors adds processor factories.
func WithProcessors(f ...processor.Factory) Option {
	return func(s *componentSet) { s.processors = add(s.processors, f) }
}

// WithConnectors adds connector factories.
func WithConnectors(f ...connector.Factory) Option {
	return func(s *componentSet) { s.connectors = add(s.connectors, f) }
}

// WithExporters adds exporter factories.
func WithExporters(f ...exporter.Factory) Option {
	return func(s *componentSet) { s.exporters = add(s.exporters, f) }
}

// WithExtensions adds extension factories.
func WithExtensions(f ...extension.Factory) Option {
	return func(s *componentSet) { s.extensions = add(s.extensions, f) }
}

// componentSet is the list of factories by kind, in the order of the list.
type componentSet struct {
	receivers  []receiver.Factory
	processors []processor.Factory
	connectors []connector.Factory
	exporters  []exporter.Factory
	extensions []extension.Factory
}

func add[F component.Factory](have, more []F) []F {
	for _, f := range more {
		have = slices.DeleteFunc(have, func(h F) bool { return h.Type() == f.Type() })
		have = append(have, f)
	}
	return have
}

// factories turns the set into what the collector's runtime wants.
func (s *componentSet) factories() (otelcol.Factories, error) {
	f := otelcol.Factories{Telemetry: telemetry.NewFactory()}
	var err error
	if f.Receivers, err = otelcol.MakeFactoryMap(s.receivers...); err != nil {
		return f, err
	}
	if f.Processors, err = otelcol.MakeFactoryMap(s.processors...); err != nil {
		return f, err
	}
	if f.Connectors, err = otelcol.MakeFactoryMap(s.connectors...); err != nil {
		return f, err
	}
	if f.Exporters, err = otelcol.MakeFactoryMap(s.exporters...); err != nil {
		return f, err
	}
	f.Extensions, err = otelcol.MakeFactoryMap(s.extensions...)
	return f, err
}
