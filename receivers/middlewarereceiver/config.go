package middlewarereceiver

import (
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/jvm"
	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/mysql"
	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/nginx"
	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/postgresql"
	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/redis"
	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/source"
)

// Config of the receiver.
type Config struct {
	// CollectionInterval is how often servers are read.
	CollectionInterval time.Duration `mapstructure:"collection_interval"`
	// Timeout is that of one reading.
	Timeout time.Duration `mapstructure:"timeout"`
	// DiscoveryInterval is how often servers are looked for on this host.
	DiscoveryInterval time.Duration `mapstructure:"discovery_interval"`
	// RetryInterval is how long an address is left alone that is no such server, or lets
	// nobody in.
	RetryInterval time.Duration `mapstructure:"retry_interval"`
	// ForgetAfter is how long a server that was found is told of as down after it stopped
	// to listen.
	ForgetAfter time.Duration `mapstructure:"forget_after"`
	// MaxServers is how many servers there may be; further ones are not read, and counted.
	MaxServers int `mapstructure:"max_servers"`
	// Concurrency is how many servers are read at once.
	Concurrency int `mapstructure:"concurrency"`

	// Each kind is read if its key is there, if only with {}.
	Nginx      configoptional.Optional[nginx.Config]      `mapstructure:"nginx"`
	Redis      configoptional.Optional[redis.Config]      `mapstructure:"redis"`
	PostgreSQL configoptional.Optional[postgresql.Config] `mapstructure:"postgresql"`
	MySQL      configoptional.Optional[mysql.Config]      `mapstructure:"mysql"`
	JVM        configoptional.Optional[jvm.Config]        `mapstructure:"jvm"`
}

func createDefaultConfig() component.Config {
	return &Config{
		CollectionInterval: 15 * time.Second, // as often as the host's own metrics are read elsewhere
		Timeout:            5 * time.Second,  // a server that needs longer is in trouble
		DiscoveryInterval:  30 * time.Second, // /proc alone is read, so that it costs next to nothing
		RetryInterval:      5 * time.Minute,  // rare enough not to be seen in the server's log
		ForgetAfter:        time.Hour,        // long enough to be noticed, and a server that was removed does not ring all day
		MaxServers:         64,               // hosts have a few of each
		Concurrency:        8,                // so that servers that hang hold up few others
		Nginx:              configoptional.Default(nginx.DefaultConfig()),
		Redis:              configoptional.Default(redis.Config{}),
		PostgreSQL:         configoptional.Default(postgresql.DefaultConfig()),
		MySQL:              configoptional.Default(mysql.DefaultConfig()),
		JVM:                configoptional.Default(jvm.DefaultConfig()),
	}
}

// Validate names the key and the fix.
func (c *Config) Validate() error {
	var errs []error
	for key, d := range map[string]time.Duration{
		"collection_interval": c.CollectionInterval, "timeout": c.Timeout, "discovery_interval": c.DiscoveryInterval,
		"retry_interval": c.RetryInterval, "forget_after": c.ForgetAfter,
	} {
		if d <= 0 {
			errs = append(errs, errors.New(key+" must be positive"))
		}
	}
	if c.MaxServers <= 0 {
		errs = append(errs, errors.New("max_servers must be positive"))
	}
	if c.Concurrency <= 0 {
		errs = append(errs, errors.New("concurrency must be positive"))
	}
	kinds := c.kinds()
	if len(kinds) == 0 {
		errs = append(errs, errors.New("it reads nothing: add one of nginx, redis, postgresql, mysql and jvm"))
	}
	for _, k := range kinds {
		for _, endpoint := range k.Servers.Endpoints {
			if _, err := source.Parse(k.Name, "", endpoint, k.Ports[0]); err != nil {
				errs = append(errs, fmt.Errorf("%s::endpoints: %w", k.Name, err))
			}
		}
	}
	return errors.Join(errs...)
}
