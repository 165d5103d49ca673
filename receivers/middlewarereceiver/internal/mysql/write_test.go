package mysql

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/query"
	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/query/querytest"
)

// written are the lines of all answers that were recorded of a version, and who it is.
func written(t *testing.T, version string) (flavor, []string) {
	b, md := querytest.Batch(t, Kind)
	rows := func(name string) query.Rows { return querytest.Rows(t, version, name) }
	variables := rows("variables").Turn()
	f := flavorOf(variables.First(), rows("account").First().String("account"))
	writeVariables(b, variables)
	writeStatus(b, rows("status").Turn())
	cfg := DefaultConfig()
	for _, q := range f.queries(&cfg) {
		q.Write(b, rows(q.Name))
	}
	writeSizes(b, rows("database_sizes"), rows("table_sizes"), 1)
	return f, querytest.Lines(t, md)
}

func TestARecordedServer(t *testing.T) {
	f, lines := written(t, "mariadb-10.11")
	require.Equal(t, flavor{maria: true, version: 101119, account: "'admin'@'127.0.0.1'", schema: true}, f)
	querytest.Want(t, "mariadb-10.11.txt", lines)
}

func about(lines []string, name string) []string {
	var some []string
	for _, l := range lines {
		if strings.HasPrefix(l, name+"{") {
			some = append(some, l)
		}
	}
	return some
}

func TestReplicationInTheWordsOfAllVersions(t *testing.T) {
	f, lines := written(t, "mysql-8.4")
	require.Equal(t, flavor{version: 80403, account: "''@''", schema: true}, f)
	require.Equal(t, "SHOW REPLICA STATUS", f.replicaSQL())
	require.Equal(t, []string{`mysql.replica.time_behind_source{channel="east"} 42 s gauge`}, about(lines, "mysql.replica.time_behind_source"))
	require.Equal(t, []string{
		`mysql.replica.running{channel="east",thread="io"} 1 {thread} updown`,
		`mysql.replica.running{channel="east",thread="sql"} 1 {thread} updown`,
		`mysql.replica.running{channel="west",thread="io"} 0 {thread} updown`,
		`mysql.replica.running{channel="west",thread="sql"} 1 {thread} updown`,
	}, about(lines, "mysql.replica.running"))
	require.Equal(t, []string{`mysql.replica.sql_delay{channel="east"} 30 s gauge`, `mysql.replica.sql_delay{channel="west"} 0 s gauge`}, about(lines, "mysql.replica.sql_delay"))
	require.Equal(t, []string{`mysql.deadlocks{} 3 {deadlock} counter`}, about(lines, "mysql.deadlocks"))
	require.Equal(t, []string{`mysql.innodb.history_length{} 17 {transaction} updown`}, about(lines, "mysql.innodb.history_length"))
	require.Equal(t, []string{`mysql.read_only{} 1 {server} gauge`}, about(lines, "mysql.read_only"))

	f, lines = written(t, "mysql-5.7")
	require.Equal(t, "SHOW SLAVE STATUS", f.replicaSQL())
	require.Equal(t, []string{`mysql.replica.time_behind_source{channel=""} 0 s gauge`}, about(lines, "mysql.replica.time_behind_source"))
	require.Len(t, about(lines, "mysql.replica.running"), 2)

	// Recorded of a replica that could not apply a statement.
	f, lines = written(t, "mariadb-10.11-replica")
	require.Equal(t, "SHOW ALL SLAVES STATUS", f.replicaSQL())
	require.Empty(t, about(lines, "mysql.replica.time_behind_source"))
	require.Equal(t, []string{
		`mysql.replica.running{channel="",thread="io"} 1 {thread} updown`,
		`mysql.replica.running{channel="",thread="sql"} 0 {thread} updown`,
	}, about(lines, "mysql.replica.running"))
}

func row(t *testing.T, version, comment string) query.Row {
	rows, err := query.Parse("version\tversion_comment\n" + version + "\t" + comment + "\n")
	require.NoError(t, err)
	return rows.First()
}

func TestVersionsDiffer(t *testing.T) {
	const timeout = 2500 * time.Millisecond
	for _, c := range []struct {
		version, comment, account     string
		tablespaces, grant, lastLimit string
	}{
		{"5.5.5-10.3.39-MariaDB", "", "tide@watch@%", "innodb_sys_tablespaces", "GRANT REPLICATION CLIENT ON *.* TO 'tide@watch'@'%';", "max_statement_time = 2.500"},
		{"11.4.2", "MariaDB Server", "a'b@localhost", "innodb_sys_tablespaces", `GRANT REPLICA MONITOR ON *.* TO 'a\'b'@'localhost';`, "max_statement_time = 2.500"},
		{"5.7.44-log", "", "u@h", "innodb_sys_tablespaces", "GRANT REPLICATION CLIENT ON *.* TO 'u'@'h';", "max_execution_time = 2500"},
		{"8.0.21", "", "u@h", "innodb_tablespaces", "GRANT REPLICATION CLIENT ON *.* TO 'u'@'h';", "max_execution_time = 2500"},
		{"5.6.51", "", "u@h", "innodb_sys_tablespaces", "GRANT REPLICATION CLIENT ON *.* TO 'u'@'h';", "lock_wait_timeout = 1"},
	} {
		f := flavorOf(row(t, c.version, c.comment), c.account)
		require.Equal(t, "information_schema."+c.tablespaces, f.tablespaces(), c.version)
		require.Equal(t, c.grant, f.replicaGrant(), c.version)
		limits := f.limits(timeout)
		require.Equal(t, "SET SESSION TRANSACTION READ ONLY", limits[0])
		require.Equal(t, "SET SESSION "+c.lastLimit, limits[len(limits)-1], c.version)
	}
}

func TestNamesOfFilesAreThoseOfTables(t *testing.T) {
	for file, want := range map[string]string{"plain": "plain", "odd@002dname": "odd-name", "@0024a@0025": "$a%", "a@": "a@", "a@00zzb@002dc": "a@00zzb-c"} {
		require.Equal(t, want, decode(file))
	}
}
