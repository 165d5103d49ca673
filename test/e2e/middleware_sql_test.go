//go:build e2e

package e2e

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os/user"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	_ "github.com/lib/pq" // the driver of PostgreSQL
	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/dashboards"
)

// sqlServer is a server of test/backends/middleware_sql.sh, and its administrator.
type sqlServer struct {
	*backend
	t  *testing.T
	db *sql.DB
}

func startSQL(t *testing.T, kind string, env ...string) *sqlServer {
	return &sqlServer{backend: &backend{recipe: "middleware_sql", env: append(env, "SERVER="+kind)}, t: t}
}

// startAll starts servers side by side.
func startAll(t *testing.T, servers ...*sqlServer) {
	errs := make([]error, len(servers))
	starts := make([]func(), len(servers))
	for i, s := range servers {
		starts[i] = func() { errs[i] = s.start() }
	}
	together(starts...)
	for i, s := range servers {
		skipOrFail(t, errs[i])
		u, err := url.Parse(s.url)
		require.NoError(t, err)
		if u.Scheme == "postgresql" {
			s.db, err = sql.Open("postgres", "postgres://admin:admin@"+u.Host+"/postgres?sslmode=disable")
		} else {
			cfg := mysql.NewConfig()
			cfg.Net, cfg.Addr, cfg.User, cfg.Passwd = "tcp", u.Host, "admin", "admin"
			s.db, err = sql.Open("mysql", cfg.FormatDSN())
		}
		require.NoError(t, err)
		s.db.SetMaxIdleConns(0) // a session's statistics are there when it ends
		t.Cleanup(func() { _ = s.db.Close() })
	}
}

// run runs statements in a session of their own.
func (s *sqlServer) run(statements ...string) {
	s.t.Helper()
	session, err := s.db.Conn(s.t.Context())
	require.NoError(s.t, err)
	defer session.Close()
	for _, q := range statements {
		_, err := session.ExecContext(s.t.Context(), q)
		require.NoError(s.t, err, q)
	}
}

// ask returns the one number that a query gives.
func (s *sqlServer) ask(query string) (n float64) {
	s.t.Helper()
	require.NoError(s.t, s.db.QueryRow(query).Scan(&n), query)
	return n
}

// status is a line of SHOW GLOBAL STATUS.
func (s *sqlServer) status(name string) (n float64) {
	s.t.Helper()
	require.NoError(s.t, s.db.QueryRow("SHOW GLOBAL STATUS LIKE '"+name+"'").Scan(new(string), &n))
	return n
}

// label chooses the series of a server, whose instance ends with its port.
func (s *sqlServer) label() string {
	u, err := url.Parse(s.url)
	require.NoError(s.t, err)
	return ":" + u.Port() + `"`
}

// socket is its unix socket.
func (s *sqlServer) socket() string {
	u, err := url.Parse(s.url)
	require.NoError(s.t, err)
	if u.Scheme == "postgresql" {
		return s.dir + "/.s.PGSQL." + u.Port()
	}
	return s.dir + "/mysqld.sock"
}

// same waits until the agent's page has, of a series, what the server says itself.
func (s *sqlServer) same(a *agent, want func() float64, name string, labels ...string) {
	s.t.Helper()
	eventually(s.t, 90*time.Second, name+" is what the server says", func() error {
		_, page, err := get(fmt.Sprintf("http://127.0.0.1:%d/metrics", a.metrics))
		if err != nil {
			return err
		}
		if !strings.Contains(string(page), name+"{") {
			return fmt.Errorf("%s is not there", name)
		}
		if got, want := sumSeries(page, name, append(labels, s.label())...), want(); got != want {
			return fmt.Errorf("%s%v is %v on the page, and %v at the server", name, labels, got, want)
		}
		return nil
	})
}

func exactly(v float64) func() float64 { return func() float64 { return v } }

// waits holds a lock, has another session wait for it, and returns what ends both.
func (s *sqlServer) waits(change string) (end func()) {
	ctx, cancel := context.WithCancel(s.t.Context())
	holder, err := s.db.BeginTx(ctx, nil)
	require.NoError(s.t, err)
	_, err = holder.ExecContext(ctx, change)
	require.NoError(s.t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		waiter, err := s.db.BeginTx(ctx, nil)
		if err == nil {
			_, _ = waiter.ExecContext(ctx, change) // until the end
			_ = waiter.Rollback()
		}
	}()
	return func() { cancel(); <-done; _ = holder.Rollback() }
}

