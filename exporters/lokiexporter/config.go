package lokiexporter

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/grafana/loki-client-go/pkg/urlutil"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/exporter/exporterhelper"

	"github.com/tidewatch/tidewatch/internal/breaker"
	"github.com/tidewatch/tidewatch/signals"
)

// pushPath is what an endpoint without a path means.
const pushPath = "/loki/api/v1/push"

// maxLabels is Loki's own default limit of labels per stream.
const maxLabels = 15

// Config of the exporter.
type Config struct {
	// ClientConfig holds endpoint, tls, headers, auth, proxy_url and timeout (of
	// one push). Bodies are always snappy, so compression must stay unset.
	ClientConfig confighttp.ClientConfig `mapstructure:",squash"`

	// User and Password for basic authentication; also taken from the URL. PasswordFile
	// holds the password instead, and is read again when it changes.
	User         string              `mapstructure:"user"`
	Password     configopaque.String `mapstructure:"password"`
	PasswordFile string              `mapstructure:"password_file"`
	// BearerToken is sent as Authorization: Bearer. BearerTokenFile holds it instead,
	// and is read again when it changes.
	BearerToken     configopaque.String `mapstructure:"bearer_token"`
	BearerTokenFile string              `mapstructure:"bearer_token_file"`
	// TenantID is sent as X-Scope-OrgID; empty sends none.
	TenantID string `mapstructure:"tenant_id"`
	// TenantAttribute is the attribute of a resource, or else of a record, that names
	// the tenant; TenantID is that of records without it. Empty means all have one tenant.
	TenantAttribute string `mapstructure:"tenant_attribute"`

	// Labels are the resource attributes that become labels, by their
	// OpenTelemetry names. Everything else becomes structured metadata. Each
	// combination of values is a stream, so only attributes with few values fit.
	Labels []string `mapstructure:"labels"`

	// MaxLineSize is the length in bytes to which lines are cut; Loki refuses
	// longer ones than its max_line_size.
	MaxLineSize int `mapstructure:"max_line_size"`
	// MaxMetadataSize bounds names and values of one line's structured metadata,
	// in bytes; what does not fit is left out and marked.
	MaxMetadataSize int `mapstructure:"max_metadata_size"`
	// MaxRequestSize bounds one push before compression, in bytes; a larger batch
	// is sent in several.
	MaxRequestSize int `mapstructure:"max_request_size"`

	// StreamLimitWait is how long lines wait, and all behind them, whose stream Loki
	// refuses as it has too many. Then they are dropped and counted, until it takes the
	// stream. 0 means that they wait without end.
	StreamLimitWait time.Duration `mapstructure:"stream_limit_wait"`

	// LateStreams is how many streams at a time may be opened for lines that Loki refuses
	// as too far behind the newest of their stream: one for each hour that they are of,
	// with the label tidewatch_late. Beyond it such lines are dropped and counted.
	LateStreams int `mapstructure:"late_streams"`

	// Circuit leaves a server alone that fails again and again.
	Circuit breaker.Config `mapstructure:"circuit_breaker"`
	// RateLimit bounds pushes and their bytes per second, compressed; off by default.
	RateLimit breaker.LimitConfig `mapstructure:"rate_limit"`

	RetryConfig configretry.BackOffConfig                                `mapstructure:"retry_on_failure"`
	QueueConfig configoptional.Optional[exporterhelper.QueueBatchConfig] `mapstructure:"sending_queue"`
}

