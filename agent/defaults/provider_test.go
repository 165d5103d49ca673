package defaults_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.yaml.in/yaml/v3"

	"github.com/tidewatch/tidewatch/agent/defaults"
)

type profile struct {
	Receivers, Exporters, Extensions map[string]any
	Service                          struct {
		Extensions []string
		Pipelines  map[string]struct{ Receivers, Exporters []string }
	}
}

func render(t *testing.T, env map[string]string) profile {
	t.Helper()
	return renderProfile(t, "host", env)
}

func renderProfile(t *testing.T, name string, env map[string]string) profile {
	t.Helper()
	b, err := defaults.Render(name, func(k string) string { return env[k] }, math.MaxInt64)
	require.NoError(t, err)
	var p profile
	require.NoError(t, yaml.Unmarshal(b, &p))
	return p
}

func TestExportersFollowTheEnvironment(t *testing.T) {
	p := render(t, nil)
	require.Len(t, p.Exporters, 2)
	require.Equal(t, []string{"console", "pattern", "root_cause"}, p.Service.Pipelines["logs"].Exporters)
	require.Equal(t, []string{"segment_storage", "health", "load_shedding", "console"}, p.Service.Extensions)

	p = render(t, map[string]string{
		"TIDEWATCH_ELASTICSEARCH_URL": "http://es", "TIDEWATCH_LOKI_URL": "http://loki",
		"TIDEWATCH_REMOTE_WRITE_URL": "http://prom", "TIDEWATCH_DEBUG": "1",
	})
	require.Equal(t, []string{"console", "pattern", "root_cause", "elasticsearch", "loki"}, p.Service.Pipelines["logs"].Exporters)
	require.Equal(t, []string{"incident", "console", "elasticsearch", "loki"}, p.Service.Pipelines["logs/findings"].Exporters)
	require.Equal(t, []string{"console", "elasticsearch", "loki"}, p.Service.Pipelines["logs/incidents"].Exporters)
	require.NotContains(t, p.Service.Pipelines, "logs/alerts")
	require.Equal(t, []string{"prometheus", "console", "remote_write"}, p.Service.Pipelines["metrics/out"].Exporters)
	require.Equal(t, []string{"red", "root_cause", "console", "elasticsearch"}, p.Service.Pipelines["traces"].Exporters)
	require.Contains(t, p.Service.Extensions, "pprof")
	require.Equal(t, "${env:TIDEWATCH_LOKI_URL}", p.Exporters["loki"].(map[string]any)["endpoint"], "a secret in a URL is not copied into the profile")
}

func TestTheMemoryLimiterStaysBelowTheRuntime(t *testing.T) {
	for limit, want := range map[int64]int{math.MaxInt64: 256, 1 << 30: 256, 100 << 20: 80} {
		b, err := defaults.Render("host", func(string) string { return "" }, limit)
		require.NoError(t, err)
		var p struct {
			Processors struct {
				MemoryLimiter struct {
					LimitMiB int `yaml:"limit_mib"`
				} `yaml:"memory_limiter"`
			}
		}
		require.NoError(t, yaml.Unmarshal(b, &p))
		require.Equal(t, want, p.Processors.MemoryLimiter.LimitMiB)
	}
}

func TestAlertsComeAndIncidentsGo(t *testing.T) {
	for _, name := range []string{"host", "gateway"} {
		p := renderProfile(t, name, map[string]string{"TIDEWATCH_ALERTMANAGER_URL": "http://am", "TIDEWATCH_ALERT_WEBHOOK": "127.0.0.1:4324", "TIDEWATCH_TICKET_SYSTEM": "jira", "TIDEWATCH_TICKET_USER": "bot"})
		require.Equal(t, []string{"incident", "console"}, p.Service.Pipelines["logs/alerts"].Exporters)
		require.Equal(t, []string{"console", "alertmanager", "ticket"}, p.Service.Pipelines["logs/incidents"].Exporters)
		require.Equal(t, []string{"incident"}, p.Service.Pipelines["metrics/calls"].Exporters)
	}
}

func TestAgentsWriteToKafkaAndGatewaysReadFromIt(t *testing.T) {
	p := renderProfile(t, "kafka", nil)
	for _, signal := range []string{"logs", "metrics", "traces"} {
		require.Equal(t, []string{"kafka", "console"}, p.Service.Pipelines[signal].Exporters)
	}

	p = renderProfile(t, "gateway", nil)
	require.Equal(t, []string{"pattern"}, p.Service.Pipelines["logs"].Exporters)
	require.Equal(t, []string{"prometheus"}, p.Service.Pipelines["metrics/out"].Exporters)
	p = renderProfile(t, "gateway", map[string]string{
		"TIDEWATCH_ELASTICSEARCH_URL": "http://es", "TIDEWATCH_LOKI_URL": "http://loki", "TIDEWATCH_REMOTE_WRITE_URL": "http://prom",
	})
	require.Equal(t, []string{"pattern", "elasticsearch", "loki"}, p.Service.Pipelines["logs"].Exporters)
	require.Equal(t, []string{"remote_write"}, p.Service.Pipelines["metrics/out"].Exporters)
	for _, name := range []string{"elasticsearch", "loki", "remote_write"} {
		require.Equal(t, map[string]any{"enabled": false}, p.Exporters[name].(map[string]any)["sending_queue"], "an offset is committed after the export")
	}
}

