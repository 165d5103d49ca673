package remotewriteexporter

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
)

// defaultPath is added to an endpoint that has no path.
const defaultPath = "/api/v1/write"

// Config of the exporter.
type Config struct {
	// ClientConfig is the receiver's URL (endpoint), timeout, TLS, headers and
	// auth extension. A tenant is a header, for example X-Scope-OrgID.
	confighttp.ClientConfig `mapstructure:",squash"`
	// Queue holds batches until they are written. num_consumers must be 1: the
	// samples of a series must arrive in order; shards gives the parallelism.
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
	// PromoteResourceAttributes are the resource attributes that become labels of
	// every series. Absent means the built-in list.
	PromoteResourceAttributes []string `mapstructure:"promote_resource_attributes"`
	// Username and Password are sent as basic auth where Username is set.
	Username string              `mapstructure:"username"`
	Password configopaque.String `mapstructure:"password"`
	// BearerToken is sent as Authorization: Bearer where it is set.
	BearerToken configopaque.String `mapstructure:"bearer_token"`
}

// Validate names the key and the fix.
func (c *Config) Validate() error {
	u, err := url.Parse(c.Endpoint)
	switch {
	case c.Endpoint == "":
		return errors.New("endpoint must be set, for example http://prometheus:9090/api/v1/write")
	case err != nil:
		return fmt.Errorf("endpoint must be a URL: %w", err)
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
	case c.Username != "" && c.BearerToken != "":
		return errors.New("username and bearer_token must not both be set")
	}
	return nil
}

// writeURL is the endpoint, with the usual path where it has none.
func (c *Config) writeURL() (string, error) {
	u, err := url.Parse(c.Endpoint)
	if err != nil {
		return "", fmt.Errorf("parse endpoint: %w", err)
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = defaultPath
	}
	return u.String(), nil
}