// sqlMayBeEmpty are queries that have nothing to say of servers like these.
var sqlMayBeEmpty = map[string]string{
	"tidewatch-mysql/Connections that failed/A": "no connection fails",
}

// One line turns each kind on. Servers and their replicas are found on ports that nobody
// told; what the agent shows is what SQL says; each dashboard has data; and a right that is
// missing costs its own metrics alone and is told, without the password.
func TestSQLServers(t *testing.T) {
	pg, my := startSQL(t, "postgresql"), startSQL(t, "mariadb")
	startAll(t, pg, my)
	const password = "open-sesame-42"
	pg.run("CREATE ROLE tidewatch LOGIN PASSWORD '"+password+"'", "GRANT pg_monitor TO tidewatch",
		"CREATE TABLE stock (id int PRIMARY KEY, n int)", "INSERT INTO stock SELECT i, 0 FROM generate_series(1, 5000) i",
		"SELECT pg_create_physical_replication_slot('forgotten', true)")
	my.run("SET sql_log_bin = 0", "CREATE USER tidewatch@'127.0.0.1' IDENTIFIED BY '"+password+"'",
		"GRANT PROCESS, REPLICA MONITOR ON *.* TO tidewatch@'127.0.0.1'", "GRANT SELECT ON performance_schema.* TO tidewatch@'127.0.0.1'", "SET sql_log_bin = 1",
		"CREATE DATABASE shop", "CREATE TABLE shop.stock (id int PRIMARY KEY, n int)", "INSERT INTO shop.stock VALUES (1, 0), (2, 0)")
	standby, replica := startSQL(t, "postgresql", "PRIMARY="+pg.url), startSQL(t, "mariadb", "PRIMARY="+my.url)
	startAll(t, standby, replica)
	replica.run("CREATE USER tidewatch@'127.0.0.1' IDENTIFIED BY '" + password + "'") // without rights

	prom := startBackend(t, "prometheus")
	a := newAgent(t)
	a.exportTo("", "", prom.url+"/api/v1/write")
	a.env = append(a.env, "TIDEWATCH_MIDDLEWARE=postgresql mysql", "TIDEWATCH_POSTGRESQL_USER=tidewatch", "TIDEWATCH_POSTGRESQL_PASSWORD="+password,
		"TIDEWATCH_MYSQL_USER=tidewatch", "TIDEWATCH_MYSQL_PASSWORD="+password)
	a.set = append(a.set, "receivers::middleware::collection_interval=1s", "receivers::middleware::discovery_interval=1s", "receivers::middleware::retry_interval=3s")
	a.start()

	stopPG, stopMy := pg.waits("UPDATE stock SET n = n + 1 WHERE id = 7"), my.waits("UPDATE shop.stock SET n = n + 1 WHERE id = 1")
	pg.same(a, exactly(30), "postgresql_connection_max")
	pg.same(a, exactly(1), "postgresql_connection_blocked")
	pg.same(a, exactly(1), "postgresql_connection_count", `state="idle in transaction"`)
	pg.same(a, exactly(5000), "postgresql_rows", `postgresql_table_name="stock"`, `state="live"`)
	pg.same(a, func() float64 { return pg.ask("SELECT pg_database_size('postgres')") }, "postgresql_db_size_bytes", `postgresql_database_name="postgres"`)
	pg.same(a, func() float64 { return pg.ask("SELECT pg_table_size('stock')") }, "postgresql_table_size_bytes", `postgresql_table_name="stock"`)
	pg.same(a, func() float64 { return pg.ask("SELECT age(datfrozenxid) FROM pg_database WHERE datname = 'postgres'") }, "postgresql_xid_age", `postgresql_database_name="postgres"`)
	pg.same(a, func() float64 { return pg.ask("SELECT tup_inserted FROM pg_stat_database WHERE datname = 'postgres'") }, "postgresql_tup_inserted_total", `postgresql_database_name="postgres"`)
	standby.same(a, exactly(1), "postgresql_standby")
	standby.same(a, exactly(1), "postgresql_replication_receivers")

	my.same(a, exactly(30), "mysql_connection_max")
	my.same(a, exactly(1), "mysql_transaction_blocked")
	my.same(a, func() float64 { return my.status("Threads_connected") }, "mysql_threads", `kind="connected"`)
	my.same(a, func() float64 { return my.status("Com_insert") }, "mysql_commands_total", `command="insert"`)
	my.same(a, func() float64 {
		return my.ask("SELECT sum(file_size) FROM information_schema.innodb_sys_tablespaces WHERE name LIKE 'shop/%'")
	}, "mysql_db_size_bytes", `schema="shop"`)
	stopPG()
	stopMy()
	pg.same(a, exactly(0), "postgresql_connection_blocked")

	// Of a replica whose account has no right there is the rest.
	replica.same(a, exactly(30), "mysql_connection_max")
	eventually(t, 90*time.Second, "the agent says which rights are missing", func() error {
		for _, right := range []string{"run GRANT PROCESS ON *.* TO 'tidewatch'@'127.0.0.1';", "run GRANT REPLICA MONITOR ON *.* TO 'tidewatch'@'127.0.0.1';"} {
			if n := strings.Count(a.logText(), right); n == 0 {
				return errors.New("not: " + right)
			}
		}
		return nil
	})
	replica.run("GRANT PROCESS, REPLICA MONITOR ON *.* TO tidewatch@'127.0.0.1'", "GRANT SELECT ON performance_schema.* TO tidewatch@'127.0.0.1'")
	replica.same(a, exactly(2), "mysql_replica_running")

	v, last, seen := &viewer{prometheus: prom.url}, map[string]error{}, map[string]bool{}
	eventually(t, 2*time.Minute, "every query of the dashboards is answered with data", func() error {
		clear(last)
		for _, uid := range []string{"tidewatch-postgresql", "tidewatch-mysql"} {
			v.look(dashboards.Find(dashboards.All(), uid), seen, last)
		}
		var errs []error
		for name, err := range last {
			if sqlMayBeEmpty[name] == "" {
				errs = append(errs, fmt.Errorf("%s: %w", name, err))
			}
		}
		return errors.Join(errs...)
	})
	require.NoError(t, a.stop())
	require.NotContains(t, a.logText(), password)
}

