package mysql

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
	writeVariables(b, querytest.All(t, variableColumns))
	writeStatus(b, querytest.All(t, append(statusColumns, columns("innodb_buffer_pool_bytes_data", "innodb_buffer_pool_bytes_dirty", "innodb_buffer_pool_pages_dirty")...)))
	writeTransactions(b, all("age", "transactions", "blocked"))
	writeReplication(b, all("channel_name", "seconds_behind_source", "sql_delay", "replica_io_running", "replica_sql_running"))
	writeTableWaits(b, querytest.All(t, waitColumns, "object_schema", "x", "object_name", "y"))
	writeSizes(b, all("db", "size"), all("db", "tbl", "size"), 1)
	querytest.Listed(t, "mysql_", md)
}
