package kafkaclient

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"
	"go.uber.org/zap"
)

// Config says where the cluster is and who we are.
type Config struct {
	// Brokers are host:port of some brokers; the others are learned from them. One text
	// may hold several, separated by commas, so that an environment variable can.
	Brokers []string `mapstructure:"brokers"`
	// ClientID is the name in the broker's logs and quotas.
	ClientID string `mapstructure:"client_id"`
	// TLS encrypts the connections; without it they are plain text.
	TLS configoptional.Optional[configtls.ClientConfig] `mapstructure:"tls"`
	// SASL says who we are; an empty mechanism says nothing.
	SASL SASL `mapstructure:"sasl"`
}

// SASL is a user with a password.
type SASL struct {
	// Mechanism is PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.
	Mechanism string              `mapstructure:"mechanism"`
	User      string              `mapstructure:"user"`
	Password  configopaque.String `mapstructure:"password"`
}

var mechanisms = []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}

// DefaultConfig has no brokers: there is no good guess.
func DefaultConfig() Config {
	return Config{
		ClientID: "tidewatch",
		TLS:      configoptional.Default(configtls.NewDefaultClientConfig()),
	}
}

// Validate names the key and the fix.
func (c *Config) Validate() error {
	brokers := c.seeds()
	if len(brokers) == 0 {
		return errors.New("brokers must be set, for example [kafka-1:9092, kafka-2:9092]")
	}
	for _, b := range brokers {
		if _, _, err := net.SplitHostPort(b); err != nil {
			if strings.ContainsAny(b, "@/?") { // a URL may have a password
				return errors.New("brokers must be host:port and no URLs, for example kafka-1:9092")
			}
			return fmt.Errorf("brokers: %q must be host:port, for example kafka-1:9092", b)
		}
	}
	s := &c.SASL
	if s.Mechanism == "" && (s.User != "" || s.Password != "") {
		return errors.New("sasl::mechanism must be set when there is a user: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512")
	}
	if s.Mechanism != "" && !slices.Contains(mechanisms, s.Mechanism) {
		return fmt.Errorf("sasl::mechanism: %q must be PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512", s.Mechanism)
	}
	if s.Mechanism != "" && (s.User == "" || s.Password == "") {
		return errors.New("sasl::user and sasl::password must be set")
	}
	return nil
}

// Options are those of the library. They open no connection.
func (c *Config) Options(ctx context.Context, logger *zap.Logger) ([]kgo.Opt, error) {
	opts := []kgo.Opt{
		kgo.SeedBrokers(c.seeds()...),
		kgo.ClientID(c.ClientID),
		kgo.WithLogger(log{logger}),
		kgo.DisableClientMetrics(), // the agent has its own
	}
	if c.TLS.HasValue() {
		t, err := c.TLS.Get().LoadTLSConfig(ctx)
		if err != nil {
			return nil, fmt.Errorf("load tls: %w", err)
		}
		if t != nil { // nil for tls::insecure
			opts = append(opts, kgo.DialTLSConfig(t))
		}
	}
	if m := c.SASL.mechanism(); m != nil {
		opts = append(opts, kgo.SASL(m))
	}
	return opts, nil
}

func (s *SASL) mechanism() sasl.Mechanism {
	switch s.Mechanism {
	case "PLAIN":
		return plain.Auth{User: s.User, Pass: string(s.Password)}.AsMechanism()
	case "SCRAM-SHA-256":
		return scram.Auth{User: s.User, Pass: string(s.Password)}.AsSha256Mechanism()
	case "SCRAM-SHA-512":
		return scram.Auth{User: s.User, Pass: string(s.Password)}.AsSha512Mechanism()
	}
	return nil
}

// seeds takes the brokers apart.
func (c *Config) seeds() []string {
	var all []string
	for _, text := range c.Brokers {
		for b := range strings.SplitSeq(text, ",") {
			if b = strings.TrimSpace(b); b != "" {
				all = append(all, b)
			}
		}
	}
	return all
}
