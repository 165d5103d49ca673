package postgresql

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/query"
	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/query/querytest"
)

// written are the lines of all answers that were recorded of a version.
func written(t *testing.T, version string, number int, standby bool, limit int) []string {
	b, md := querytest.Batch(t, Kind)
	rows := func(name string) query.Rows { return querytest.Rows(t, version, name) }
	cfg := DefaultConfig()
	writeServer(b, rows("server"))
	writeDatabases(b, rows("databases"), limit)
	writeActivity(b, rows("sessions"), rows("prepared_transactions"))
	for _, q := range queries(number, standby, &cfg, "tidewatch") {
		q.Write(b, rows(q.Name))
	}
	writeTables(b, tables{rows: rows("tables"), sizes: rows("table_sizes"), totals: rows("table_totals")})
	return querytest.Lines(t, md)
}

func TestRecordedServers(t *testing.T) {
	querytest.Want(t, "15.txt", written(t, "15", 150018, false, 20))
	querytest.Want(t, "15-standby.txt", written(t, "15-standby", 150018, true, 20))
}

// about are the lines of metrics.
func about(lines []string, names ...string) []string {
	var some []string
	for _, l := range lines {
		for _, n := range names {
			if strings.HasPrefix(l, n+"{") {
				some = append(some, l)
			}
		}
	}
	return some
}

func TestOldAndNewColumnsMakeTheSameMetrics(t *testing.T) {
	writer := []string{
		"postgresql.bgwriter.checkpoint.count", "postgresql.bgwriter.duration", "postgresql.bgwriter.buffers.allocated", "postgresql.bgwriter.maxwritten",
	}
	fifteen, seventeen := written(t, "15", 150018, false, 20), written(t, "17", 170002, false, 20)
	require.Len(t, about(fifteen, writer...), 6)
	require.Equal(t, about(fifteen, writer...), about(seventeen, writer...))
	// Backends' own writes are in pg_stat_io since 17.
	require.Equal(t, []string{
		`postgresql.bgwriter.buffers.writes{source="bgwriter"} 1614 {buffer} counter`,
		`postgresql.bgwriter.buffers.writes{source="checkpoints"} 485 {buffer} counter`,
	}, about(seventeen, "postgresql.bgwriter.buffers.writes"))

	ten := written(t, "10", 100023, false, 20)
	require.Equal(t, about(fifteen, writer...), about(ten, writer...))
	require.Empty(t, about(ten, "postgresql.checksum_failures", "postgresql.sessions.killed", "postgresql.wal.written"))
	require.Equal(t, []string{`postgresql.deadlocks{postgresql.database.name="shop"} 1 {deadlock} counter`}, about(ten, "postgresql.deadlocks"))
}

func TestTheOldestTransactionIDOfTemplatesCounts(t *testing.T) {
	require.Equal(t, []string{
		`postgresql.xid.age{postgresql.database.name="<other>"} 150000000 {transaction} gauge`,
		`postgresql.xid.age{postgresql.database.name="shop"} 32 {transaction} gauge`,
	}, about(written(t, "10", 100023, false, 20), "postgresql.xid.age"))
}

func TestManyDatabasesAreBounded(t *testing.T) {
	var text strings.Builder
	text.WriteString("datname\tnumbackends\txact_commit\tdatistemplate\txid_age\n")
	for i := range 3000 {
		fmt.Fprintf(&text, "db%d\t2\t%d\tfalse\t%d\n", i, 3000-i, i)
	}
	rows, err := query.Parse(text.String())
	require.NoError(t, err)
	b, md := querytest.Batch(t, Kind)
	writeDatabases(b, rows, 3)
	require.Equal(t, []string{
		`postgresql.backends{postgresql.database.name="<other>"} 5994 {session} updown`,
		`postgresql.backends{postgresql.database.name="db0"} 2 {session} updown`,
		`postgresql.backends{postgresql.database.name="db1"} 2 {session} updown`,
		`postgresql.backends{postgresql.database.name="db2"} 2 {session} updown`,
		`postgresql.commits{postgresql.database.name="db0"} 3000 {transaction} counter`,
		`postgresql.commits{postgresql.database.name="db1"} 2999 {transaction} counter`,
		`postgresql.commits{postgresql.database.name="db2"} 2998 {transaction} counter`,
		`postgresql.xid.age{postgresql.database.name="<other>"} 2999 {transaction} gauge`,
		`postgresql.xid.age{postgresql.database.name="db0"} 0 {transaction} gauge`,
		`postgresql.xid.age{postgresql.database.name="db1"} 1 {transaction} gauge`,
		`postgresql.xid.age{postgresql.database.name="db2"} 2 {transaction} gauge`,
	}, querytest.Lines(t, md))
}

func TestHiddenSessionsAreNoted(t *testing.T) {
	rows, err := query.Parse("state\tsessions\tblocked\tage\n\\N\t7\t0\t\\N\nactive\t1\t1\t4.5\n")
	require.NoError(t, err)
	b, md := querytest.Batch(t, Kind)
	require.InDelta(t, 7, writeActivity(b, rows, query.Rows{}), 0)
	require.Equal(t, []string{
		`postgresql.connection.blocked{} 1 {connection} updown`,
		`postgresql.connection.count{state="active"} 1 {connection} updown`,
		`postgresql.connection.count{state="hidden"} 7 {connection} updown`,
		`postgresql.connection.count{state="idle in transaction"} 0 {connection} updown`,
		`postgresql.connection.count{state="idle"} 0 {connection} updown`,
		`postgresql.transaction.max_age{state="active"} 4.5 s gauge`,
		`postgresql.transaction.max_age{state="idle in transaction"} 0 s gauge`,
	}, querytest.Lines(t, md))
}
