// Package postgresql reads PostgreSQL servers, from version 10 on, through the views of
// their statistics.
package postgresql

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/lib/pq"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/query"
	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/source"
)

// Kind is the key of the configuration.
const Kind = "postgresql"

const defaultPort = 5432

// Source reads one server.
type Source struct {
	cfg      *Config
	server   source.Server
	settings pq.Config
	release  func()
	db       *sql.DB
	asker    query.Asker
	identity string
}

var (
	_ source.Source     = (*Source)(nil)
	_ source.Identified = (*Source)(nil)
	_ source.Incomplete = (*Source)(nil)
)

// New returns the source of an endpoint: host:port, or a unix socket: its path or its
// directory. It does not connect.
func New(cfg Config, endpoint string) (source.Source, error) {
	server, err := source.Parse(Kind, cfg.ServiceName, endpoint, defaultPort)
	if err != nil {
		return nil, err
	}
	s := &Source{cfg: &cfg, server: server, asker: query.Asker{Classify: classify}}
	if s.settings, s.release, err = settings(&cfg, server); err != nil {
		return nil, err
	}
	if s.db, err = open(s.settings, cfg.Database, true); err != nil {
		s.release()
		return nil, fmt.Errorf("open connection: %w", s.redact(err))
	}
	return s, nil
}

// Close ends the connection.
func (s *Source) Close() error {
	err := s.db.Close()
	s.release()
	return err
}

// Identity is that of the cluster and its postmaster.
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
	// Statistics outlive restarts, so that nobody knows since when they count.
	batch := s.server.Batch(md, time.Unix(0, 0), now)
	if err := s.scrape(ctx, conn, batch); err != nil {
		return s.redact(err)
	}
	s.asker.WriteFailures(batch)
	return nil
}

func (s *Source) scrape(ctx context.Context, conn *sql.Conn, b source.Batch) error {
	who, ok, err := s.asker.Ask(ctx, conn, query.Query{Name: "server", SQL: serverSQL})
	if err != nil {
		return err
	}
	version, standby := 0.0, 0.0
	if ok {
		version, _ = who.First().Number("version_num")
		standby, _ = who.First().Number("standby")
		s.identity = who.First().String("identity")
		writeServer(b, who)
	}
	databases, _, err := s.asker.Ask(ctx, conn, query.Query{Name: "databases", SQL: databasesSQL})
	if err != nil {
		return err
	}
	writeDatabases(b, databases, s.cfg.MaxDatabases)
	if err := s.activity(ctx, conn, b); err != nil {
		return err
	}
	if err := s.asker.Write(ctx, conn, b, queries(int(version), standby == 1, s.cfg, s.settings.User)); err != nil {
		return err
	}
	return s.tables(ctx, conn, b, databases)
}

func (s *Source) activity(ctx context.Context, conn query.Conn, b source.Batch) error {
	right := grant(s.settings.User)
	activity, ok, err := s.asker.Ask(ctx, conn, query.Query{Name: "sessions", SQL: activitySQL})
	if err != nil || !ok {
		return err
	}
	prepared, _, err := s.asker.Ask(ctx, conn, query.Query{Name: "prepared_transactions", SQL: preparedSQL})
	if err != nil {
		return err
	}
	missing := ""
	if writeActivity(b, activity, prepared) > 0 {
		missing = "what sessions of other roles do is hidden: a right is missing; run " + right
	}
	s.asker.Tell("hidden sessions", missing)
	return nil
}

// tables reads those of the busiest databases, one after the other.
func (s *Source) tables(ctx context.Context, conn query.Conn, b source.Batch, databases query.Rows) error {
	if s.cfg.MaxTables == 0 {
		return nil
	}
	its, _ := databases.Where(func(r query.Row) bool {
		connects, _ := r.Number("datallowconn")
		return named(r) && connects == 1
	}).Cut(min(s.cfg.MaxTableDatabases, s.cfg.MaxDatabases))
	var all tables
	for i := range its.Len() {
		name := its.Row(i).String("datname")
		if name == s.cfg.Database {
			if err := s.tablesOf(ctx, conn, &all); err != nil {
				return err
			}
			continue
		}
		if err := s.tablesIn(ctx, name, &all); err != nil {
			return err
		}
	}
	writeTables(b, all)
	return nil
}

// tablesIn reads those of another database than the one that is connected to. One that
// admits the role to no connection has none.
func (s *Source) tablesIn(ctx context.Context, database string, all *tables) error {
	db, err := open(s.settings, database, false)
	if err != nil {
		return fmt.Errorf("open connection: %w", err)
	}
	defer db.Close()
	q := query.Query{Name: "tables", Grant: "GRANT CONNECT ON DATABASE " + quote(database) + " TO " + quote(s.settings.User) + ";"}
	conn, err := db.Conn(ctx)
	if err != nil {
		return s.asker.Failed(ctx, q, s.redact(err))
	}
	defer conn.Close()
	return s.tablesOf(ctx, conn, all)
}

func (s *Source) tablesOf(ctx context.Context, conn query.Conn, all *tables) error {
	for _, part := range []struct {
		q  query.Query
		to *query.Rows
	}{
		{query.Query{Name: "tables", SQL: tablesSQL(s.cfg.MaxTables)}, &all.rows},
		{query.Query{Name: "table_totals", SQL: tableTotalsSQL}, &all.totals},
		{query.Query{Name: "table_sizes", SQL: tableSizesSQL(s.cfg.MaxTables)}, &all.sizes},
	} {
		rows, ok, err := s.asker.Ask(ctx, conn, part.q)
		if err != nil {
			return err
		}
		if ok {
			part.to.Append(rows)
		}
	}
	return nil
}

func (s *Source) redact(err error) error { return query.Redact(err, string(s.settings.Password)) }