// With nothing but a name in the configuration a server is read through its unix socket, as
// the agent's own user.
func TestSQLServersByTheirSockets(t *testing.T) {
	pg, my := startSQL(t, "postgresql"), startSQL(t, "mariadb")
	startAll(t, pg, my)
	me, err := user.Current()
	require.NoError(t, err)
	pg.run(`CREATE ROLE "`+me.Username+`" LOGIN`, `GRANT pg_monitor TO "`+me.Username+`"`)
	my.run("CREATE OR REPLACE USER '"+me.Username+"'@localhost IDENTIFIED VIA unix_socket", "GRANT PROCESS, REPLICA MONITOR ON *.* TO '"+me.Username+"'@localhost",
		"GRANT SELECT ON performance_schema.* TO '"+me.Username+"'@localhost")
	a := newAgent(t)
	a.env = append(a.env, "TIDEWATCH_MIDDLEWARE=postgresql mysql")
	a.set = append(a.set, "receivers::middleware::collection_interval=1s", "receivers::middleware::postgresql::endpoints=["+pg.socket()+"]", "receivers::middleware::mysql::endpoints=["+my.socket()+"]")
	a.start()
	for name, s := range map[string]*sqlServer{"postgresql_connection_max": pg, "mysql_connection_max": my} {
		eventually(t, 90*time.Second, name, func() error {
			_, page, err := get(fmt.Sprintf("http://127.0.0.1:%d/metrics", a.metrics))
			if err == nil && sumSeries(page, name, s.socket()+`"`) != 30 {
				err = errors.New(name + " is not 30 at " + s.socket())
			}
			return err
		})
	}
	require.NotContains(t, a.logText(), "a part only")
	require.NoError(t, a.stop())
}
