package postgresql

import (
	"errors"
	"time"

	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/source"
)

// Config says how PostgreSQL servers are read.
type Config struct {
	source.Servers `mapstructure:",squash"`
	// Username is the role; empty means the name of the agent's user, as peer
	// authentication on a unix socket wants it.
	Username string `mapstructure:"username"`
	// Password of the role; empty means that none is sent.
	Password configopaque.String `mapstructure:"password"`
	// Database is the one that is connected to.
	Database string `mapstructure:"database"`
	// MaxDatabases bounds how many databases have series of their own, the busiest first;
	// the others are one, <other>.
	MaxDatabases int `mapstructure:"max_databases"`
	// MaxTables bounds how many tables of a database have series of their own, the largest
	// first; the others are one, <other>. Zero reads no tables.
	MaxTables int `mapstructure:"max_tables"`
	// MaxTableDatabases bounds in how many databases tables are read, the busiest first.
	// Each costs a short connection per reading.
	MaxTableDatabases int `mapstructure:"max_table_databases"`
	// StatementTimeout bounds each statement, in the server.
	StatementTimeout time.Duration `mapstructure:"statement_timeout"`
}

// DefaultConfig returns what one line of configuration means.
func DefaultConfig() Config {
	return Config{
		Database:          "postgres",      // initdb makes it, and every role may connect to it
		MaxDatabases:      20,              // some 20 series each; a server that has more is a farm of small ones
		MaxTables:         20,              // some 25 series each: those that fill the disk are among them
		MaxTableDatabases: 5,               // as many short connections per reading
		StatementTimeout:  2 * time.Second, // all take milliseconds; one that does not leaves time for the others within a reading
	}
}

// Validate names the key and the fix.
func (c *Config) Validate() error {
	switch {
	case c.Database == "":
		return errors.New("database must not be empty; postgres exists on every server")
	case c.MaxDatabases <= 0:
		return errors.New("max_databases must be positive")
	case c.MaxTables < 0:
		return errors.New("max_tables must not be negative; 0 reads no tables")
	case c.MaxTableDatabases < 0:
		return errors.New("max_table_databases must not be negative; 0 reads no tables")
	case c.StatementTimeout < time.Millisecond:
		return errors.New("statement_timeout must be at least 1ms")
	}
	return nil
}
