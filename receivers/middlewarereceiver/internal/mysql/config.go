package mysql

import (
	"errors"
	"time"

	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/source"
)

// Config says how MySQL and MariaDB servers are read.
type Config struct {
	source.Servers `mapstructure:",squash"`
	// Username is the account; empty means the name of the agent's user, as unix_socket
	// and auth_socket want it.
	Username string `mapstructure:"username"`
	// Password of the account; empty means that it has none.
	Password configopaque.String `mapstructure:"password"`
	// MaxDatabases bounds how many databases have series of their own, the largest first;
	// the others are one, <other>.
	MaxDatabases int `mapstructure:"max_databases"`
	// MaxTables bounds how many tables have series of their own: of sizes the largest, of
	// accesses the busiest. The others are one, <other>, where they add up. Zero reads
	// neither.
	MaxTables int `mapstructure:"max_tables"`
	// StatementTimeout bounds each statement, in the server where it can.
	StatementTimeout time.Duration `mapstructure:"statement_timeout"`
}

// DefaultConfig returns what one line of configuration means.
func DefaultConfig() Config {
	return Config{
		MaxDatabases:     20,              // one series each
		MaxTables:        20,              // nine series each: those that fill the disk and the time are among them
		StatementTimeout: 2 * time.Second, // all take milliseconds; one that does not leaves time for the others within a reading
	}
}

// Validate names the key and the fix.
func (c *Config) Validate() error {
	switch {
	case c.MaxDatabases <= 0:
		return errors.New("max_databases must be positive")
	case c.MaxTables < 0:
		return errors.New("max_tables must not be negative; 0 reads no tables")
	case c.StatementTimeout < time.Millisecond:
		return errors.New("statement_timeout must be at least 1ms")
	}
	return nil
}
