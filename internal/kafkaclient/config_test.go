package kafkaclient_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/tidewatch/tidewatch/internal/kafkaclient"
)

func ping(t *testing.T, cfg kafkaclient.Config, logger *zap.Logger) error {
	t.Helper()
	require.NoError(t, cfg.Validate())
	opts, err := cfg.Options(t.Context(), logger)
	require.NoError(t, err)
	cl, err := kgo.NewClient(opts...)
	require.NoError(t, err)
	defer cl.Close()
	return cl.Ping(t.Context())
}

func TestSASL(t *testing.T) {
	users := []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}
	opts := []kfake.Opt{kfake.NumBrokers(1), kfake.EnableSASL()}
	for _, mechanism := range users {
		opts = append(opts, kfake.Superuser(mechanism, "agent", "secret"))
	}
	c, err := kfake.NewCluster(opts...)
	require.NoError(t, err)
	defer c.Close()
	for _, mechanism := range users {
		cfg := kafkaclient.DefaultConfig()
		cfg.Brokers = c.ListenAddrs()
		cfg.SASL = kafkaclient.SASL{Mechanism: mechanism, User: "agent", Password: "secret"}
		require.NoError(t, ping(t, cfg, zap.NewNop()), mechanism)
		cfg.SASL.Password = "wrong"
		require.Error(t, ping(t, cfg, zap.NewNop()), mechanism)
	}
}

func TestTLSIsSpoken(t *testing.T) {
	c, err := kfake.NewCluster(kfake.NumBrokers(1)) // plain text
	require.NoError(t, err)
	defer c.Close()
	cfg := kafkaclient.DefaultConfig()
	cfg.Brokers = []string{"127.0.0.1:1," + c.ListenAddrs()[0]}
	require.NoError(t, ping(t, cfg, zap.NewNop()), "one of the brokers answers")
	cfg.TLS = configoptional.Some(configtls.ClientConfig{Insecure: true})
	require.NoError(t, ping(t, cfg, zap.NewNop()), "tls::insecure is plain text")
	cfg.TLS = configoptional.Some(configtls.NewDefaultClientConfig())
	_, err = cfg.Options(t.Context(), zap.NewNop())
	require.NoError(t, err)
	cfg.TLS = configoptional.Some(configtls.ClientConfig{Config: configtls.Config{CAFile: "/not/there"}})
	_, err = cfg.Options(t.Context(), zap.NewNop())
	require.ErrorContains(t, err, "load tls: ")
}

func TestBrokersThatAreAwayAreNoNews(t *testing.T) {
	core, seen := observer.New(zap.InfoLevel)
	cfg := kafkaclient.DefaultConfig()
	cfg.Brokers = []string{"127.0.0.1:1"}
	require.Error(t, ping(t, cfg, zap.New(core)))
	require.Zero(t, seen.Len())
	core, seen = observer.New(zap.DebugLevel)
	require.Error(t, ping(t, cfg, zap.New(core)))
	require.Positive(t, seen.Len())
}
