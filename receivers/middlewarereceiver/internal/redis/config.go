package redis

import (
	"errors"

	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/source"
)

// Config of the Redis servers.
type Config struct {
	source.Servers `mapstructure:",squash"`

	// Username is the ACL user, which needs Redis 6; empty is the default user.
	Username string `mapstructure:"username"`
	// Password of the user; empty is none.
	Password configopaque.String `mapstructure:"password"`
}

// Validate names the key and the fix.
func (c *Config) Validate() error {
	if c.Username != "" && c.Password == "" {
		return errors.New("password must be set where username is")
	}
	return nil
}
