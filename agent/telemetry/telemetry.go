// Package telemetry is what the agent says about itself: its log and its metrics.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	otelprom "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configtelemetry"
	"go.opentelemetry.io/collector/pdata/pcommon"
	upstream "go.opentelemetry.io/collector/service/telemetry"
	nooptrace "go.opentelemetry.io/otel/trace/noop"

	"github.com/tidewatch/tidewatch/internal/listen"
	"github.com/tidewatch/tidewatch/internal/selfmetrics"
	"github.com/tidewatch/tidewatch/signals"
)

// maxScrapes is how many pages are rendered at once; who comes meanwhile is sent away.
const maxScrapes = 8

// Config is service::telemetry: what the agent says about itself. It is
// a small part of upstream's schema; metric names are upstream's otelcol_*.
type Config struct {
	Logs    LogsConfig    `mapstructure:"logs"`
	Metrics MetricsConfig `mapstructure:"metrics"`
	Traces  TracesConfig  `mapstructure:"traces"`
}

// LogsConfig configures the agent's own log on standard error.
type LogsConfig struct {
	// Level is debug, info, warn or error.
	Level zapcore.Level `mapstructure:"level"`
	// Encoding is console or json.
	Encoding string `mapstructure:"encoding"`
}

// MetricsConfig configures the agent's own metrics.
type MetricsConfig struct {
	// Level is none, basic, normal or detailed; none serves no metrics.
	Level configtelemetry.Level `mapstructure:"level"`
	// Endpoint is the address that serves /metrics.
	Endpoint string `mapstructure:"endpoint"`
	// Config is who may see them: tls, token_file, open_to_network. The agent itself, its
	// page and its health, need not ask.
	listen.Config `mapstructure:",squash"`
}

// TracesConfig configures spans about the agent's own work, for an extension that shows them.
type TracesConfig struct {
	// Level is none (no spans are made) or basic.
	Level configtelemetry.Level `mapstructure:"level"`
}

// Validate names the key and the fix.
func (c *Config) Validate() error {
	if c.Logs.Encoding != "console" && c.Logs.Encoding != "json" {
		return fmt.Errorf("logs::encoding must be console or json, not %q", c.Logs.Encoding)
	}
	if c.Metrics.Level != configtelemetry.LevelNone {
		if err := c.Metrics.Check(c.Metrics.Endpoint, signals.AddrTelemetry); err != nil {
			return fmt.Errorf("metrics::%w", err)
		}
	}
	return nil
}

// NewFactory returns a factory that is slimmer than upstream's by about 6 MB of
// binary and 5 MB of memory, which go into exporters that the agent does not need
// for itself. The builder's manifest names it, too.
func NewFactory() upstream.Factory {
	return upstream.NewFactory(
		func() component.Config {
			return &Config{
				Logs:    LogsConfig{Level: zapcore.InfoLevel, Encoding: "console"},
				Metrics: MetricsConfig{Level: configtelemetry.LevelNormal, Endpoint: signals.AddrTelemetry},
				Traces:  TracesConfig{Level: configtelemetry.LevelNone},
			}
		},
		upstream.WithCreateResource(createResource),
		upstream.WithCreateLogger(createLogger),
		upstream.WithCreateMeterProvider(createMeterProvider),
		upstream.WithCreateTracerProvider(createTracerProvider),
	)
}

func createResource(_ context.Context, set upstream.Settings, _ component.Config) (pcommon.Resource, error) {
	r := pcommon.NewResource()
	r.Attributes().PutStr(signals.AttrServiceName, set.BuildInfo.Command)
	r.Attributes().PutStr("service.version", set.BuildInfo.Version)
	r.Attributes().PutStr("service.instance.id", uuid.NewString())
	return r, nil
}