func TestInKubernetesOthersAreLetInOnlyWhenAskedFor(t *testing.T) {
	render := func(env map[string]string) (otlp map[string]any, p profile) {
		t.Helper()
		p = renderProfile(t, "kubernetes", env)
		require.Equal(t, []string{"otlp", "host_metrics", "host_metrics/processes", "scrape", "pattern", "red"}, p.Service.Pipelines["metrics"].Receivers)
		return p.Receivers["otlp"].(map[string]any)["protocols"].(map[string]any)["grpc"].(map[string]any), p
	}
	otlp, p := render(nil)
	require.Equal(t, map[string]any{"endpoint": "127.0.0.1:4317"}, otlp)
	require.Equal(t, "127.0.0.1:4321", p.Exporters["prometheus"].(map[string]any)["endpoint"])
	otlp, _ = render(map[string]string{"TIDEWATCH_OTLP_TLS_CERT": "/c", "TIDEWATCH_OTLP_CLIENT_CA": "/ca"})
	require.Equal(t, "0.0.0.0:4317", otlp["endpoint"])
	require.Equal(t, "${env:TIDEWATCH_OTLP_CLIENT_CA}", otlp["tls"].(map[string]any)["client_ca_file"])
	otlp, p = render(map[string]string{"TIDEWATCH_OTLP_HOST": "10.0.0.7", "TIDEWATCH_LISTEN_HOST": "0.0.0.0"})
	require.Equal(t, map[string]any{"endpoint": "10.0.0.7:4317"}, otlp)
	require.Equal(t, "0.0.0.0:4321", p.Exporters["prometheus"].(map[string]any)["endpoint"])
	for _, name := range []string{"kubernetes", "gateway"} {
		p = renderProfile(t, name, map[string]string{"TIDEWATCH_LISTEN_HOST": "fd00::1"})
		require.Equal(t, "[fd00::1]:4321", p.Exporters["prometheus"].(map[string]any)["endpoint"], name)
	}
}

// A token in a file guards what takes OTLP, and the addresses of a pod are opened only when
// they are asked for.
func TestGuardsOfTheProfiles(t *testing.T) {
	for _, name := range []string{"host", "kubernetes", "kafka"} {
		p := renderProfile(t, name, map[string]string{"TIDEWATCH_KAFKA_BROKERS": "k:9092", "TIDEWATCH_OTLP_TOKEN_FILE": "/t"})
		require.Equal(t, map[string]any{"filename": "${env:TIDEWATCH_OTLP_TOKEN_FILE}"}, p.Extensions["bearertokenauth"], name)
		require.Contains(t, p.Service.Extensions, "bearertokenauth", name)
		for protocol, of := range p.Receivers["otlp"].(map[string]any)["protocols"].(map[string]any) {
			require.Equal(t, map[string]any{"authenticator": "bearertokenauth"}, of.(map[string]any)["auth"], "%s %s", name, protocol)
		}
		p = renderProfile(t, name, map[string]string{"TIDEWATCH_KAFKA_BROKERS": "k:9092"})
		require.NotContains(t, p.Extensions, "bearertokenauth", name)
		require.NotContains(t, p.Service.Extensions, "bearertokenauth", name)
	}
	for _, name := range []string{"kubernetes", "gateway"} {
		for host, open := range map[string]any{"": nil, "10.0.0.7": true} {
			p := renderProfile(t, name, map[string]string{"TIDEWATCH_LISTEN_HOST": host, "TIDEWATCH_ALERT_WEBHOOK": "10.0.0.7:4324", "TIDEWATCH_ALERT_WEBHOOK_TLS_CERT": "/c", "TIDEWATCH_ALERT_WEBHOOK_TOKEN_FILE": "/t"})
			hook := p.Receivers["alert_webhook"].(map[string]any)
			require.Equal(t, open, p.Exporters["prometheus"].(map[string]any)["open_to_network"], name)
			require.Equal(t, open, p.Extensions["health"].(map[string]any)["open_to_network"], name)
			require.Equal(t, open, hook["open_to_network"], name)
			require.Equal(t, "${env:TIDEWATCH_ALERT_WEBHOOK_TOKEN_FILE}", hook["token_file"], name)
			require.NotContains(t, hook, "token", name)
			require.Equal(t, "${env:TIDEWATCH_ALERT_WEBHOOK_TLS_CERT}", hook["tls"].(map[string]any)["cert_file"], name)
		}
	}
}

func TestProvider(t *testing.T) {
	p := defaults.NewFactory().Create(confmap.ProviderSettings{})
	require.Equal(t, "builtin", p.Scheme())
	r, err := p.Retrieve(t.Context(), "builtin:host", nil)
	require.NoError(t, err)
	conf, err := r.AsConf()
	require.NoError(t, err)
	require.True(t, conf.IsSet("service::pipelines::logs"))
	_, err = p.Retrieve(t.Context(), "builtin:../provider", nil)
	require.EqualError(t, err, `there is no profile "builtin:../provider"; the built-in ones are builtin:gateway, builtin:host, builtin:kafka, builtin:kubernetes`)
	_, err = p.Retrieve(t.Context(), "file:host", nil)
	require.Error(t, err)
	require.NoError(t, p.Shutdown(t.Context()))
}

func TestNodesWriteToKafkaWhereThereIsOne(t *testing.T) {
	p := renderProfile(t, "kubernetes", map[string]string{"TIDEWATCH_KAFKA_BROKERS": "kafka:9092", "TIDEWATCH_LOKI_URL": "http://loki"})
	require.Len(t, p.Service.Pipelines, 3)
	require.Equal(t, []string{"kafka", "console"}, p.Service.Pipelines["logs"].Exporters)
	require.Equal(t, []string{"kafka", "console", "prometheus"}, p.Service.Pipelines["metrics"].Exporters)
	require.NotContains(t, p.Exporters, "loki", "gateways export")
}