func createDefaultConfig() component.Config {
	client := confighttp.NewDefaultClientConfig()
	client.Timeout = 15 * time.Second // Loki answers a push in well under a second; its own clients wait 10

	retry := configretry.NewDefaultBackOffConfig()
	retry.MaxElapsedTime = 0 // what cannot be delivered now is delivered later

	queue := exporterhelper.NewDefaultQueueConfig()
	queue.Sizer = exporterhelper.RequestSizerTypeBytes
	queue.QueueSize = 128 << 20  // about 400,000 log lines; then the sources wait
	queue.BlockOnOverflow = true // files wait at the source, where they are safe
	queue.NumConsumers = 1       // one push after the other keeps the order in each stream
	queue.Batch = configoptional.Some(exporterhelper.BatchConfig{
		FlushTimeout: time.Second, // how far behind a tail may be when little comes in
		// Not bytes: upstream adds up the batch anew for each request that joins it, which
		// costs more than all of the exporter when applications send a few lines at a time.
		Sizer:   exporterhelper.RequestSizerTypeItems,
		MinSize: 3000, // about 1 MiB of usual lines, as Loki's own clients send
		// No MaxSize: the exporter cuts requests itself, by bytes.
	})
	return &Config{
		ClientConfig: client,
		Labels: []string{
			signals.AttrServiceName, "service.namespace", signals.AttrHostName, "deployment.environment.name",
			"k8s.cluster.name", "k8s.namespace.name", "k8s.container.name",
		},
		MaxLineSize:     256 << 10,       // Loki's default max_line_size
		MaxMetadataSize: 60 << 10,        // Loki's default is 64 KB, and it adds detected fields
		MaxRequestSize:  2 << 20,         // Loki's gRPC limit inside is 4 MiB
		StreamLimitWait: 5 * time.Minute, // a stream too many stays so for longer: Loki lets go of idle ones after half an hour
		LateStreams:     24,              // a day of backlog; a hundred hosts that start at once stay below Loki's 5000 streams
		Circuit:         breaker.DefaultConfig(),
		RetryConfig:     retry,
		QueueConfig:     configoptional.Some(queue),
	}
}

// Validate names the key and the fix.
func (c *Config) Validate() error {
	if _, err := c.url(); err != nil {
		return err
	}
	if c.ClientConfig.Compression.IsCompressed() {
		return errors.New("compression must stay unset: pushes are snappy as Loki wants them")
	}
	if c.ClientConfig.Timeout <= 0 {
		return errors.New("timeout must be positive: a server that hangs would hold a request for ever")
	}
	if err := c.validateSecrets(); err != nil {
		return err
	}
	if len(c.Labels) > maxLabels {
		return fmt.Errorf("labels must be at most %d, the limit of Loki: keep those with few values", maxLabels)
	}
	seen := map[string]string{}
	for _, l := range c.Labels {
		name := labelName(l)
		if l == "" || seen[name] != "" {
			return fmt.Errorf("labels must be different and not empty: %q is the label %s, as %q is", l, name, seen[name])
		}
		seen[name] = l
	}
	if c.StreamLimitWait < 0 {
		return errors.New("stream_limit_wait must not be negative; 0 waits without end")
	}
	if c.LateStreams < 0 {
		return errors.New("late_streams must not be negative; 0 drops lines that are too far behind")
	}
	if c.MaxLineSize <= 0 || c.MaxMetadataSize <= 0 || c.MaxRequestSize <= 0 {
		return errors.New("max_line_size, max_metadata_size and max_request_size must be positive, in bytes")
	}
	return nil
}

func (c *Config) validateSecrets() error {
	switch password := c.Password != "" || c.PasswordFile != ""; {
	case c.Password != "" && c.PasswordFile != "":
		return errors.New("password and password_file exclude each other: keep one")
	case c.BearerToken != "" && c.BearerTokenFile != "":
		return errors.New("bearer_token and bearer_token_file exclude each other: keep one")
	case (c.User == "") == password:
		return errors.New("user and password go together: set both, or password_file for password")
	case c.User != "" && (c.BearerToken != "" || c.BearerTokenFile != ""):
		return errors.New("bearer_token and user exclude each other: keep one")
	}
	return nil
}

// url is the endpoint with the push path where it has none.
func (c *Config) url() (*url.URL, error) {
	if c.ClientConfig.Endpoint == "" {
		return nil, errors.New("endpoint must be set, for example http://localhost:3100")
	}
	var u urlutil.URLValue
	if err := u.Set(c.ClientConfig.Endpoint); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("endpoint must be a URL like http://localhost:3100") // not the value: it may hold a password
	}
	if strings.Trim(u.Path, "/") == "" {
		u.Path = pushPath
	}
	return u.URL, nil
}
