package agent

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/service"

	"github.com/tidewatch/tidewatch/agent/defaults"
)

// defaultProfile runs when no configuration is named.
const defaultProfile = "builtin:host"

// sources says where the configuration comes from; later ones override.
type sources struct {
	// locations are files or URIs (builtin:, file:, env:, yaml:).
	locations []string
	// sets are key=value pairs, the key's parts separated by "::" or ".".
	sets []string
}

// uris are the locations in the order in which they are merged.
func (s sources) uris() ([]string, error) {
	uris := append([]string(nil), s.locations...)
	if len(uris) == 0 {
		uris = append(uris, defaultProfile)
	}
	for _, set := range s.sets {
		key, value, ok := strings.Cut(set, "=")
		if !ok || strings.TrimSpace(key) == "" {
			return nil, &ConfigError{Problem: fmt.Sprintf("--set %s is not of the form key=value", set), Hint: "write --set exporters::loki::timeout=10s"}
		}
		if !strings.Contains(key, "::") {
			key = strings.ReplaceAll(key, ".", "::")
		}
		uris = append(uris, "yaml:"+strings.TrimSpace(key)+": "+strings.TrimSpace(value))
	}
	return uris, nil
}

// load reads, merges and checks the configuration without starting anything.
// What is wrong comes back as one or more *ConfigError.
func (s sources) load(ctx context.Context, factories otelcol.Factories, info component.BuildInfo) (*otelcol.Config, error) {
	uris, err := s.uris()
	if err != nil {
		return nil, err
	}
	files, err := readFiles(uris)
	if err != nil {
		return nil, err
	}
	provider, err := otelcol.NewConfigProvider(otelcol.ConfigProviderSettings{ResolverSettings: confmap.ResolverSettings{
		URIs: uris,
		ProviderFactories: []confmap.ProviderFactory{
			defaults.NewFactory(), envprovider.NewFactory(), fileprovider.NewFactory(), yamlprovider.NewFactory(),
		},
		DefaultScheme: "env",
	}})
	if err != nil {
		return nil, files.explain(err, factories)
	}
	tried, err := provider.Get(ctx, factories)
	var cfg *otelcol.Config
	if err == nil {
		// What was tried cannot run: receivers that serve several signals find themselves
		// by their configuration, and would be the ones of the trial, which tell nobody
		// what they do.
		cfg, err = provider.Get(ctx, factories)
	}
	if err = errors.Join(err, provider.Shutdown(ctx)); err != nil {
		return nil, files.explain(err, factories)
	}
	if err := confmap.Validate(cfg); err != nil {
		return nil, files.explain(err, factories)
	}
	set := serviceSettings(tried, factories, info)
	if err := service.Validate(ctx, set, service.Config{Pipelines: tried.Service.Pipelines}); err != nil {
		return nil, files.explain(err, factories)
	}
	return cfg, nil
}

// serviceSettings hands configurations and factories to the runtime, which calls components
// through what contains their panics.
func serviceSettings(cfg *otelcol.Config, f otelcol.Factories, info component.BuildInfo) service.Settings {
	return service.Settings{
		BuildInfo:           info,
		ReceiversConfigs:    cfg.Receivers,
		ReceiversFactories:  f.Receivers,
		ProcessorsConfigs:   cfg.Processors,
		ProcessorsFactories: contained(f.Processors, containProcessors),
		ExportersConfigs:    cfg.Exporters,
		ExportersFactories:  contained(f.Exporters, containExporters),
		ConnectorsConfigs:   cfg.Connectors,
		ConnectorsFactories: contained(f.Connectors, containConnectors),
		ExtensionsConfigs:   cfg.Extensions,
		ExtensionsFactories: f.Extensions,
		TelemetryFactory:    f.Telemetry,
	}
}

// effective is the configuration with all defaults filled in; secrets are masked.
func effective(cfg *otelcol.Config) (*confmap.Conf, error) {
	conf := confmap.New()
	if err := conf.Marshal(cfg); err != nil {
		return nil, fmt.Errorf("marshal configuration: %w", err)
	}
	return conf, nil
}
