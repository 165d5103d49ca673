// Package mysql reads MySQL servers from version 5.7 on, and MariaDB servers from 10.1 on.
package mysql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"os"
	"os/user"
	"time"

	"github.com/go-sql-driver/mysql"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/query"
	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/source"
)

// Kind is the key of the configuration.
const Kind = "mysql"

const (
	defaultPort = 3306
	// programName is how the agent is seen in performance_schema.session_connect_attrs.
	programName = "tidewatch"
	// connectTimeout bounds how long a server may take to say hello; what listens there may
	// be none.
	connectTimeout = 5 * time.Second
	// maxAge is how long a connection is used: below the 8 hours after which a server ends
	// it, and what it holds is small.
	maxAge = 30 * time.Minute
)

// Source reads one server.
type Source struct {
	cfg      *Config
	server   source.Server
	user     string
	db       *sql.DB
	asker    query.Asker
	since    source.Since
	identity string
}

var (
	_ source.Source     = (*Source)(nil)
	_ source.Identified = (*Source)(nil)
	_ source.Incomplete = (*Source)(nil)
)

// New returns the source of an endpoint: host:port, or the path of a unix socket. It does
// not connect.
func New(cfg Config, endpoint string) (source.Source, error) {
	server, err := source.Parse(Kind, cfg.ServiceName, endpoint, defaultPort)
	if err != nil {
		return nil, err
	}
	s := &Source{cfg: &cfg, server: server, user: cfg.Username, asker: query.Asker{Classify: classify}}
	if s.user == "" {
		s.user = systemUser()
	}
	c := mysql.NewConfig()
	c.Net, c.Addr, c.User, c.Passwd = server.Network, server.Address, s.user, string(cfg.Password)
	c.Timeout, c.ReadTimeout, c.WriteTimeout = connectTimeout, cfg.StatementTimeout+connectTimeout, connectTimeout
	c.ConnectionAttributes = "program_name:" + programName
	c.Logger = silent{} // what it says is in the error, too
	if cfg.TLS.HasValue() && server.Network == "tcp" {
		if c.TLS, err = cfg.TLS.Get().LoadTLSConfig(context.Background()); err != nil {
			return nil, fmt.Errorf("load tls: %w", err)
		}
		if c.TLS != nil && c.TLS.ServerName == "" {
			c.TLS.ServerName = server.Host
		}
	}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, fmt.Errorf("open connection: %w", s.redact(err))
	}
	s.db = sql.OpenDB(connector)
	s.db.SetMaxOpenConns(1)
	s.db.SetMaxIdleConns(1)
	s.db.SetConnMaxLifetime(maxAge)
	return s, nil
}

type silent struct{}

func (silent) Print(...any) {}

// Close ends the connection.
func (s *Source) Close() error { return s.db.Close() }

// Identity is the server's own id, or where its data is.
func (s *Source) Identity() string { return s.identity }

// Missing returns what the server began to refuse since the last call.
func (s *Source) Missing() []string { return s.asker.News() }

// Scrape reads all statistics.
func (s *Source) Scrape(ctx context.Context, now time.Time, md pmetric.Metrics) error {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return s.connectError(err)
	}
	defer conn.Close() // back into the pool
	err = s.scrape(ctx, conn, now, md)
	if s.asker.Lacks() {
		// A right that is granted is that of the next connection.
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	}
	return s.redact(err)
}

func (s *Source) scrape(ctx context.Context, conn *sql.Conn, now time.Time, md pmetric.Metrics) error {
	f, variables, err := s.meet(ctx, conn)
	if err != nil {
		return err
	}
	status, _, err := s.asker.Ask(ctx, conn, query.Query{Name: "status", SQL: statusSQL})
	if err != nil {
		return err
	}
	status = status.Turn()
	up, _ := status.First().Number("uptime")
	b := s.server.Batch(md, s.since.Uptime(now, time.Duration(up)*time.Second), now)
	writeVariables(b, variables)
	writeStatus(b, status)
	if err := s.asker.Write(ctx, conn, b, f.queries(s.cfg)); err != nil {
		return err
	}
	if err := s.sizes(ctx, conn, b, f); err != nil {
		return err
	}
	s.asker.WriteFailures(b)
	return nil
}

// meet asks who the server is and who we are, and bounds what follows.
func (s *Source) meet(ctx context.Context, conn *sql.Conn) (flavor, query.Rows, error) {
	variables, _, err := s.asker.Ask(ctx, conn, query.Query{Name: "variables", SQL: variablesSQL})
	if err != nil {
		return flavor{}, query.Rows{}, err
	}
	account, _, err := s.asker.Ask(ctx, conn, query.Query{Name: "account", SQL: accountSQL})
	if err != nil {
		return flavor{}, query.Rows{}, err
	}
	variables = variables.Turn()
	r := variables.First()
	f := flavorOf(r, account.First().String("account"))
	s.identity = r.String("server_uuid") + r.String("server_uid") + " " + r.String("hostname") + " " + r.String("port") + " " + r.String("datadir")
	for _, limit := range f.limits(s.cfg.StatementTimeout) {
		if _, err := conn.ExecContext(ctx, limit); err != nil {
			if err := s.asker.Failed(ctx, query.Query{Name: "limits", SQL: limit}, err); err != nil {
				return f, variables, err
			}
		}
	}
	return f, variables, nil
}

func (s *Source) sizes(ctx context.Context, conn query.Conn, b source.Batch, f flavor) error {
	databases, ok, err := s.asker.Ask(ctx, conn, query.Query{Name: "database_sizes", SQL: f.databaseSizesSQL(), Grant: f.processGrant()})
	if err != nil || !ok {
		return err
	}
	var tables query.Rows
	if s.cfg.MaxTables > 0 {
		if tables, _, err = s.asker.Ask(ctx, conn, query.Query{Name: "table_sizes", SQL: f.tableSizesSQL(s.cfg.MaxTables), Grant: f.processGrant()}); err != nil {
			return err
		}
	}
	writeSizes(b, databases, tables, s.cfg.MaxDatabases)
	return nil
}

func (s *Source) redact(err error) error { return query.Redact(err, string(s.cfg.Password)) }

// systemUser is the name of the user that the agent runs as. A user of systemd that is
// in no file is known by its environment.
func systemUser() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	if name := os.Getenv("USER"); name != "" {
		return name
	}
	return programName
}
