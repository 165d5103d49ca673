package remotewriteexporter

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/exporter/exporterhelper"

	"github.com/tidewatch/tidewatch/internal/breaker"
)

// Values of protocol.
const (
	// ProtocolAuto sends version 2 and falls back to version 1 where the receiver
	// does not take it.
	ProtocolAuto = "auto"
	// ProtocolV1 sends prometheus.WriteRequest, of Remote Write 1.0.
	ProtocolV1 = "v1"
	// ProtocolV2 sends io.prometheus.write.v2.Request, of Remote Write 2.0.
	ProtocolV2 = "v2"
)

// reserved are the headers that the protocol sets itself.
var reserved = []string{"Content-Encoding", "Content-Type", "X-Prometheus-Remote-Write-Version", "User-Agent"}

// defaultPath is added to an endpoint that has no path.
const defaultPath = "/api/v1/write"

// Config of the exporter.
type Config struct {
	// ClientConfig is the receiver's URL (endpoint), timeout, TLS, headers and
	// auth extension. A tenant is a header, for example X-Scope-OrgID.
	confighttp.ClientConfig `mapstructure:",squash"`
	// Protocol is auto, v1 or v2.
	Protocol string `mapstructure:"protocol"`
	// Queue holds samples until they are written; queue_size in bytes is what they
	// take in memory, 32 each. num_consumers must be 1: the samples of a series must
	// arrive in order; shards gives the parallelism.
	Queue configoptional.Optional[exporterhelper.QueueBatchConfig] `mapstructure:"sending_queue"`
	// Retry is for answers 429 and 5xx and for no answer; max_elapsed_time 0 means
	// without end.
	Retry configretry.BackOffConfig `mapstructure:"retry_on_failure"`
	// Shards is how many requests may run at once. A series always uses the same
	// shard of a batch, and a batch follows the one before.
	Shards int `mapstructure:"shards"`
	// MaxSamplesPerRequest splits larger batches.
	MaxSamplesPerRequest int `mapstructure:"max_samples_per_request"`
	// MaxSeries is how many series are remembered. Beyond it cumulative points
	// still pass; delta points, whose sum must be remembered, are dropped and counted.
	MaxSeries int `mapstructure:"max_series"`
	// SeriesExpiration is how long a series without a point is remembered.
	SeriesExpiration time.Duration `mapstructure:"series_expiration"`
	// UTF8Names keeps names as they are at the source, with suffixes for unit and
	// type; the receiver must take them, as Prometheus 3 does.
	UTF8Names bool `mapstructure:"utf8_names"`
	// PromoteResourceAttributes are the resource attributes that become labels of
	// every series. Absent means the built-in list.
	PromoteResourceAttributes []string `mapstructure:"promote_resource_attributes"`
	// CustomBuckets sends classic histograms as native histograms with custom
	// buckets: one series in place of one per bucket.
	CustomBuckets bool `mapstructure:"custom_buckets"`
	// StaleAfter is how long nothing of a series must have come, and at least three
	// times as long as it used to take, until a stale marker ends it. 0 leaves it
	// to sources to say so.
	StaleAfter time.Duration `mapstructure:"stale_after"`
	// Username and Password are sent as basic auth where Username is set.
	// PasswordFile is read again when it has changed.
	Username     string              `mapstructure:"username"`
	Password     configopaque.String `mapstructure:"password"`
	PasswordFile string              `mapstructure:"password_file"`
	// BearerToken is sent as Authorization: Bearer where it is set. BearerTokenFile
	// is read again when it has changed.
	BearerToken     configopaque.String `mapstructure:"bearer_token"`
	BearerTokenFile string              `mapstructure:"bearer_token_file"`
	// CircuitBreaker leaves a receiver alone for a while that fails again and again.
	CircuitBreaker breaker.Config `mapstructure:"circuit_breaker"`
	// RateLimit bounds what is sent, for a receiver that others share.
	RateLimit breaker.LimitConfig `mapstructure:"rate_limit"`
}

// Validate names the key and the fix.
func (c *Config) Validate() error {
	u, err := url.Parse(c.Endpoint)
	switch {
	case c.Endpoint == "":
		return errors.New("endpoint must be set, for example http://prometheus:9090/api/v1/write")
	case err != nil:
		return errors.New("endpoint must be a URL") // not the value: it may hold a password
	case u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return errors.New("endpoint must begin with http:// or https:// and name a host")
	case c.Queue.HasValue() && c.Queue.Get().NumConsumers != 1:
		return errors.New("sending_queue::num_consumers must be 1, so that samples stay in order; raise shards instead")
	case c.Shards < 1 || c.Shards > 64:
		return errors.New("shards must be from 1 to 64")
	case c.MaxSamplesPerRequest < 1:
		return errors.New("max_samples_per_request must be positive")
	case c.MaxSeries < 1:
		return errors.New("max_series must be positive")
	case c.SeriesExpiration <= 0:
		return errors.New("series_expiration must be positive, for example 1h")
	case c.StaleAfter != 0 && c.StaleAfter < time.Second:
		return errors.New("stale_after must be at least 1s, or 0 to leave stale markers to sources")
	case c.Protocol != ProtocolAuto && c.Protocol != ProtocolV1 && c.Protocol != ProtocolV2:
		return errors.New("protocol must be auto, v1 or v2")
	}
	for name := range c.Headers.Iter {
		if slices.Contains(reserved, http.CanonicalHeaderKey(name)) {
			return fmt.Errorf("headers must not contain %s, which the protocol sets: remove it", name)
		}
	}
	return c.validateAuth()
}

func (c *Config) validateAuth() error {
	token := c.BearerToken != "" || c.BearerTokenFile != ""
	switch {
	case c.Username != "" && token:
		return errors.New("username and bearer_token must not both be set")
	case c.Username == "" && (c.Password != "" || c.PasswordFile != ""):
		return errors.New("password needs username: set both")
	case c.Password != "" && c.PasswordFile != "":
		return errors.New("password and password_file must not both be set")
	case c.BearerToken != "" && c.BearerTokenFile != "":
		return errors.New("bearer_token and bearer_token_file must not both be set")
	}
	return nil
}

// writeURL is the endpoint, with the usual path where it has none.
func (c *Config) writeURL() (*url.URL, error) {
	u, err := url.Parse(c.Endpoint)
	if err != nil {
		return nil, errors.New("endpoint must be a URL") // not the value: it may hold a password
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = defaultPath
	}
	return u, nil
}