func createLogger(_ context.Context, set upstream.LoggerSettings, c component.Config) (*zap.Logger, component.ShutdownFunc, error) {
	cfg := c.(*Config).Logs
	enc := zap.NewProductionEncoderConfig()
	enc.EncodeTime = zapcore.ISO8601TimeEncoder
	zc := zap.Config{
		Level:            zap.NewAtomicLevelAt(cfg.Level),
		Encoding:         cfg.Encoding,
		EncoderConfig:    enc,
		OutputPaths:      []string{"stderr"},
		ErrorOutputPaths: []string{"stderr"},
		// A line that repeats a thousand times a second must not become load.
		Sampling:          &zap.SamplingConfig{Initial: 10, Thereafter: 100},
		DisableStacktrace: true,
		DisableCaller:     true,
	}
	build := set.BuildZapLogger
	if build == nil {
		build = zap.Config.Build
	}
	logger, err := build(zc, zap.WrapCore(newQuiet))
	return logger, nil, err
}

func createMeterProvider(ctx context.Context, set upstream.MeterSettings, c component.Config) (upstream.MeterProvider, error) {
	cfg := c.(*Config).Metrics
	if cfg.Level == configtelemetry.LevelNone {
		return &meterServer{MeterProvider: sdkmetric.NewMeterProvider()}, nil
	}
	registry := prometheus.NewRegistry()
	// The same choices as upstream's default, so that the names are equal.
	reader, err := otelprom.New(otelprom.WithRegisterer(registry), otelprom.WithoutUnits(), otelprom.WithoutCounterSuffixes(), otelprom.WithoutScopeInfo(), otelprom.WithoutTargetInfo()) //nolint:staticcheck // the options that upstream takes, too
	if err != nil {
		return nil, fmt.Errorf("create own metrics: %w", err)
	}
	opts := []sdkmetric.Option{sdkmetric.WithReader(reader)}
	if cfg.Level < configtelemetry.LevelDetailed {
		opts = append(opts, sdkmetric.WithView(dropScopes(
			"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc",
			"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp",
		)))
	}
	token, err := cfg.NewToken()
	if err != nil {
		return nil, fmt.Errorf("service::telemetry::metrics: %w", err)
	}
	listener, err := cfg.Listen(ctx, cfg.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("service::telemetry::metrics: %w", err)
	}
	page := http.NewServeMux()
	page.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: maxScrapes}))
	m := &meterServer{
		MeterProvider: sdkmetric.NewMeterProvider(opts...),
		server:        listen.Server(token.Guard(page)),
		withdraw:      selfmetrics.Publish(listener.Addr().String(), registry),
		done:          make(chan struct{}),
	}
	go func() {
		defer close(m.done)
		if err := m.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			set.Logger.Error("The agent's own metrics are no longer served.", zap.Error(err))
		}
	}()
	return m, nil
}

// meterServer is a meter provider that serves what it measures.
type meterServer struct {
	*sdkmetric.MeterProvider
	server   *http.Server
	withdraw func()
	done     chan struct{}
}

// Shutdown stops the server and waits for it.
func (m *meterServer) Shutdown(ctx context.Context) error {
	var err error
	if m.server != nil {
		m.withdraw()
		err = m.server.Close()
		<-m.done
	}
	return errors.Join(err, m.MeterProvider.Shutdown(ctx))
}

func dropScopes(names ...string) sdkmetric.View {
	return func(i sdkmetric.Instrument) (sdkmetric.Stream, bool) {
		if slices.Contains(names, i.Scope.Name) {
			return sdkmetric.Stream{Aggregation: sdkmetric.AggregationDrop{}}, true
		}
		return sdkmetric.Stream{}, false
	}
}

type noopTracerProvider struct{ nooptrace.TracerProvider }

func (noopTracerProvider) Shutdown(context.Context) error { return nil }

func createTracerProvider(_ context.Context, _ upstream.TracerSettings, c component.Config) (upstream.TracerProvider, error) {
	if c.(*Config).Traces.Level == configtelemetry.LevelNone {
		return noopTracerProvider{}, nil
	}
	return sdktrace.NewTracerProvider(), nil
}
