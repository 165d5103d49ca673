package postgresql

import (
	"context"
	"crypto/tls"
	"database/sql"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/lib/pq"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/source"
)

const (
	// applicationName is how the agent is seen in pg_stat_activity.
	applicationName = "tidewatch"
	// lockTimeout is how long a statement waits for a lock: whoever changes a table is not
	// waited for.
	lockTimeout = time.Second
	// connectTimeout bounds how long a server may take to say hello; what listens there may
	// be none.
	connectTimeout = 5 * time.Second
	// maxAge is how long a connection is used: a backend's caches grow.
	maxAge = 30 * time.Minute
)

// tlsConfigs numbers the names under which the driver is given TLS configurations.
var tlsConfigs atomic.Uint64

// settings are the driver's, of one server and no database yet.
func settings(cfg *Config, server source.Server) (c pq.Config, release func(), err error) {
	c = pq.Config{
		Host: server.Host, Port: uint16(server.Port), //nolint:gosec // source.Parse bounds it
		User: cfg.Username, Password: string(cfg.Password), Database: cfg.Database,
		// Nothing is read but what is configured: no file of passwords, and of the
		// environment nothing.
		Passfile:        os.DevNull + "/none",
		ConnectTimeout:  connectTimeout,
		SSLMode:         pq.SSLModeDisable,
		ApplicationName: applicationName, ClientEncoding: "UTF8", Datestyle: "ISO, MDY",
		MinProtocolVersion: "3.0", MaxProtocolVersion: "3.0",
		Runtime: map[string]string{
			"default_transaction_read_only": "on",
			"statement_timeout":             strconv.FormatInt(cfg.StatementTimeout.Milliseconds(), 10),
			"lock_timeout":                  strconv.FormatInt(lockTimeout.Milliseconds(), 10),
		},
	}
	if c.User == "" {
		c.User = systemUser()
	}
	if server.Network == "unix" {
		c.Host, c.Port = socketDirectory(server.Address)
		return c, func() {}, nil
	}
	if !cfg.TLS.HasValue() {
		return c, func() {}, nil
	}
	conf, err := cfg.TLS.Get().LoadTLSConfig(context.Background())
	if err != nil {
		return c, nil, fmt.Errorf("load tls: %w", err)
	}
	if conf == nil { // insecure
		return c, func() {}, nil
	}
	if conf.ServerName == "" {
		conf.ServerName = server.Host
	}
	// The driver would set these anew from settings of its own.
	c.SSLMinProtocolVersion, c.SSLMaxProtocolVersion = versions[conf.MinVersion], versions[conf.MaxVersion]
	name := "pqgo-tidewatch-" + strconv.FormatUint(tlsConfigs.Add(1), 10)
	if err := pq.RegisterTLSConfig(name, conf); err != nil {
		return c, nil, fmt.Errorf("register tls: %w", err)
	}
	c.SSLMode = pq.SSLMode(name)
	return c, func() { _ = pq.RegisterTLSConfig(name, nil) }, nil
}

var versions = map[uint16]pq.SSLProtocolVersion{
	tls.VersionTLS10: pq.SSLProtocolVersionTLS10, tls.VersionTLS11: pq.SSLProtocolVersionTLS11,
	tls.VersionTLS12: pq.SSLProtocolVersionTLS12, tls.VersionTLS13: pq.SSLProtocolVersionTLS13,
}

// open returns a pool of one connection to a database. It does not connect. Without keep
// the connection ends with its use.
func open(c pq.Config, database string, keep bool) (*sql.DB, error) {
	c.Database = database
	connector, err := pq.NewConnectorConfig(c)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	db.SetConnMaxLifetime(maxAge)
	db.SetMaxIdleConns(0)
	if keep {
		db.SetMaxIdleConns(1)
	}
	return db, nil
}

// socketDirectory takes a path apart into directory and port: a socket is
// DIRECTORY/.s.PGSQL.PORT, and a directory stands for the usual port.
func socketDirectory(path string) (directory string, port uint16) {
	dir, file := filepath.Split(path)
	if text, ok := strings.CutPrefix(file, ".s.PGSQL."); ok {
		if n, err := strconv.ParseUint(text, 10, 16); err == nil {
			return dir, uint16(n)
		}
	}
	return path, defaultPort
}

// systemUser is the name of the user that the agent runs as. A user of systemd that is
// in no file is known by its environment.
func systemUser() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	if name := os.Getenv("USER"); name != "" {
		return name
	}
	return applicationName
}
