package postgresql

import (
	"testing"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/query"
	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/query/querytest"
)

func columns(names ...string) []query.Column {
	list := make([]query.Column, len(names))
	for i, n := range names {
		list[i].Name = n
	}
	return list
}

func TestMetricsAreListed(t *testing.T) {
	b, md := querytest.Batch(t, Kind)
	all := func(names ...string) query.Rows { return querytest.All(t, columns(names...)) }
	writeServer(b, all("uptime", "max_connections", "databases", "standby"))
	writeDatabases(b, querytest.All(t, append(databaseColumns, columns("numbackends", "xid_age", "multixact_age")...), "datname", "x", "datistemplate", "false"), 1)
	writeSizes(b, all("datname", "size"))
	writeActivity(b, all("state", "sessions", "blocked", "age"), all("prepared", "age"))
	writeLocks(b, all("mode", "locktype", "locks"))
	// Names of old and new versions stand side by side, as no server has them.
	writeWriter(b, querytest.All(t, writerColumns))
	writeWAL(b, querytest.All(t, walColumns))
	writeWALFiles(b, all("size", "age"))
	writeArchiver(b, all("archived_count", "failed_count"))
	writeReplicas(b, all("client", "application_name", "delay", "write_lag", "flush_lag", "replay_lag"))
	writeSlots(b, all("slot_name", "retained"))
	writeStandby(b, all("receivers", "delay"))
	writeTables(b, tables{
		rows:   querytest.All(t, append(tableColumns, columns("n_live_tup", "n_dead_tup", "datname", "schemaname", "relname")...)),
		sizes:  all("datname", "schemaname", "relname", "size", "indexes"),
		totals: all("datname", "tables", "n_live_tup", "n_dead_tup"),
	})
	querytest.Listed(t, "postgresql_", md)
}
