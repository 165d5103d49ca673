package mysql

import "github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/query"

func counter(name, unit, description string) query.Metric {
	return query.Metric{Name: name, Unit: unit, Description: description, Kind: query.Counter}
}

func upDown(name, unit, description string) query.Metric {
	return query.Metric{Name: name, Unit: unit, Description: description, Kind: query.UpDown}
}

func gauge(name, unit, description string) query.Metric {
	return query.Metric{Name: name, Unit: unit, Description: description}
}

// Names are upstream's where it has the metric.
var (
	connectionMax  = gauge("mysql.connection.max", "{connection}", "Connections that there may be at most.")
	bufferPoolSize = gauge("mysql.buffer_pool.limit", "By", "Size of the buffer pool as configured.")
	pageSize       = gauge("mysql.page_size", "By", "Size of a page of InnoDB.")
	readOnly       = gauge("mysql.read_only", "{server}", "1 while the server accepts no writes of users, as a replica should.")

	bufferPoolUsage = upDown("mysql.buffer_pool.usage", "By", "Bytes of data in the buffer pool.")
	bufferPoolPages = upDown("mysql.buffer_pool.pages", "{page}", "Pages of the buffer pool.")
	bufferPoolData  = upDown("mysql.buffer_pool.data_pages", "{page}", "Pages of data in the buffer pool.")
	bufferPoolOps   = counter("mysql.buffer_pool.operations", "{operation}", "What the buffer pool did; reads went to disk, read_requests are all.")
	threads         = upDown("mysql.threads", "{thread}", "Threads; connected is connections, running is those that work.")
	connErrors      = counter("mysql.connection.errors", "{error}", "Connections that failed: aborted before they were one, aborted_clients without a goodbye, max_connections for want of a free one.")
	commands        = counter("mysql.commands", "{command}", "Statements, by kind.")
	handlers        = counter("mysql.handlers", "{request}", "Requests to storage engines; read_rnd_next is a row of a full scan.")
	rowLocks        = counter("mysql.row_locks", "{lock}", "Row locks that had to be waited for.")
	rowOperations   = counter("mysql.row_operations", "{row}", "Rows that InnoDB read, inserted, updated and deleted.")
	operations      = counter("mysql.operations", "{operation}", "Reads, writes and syncs of InnoDB's data files.")
	logOperations   = counter("mysql.log_operations", "{operation}", "Writes of InnoDB's redo log, and waits because its buffer was full.")
	tableLocks      = counter("mysql.locks", "{lock}", "Table locks, given at once or waited for.")
	tmpResources    = counter("mysql.tmp_resources", "{resource}", "Temporary tables, in all and on disk, and files.")
	sorts           = counter("mysql.sorts", "{sort}", "Sorts, and rows and merges of them.")
	joins           = counter("mysql.joins", "{join}", "Joins that no index helped.")
	clientIO        = counter("mysql.client.network.io", "By", "Bytes received from clients and sent to them.")
	openCache       = counter("mysql.table_open_cache", "{table}", "Tables found in the cache of open ones, or not.")
	deadlocks       = counter("mysql.deadlocks", "{deadlock}", "Deadlocks in InnoDB, each ended by rolling one of its transactions back.")
	historyLength   = upDown("mysql.innodb.history_length", "{transaction}", "Transactions whose old versions of rows were not purged yet; an old open transaction keeps them.")

	transactionAge = gauge("mysql.transaction.max_age", "s", "Age of the oldest open transaction.")
	transactions   = upDown("mysql.transaction.count", "{transaction}", "Open transactions.")
	blocked        = upDown("mysql.transaction.blocked", "{transaction}", "Transactions that wait for a lock of another one.")
	replicaBehind  = gauge("mysql.replica.time_behind_source", "s", "How far what this replica applied is behind its source; without a point it does not replicate.")
	replicaDelay   = gauge("mysql.replica.sql_delay", "s", "How far the replica is to stay behind its source.")
	replicaRunning = upDown("mysql.replica.running", "{thread}", "1 while a thread of the replica runs, 0 while it does not: io fetches, sql applies.")
	databaseSize   = upDown("mysql.db_size", "By", "Space that the InnoDB tables of a database take, with their indexes.")
	tableSize      = upDown("mysql.table.size", "By", "Space that an InnoDB table takes, with its indexes.")
	tableWaits     = counter("mysql.table.io.wait.count", "{wait}", "Accesses to rows of a table.")
	tableWaitTime  = counter("mysql.table.io.wait.time", "ns", "Time that accesses to rows of a table took.")
)

// variableColumns are global variables.
var variableColumns = []query.Column{
	{Name: "max_connections", Metric: connectionMax},
	{Name: "innodb_buffer_pool_size", Metric: bufferPoolSize},
	{Name: "innodb_page_size", Metric: pageSize},
	{Name: "read_only", Metric: readOnly},
}

// statusColumns are lines of SHOW GLOBAL STATUS.
var statusColumns = []query.Column{
	{Name: "uptime", Metric: gauge("mysql.uptime", "s", "How long the server runs.")},
	{Name: "max_used_connections", Metric: gauge("mysql.max_used_connections", "{connection}", "The most connections that there were at one time since the start.")},
	{Name: "connections", Metric: counter("mysql.connection.count", "{connection}", "Attempts to connect, successful or not.")},
	{Name: "aborted_connects", Metric: connErrors, Attributes: []string{"error", "aborted"}},
	{Name: "aborted_clients", Metric: connErrors, Attributes: []string{"error", "aborted_clients"}},
	{Name: "connection_errors_accept", Metric: connErrors, Attributes: []string{"error", "accept"}},
	{Name: "connection_errors_internal", Metric: connErrors, Attributes: []string{"error", "internal"}},
	{Name: "connection_errors_max_connections", Metric: connErrors, Attributes: []string{"error", "max_connections"}},
	{Name: "connection_errors_peer_address", Metric: connErrors, Attributes: []string{"error", "peer_address"}},
	{Name: "connection_errors_select", Metric: connErrors, Attributes: []string{"error", "select"}},
	{Name: "connection_errors_tcpwrap", Metric: connErrors, Attributes: []string{"error", "tcpwrap"}},
	{Name: "locked_connects", Metric: connErrors, Attributes: []string{"error", "locked"}},
	{Name: "threads_cached", Metric: threads, Attributes: []string{"kind", "cached"}},
	{Name: "threads_connected", Metric: threads, Attributes: []string{"kind", "connected"}},
	{Name: "threads_running", Metric: threads, Attributes: []string{"kind", "running"}},
	{Name: "questions", Metric: counter("mysql.query.client.count", "{query}", "Statements that clients sent.")},
	{Name: "queries", Metric: counter("mysql.query.count", "{query}", "Statements, those in stored programs included.")},
	{Name: "slow_queries", Metric: counter("mysql.query.slow.count", "{query}", "Statements that took longer than long_query_time.")},
	{Name: "com_select", Metric: commands, Attributes: []string{"command", "select"}},
	{Name: "com_insert", Metric: commands, Attributes: []string{"command", "insert"}},
	{Name: "com_insert_select", Metric: commands, Attributes: []string{"command", "insert_select"}},
	{Name: "com_update", Metric: commands, Attributes: []string{"command", "update"}},
	{Name: "com_update_multi", Metric: commands, Attributes: []string{"command", "update_multi"}},
	{Name: "com_delete", Metric: commands, Attributes: []string{"command", "delete"}},
	{Name: "com_delete_multi", Metric: commands, Attributes: []string{"command", "delete_multi"}},
	{Name: "com_replace", Metric: commands, Attributes: []string{"command", "replace"}},
	{Name: "com_commit", Metric: commands, Attributes: []string{"command", "commit"}},
	{Name: "com_rollback", Metric: commands, Attributes: []string{"command", "rollback"}},
	{Name: "com_call_procedure", Metric: commands, Attributes: []string{"command", "call_procedure"}},
	{Name: "handler_commit", Metric: handlers, Attributes: []string{"kind", "commit"}},
	{Name: "handler_delete", Metric: handlers, Attributes: []string{"kind", "delete"}},
	{Name: "handler_discover", Metric: handlers, Attributes: []string{"kind", "discover"}},
	{Name: "handler_external_lock", Metric: handlers, Attributes: []string{"kind", "external_lock"}},
	{Name: "handler_mrr_init", Metric: handlers, Attributes: []string{"kind", "mrr_init"}},
	{Name: "handler_prepare", Metric: handlers, Attributes: []string{"kind", "prepare"}},
	{Name: "handler_read_first", Metric: handlers, Attributes: []string{"kind", "read_first"}},
	{Name: "handler_read_key", Metric: handlers, Attributes: []string{"kind", "read_key"}},
	{Name: "handler_read_last", Metric: handlers, Attributes: []string{"kind", "read_last"}},
	{Name: "handler_read_next", Metric: handlers, Attributes: []string{"kind", "read_next"}},
	{Name: "handler_read_prev", Metric: handlers, Attributes: []string{"kind", "read_prev"}},
	{Name: "handler_read_rnd", Metric: handlers, Attributes: []string{"kind", "read_rnd"}},
	{Name: "handler_read_rnd_next", Metric: handlers, Attributes: []string{"kind", "read_rnd_next"}},
	{Name: "handler_rollback", Metric: handlers, Attributes: []string{"kind", "rollback"}},
	{Name: "handler_savepoint", Metric: handlers, Attributes: []string{"kind", "savepoint"}},
	{Name: "handler_savepoint_rollback", Metric: handlers, Attributes: []string{"kind", "savepoint_rollback"}},
	{Name: "handler_update", Metric: handlers, Attributes: []string{"kind", "update"}},
	{Name: "handler_write", Metric: handlers, Attributes: []string{"kind", "write"}},
	{Name: "innodb_buffer_pool_pages_data", Metric: bufferPoolPages, Attributes: []string{"kind", "data"}},
	{Name: "innodb_buffer_pool_pages_free", Metric: bufferPoolPages, Attributes: []string{"kind", "free"}},
	{Name: "innodb_buffer_pool_pages_misc", Metric: bufferPoolPages, Attributes: []string{"kind", "misc"}},
	{Name: "innodb_buffer_pool_pages_total", Metric: bufferPoolPages, Attributes: []string{"kind", "total"}},
	{Name: "innodb_buffer_pool_pages_flushed", Metric: counter("mysql.buffer_pool.page_flushes", "{page}", "Pages of the buffer pool that were written to disk.")},
	{Name: "innodb_buffer_pool_read_ahead", Metric: bufferPoolOps, Attributes: []string{"operation", "read_ahead"}},
	{Name: "innodb_buffer_pool_read_ahead_evicted", Metric: bufferPoolOps, Attributes: []string{"operation", "read_ahead_evicted"}},
	{Name: "innodb_buffer_pool_read_ahead_rnd", Metric: bufferPoolOps, Attributes: []string{"operation", "read_ahead_rnd"}},
	{Name: "innodb_buffer_pool_read_requests", Metric: bufferPoolOps, Attributes: []string{"operation", "read_requests"}},
	{Name: "innodb_buffer_pool_reads", Metric: bufferPoolOps, Attributes: []string{"operation", "reads"}},
	{Name: "innodb_buffer_pool_wait_free", Metric: bufferPoolOps, Attributes: []string{"operation", "wait_free"}},
	{Name: "innodb_buffer_pool_write_requests", Metric: bufferPoolOps, Attributes: []string{"operation", "write_requests"}},
	{Name: "innodb_row_lock_waits", Metric: rowLocks, Attributes: []string{"kind", "waits"}},
	{Name: "innodb_row_lock_time", Metric: counter("mysql.row_locks.time", "ms", "Time that row locks were waited for.")},
	{Name: "innodb_row_lock_current_waits", Metric: upDown("mysql.row_locks.waiting", "{lock}", "Row locks that are waited for now.")},
	{Name: "innodb_rows_read", Metric: rowOperations, Attributes: []string{"operation", "read"}},
	{Name: "innodb_rows_inserted", Metric: rowOperations, Attributes: []string{"operation", "inserted"}},
	{Name: "innodb_rows_updated", Metric: rowOperations, Attributes: []string{"operation", "updated"}},
	{Name: "innodb_rows_deleted", Metric: rowOperations, Attributes: []string{"operation", "deleted"}},
	{Name: "innodb_data_fsyncs", Metric: operations, Attributes: []string{"operation", "fsyncs"}},
	{Name: "innodb_data_reads", Metric: operations, Attributes: []string{"operation", "reads"}},
	{Name: "innodb_data_writes", Metric: operations, Attributes: []string{"operation", "writes"}},
	{Name: "innodb_os_log_fsyncs", Metric: logOperations, Attributes: []string{"operation", "fsyncs"}},
	{Name: "innodb_log_waits", Metric: logOperations, Attributes: []string{"operation", "waits"}},
	{Name: "innodb_log_write_requests", Metric: logOperations, Attributes: []string{"operation", "write_requests"}},
	{Name: "innodb_log_writes", Metric: logOperations, Attributes: []string{"operation", "writes"}},
	{Name: "table_locks_immediate", Metric: tableLocks, Attributes: []string{"kind", "immediate"}},
	{Name: "table_locks_waited", Metric: tableLocks, Attributes: []string{"kind", "waited"}},
	{Name: "created_tmp_disk_tables", Metric: tmpResources, Attributes: []string{"resource", "disk_tables"}},
	{Name: "created_tmp_files", Metric: tmpResources, Attributes: []string{"resource", "files"}},
	{Name: "created_tmp_tables", Metric: tmpResources, Attributes: []string{"resource", "tables"}},
	{Name: "sort_merge_passes", Metric: sorts, Attributes: []string{"kind", "merge_passes"}},
	{Name: "sort_range", Metric: sorts, Attributes: []string{"kind", "range"}},
	{Name: "sort_rows", Metric: sorts, Attributes: []string{"kind", "rows"}},
	{Name: "sort_scan", Metric: sorts, Attributes: []string{"kind", "scan"}},
	{Name: "select_full_join", Metric: joins, Attributes: []string{"kind", "full"}},
	{Name: "select_full_range_join", Metric: joins, Attributes: []string{"kind", "full_range"}},
	{Name: "select_range", Metric: joins, Attributes: []string{"kind", "range"}},
	{Name: "select_range_check", Metric: joins, Attributes: []string{"kind", "range_check"}},
	{Name: "select_scan", Metric: joins, Attributes: []string{"kind", "scan"}},
	{Name: "bytes_received", Metric: clientIO, Attributes: []string{"kind", "received"}},
	{Name: "bytes_sent", Metric: clientIO, Attributes: []string{"kind", "sent"}},
	{Name: "table_open_cache_hits", Metric: openCache, Attributes: []string{"status", "hit"}},
	{Name: "table_open_cache_misses", Metric: openCache, Attributes: []string{"status", "miss"}},
	{Name: "table_open_cache_overflows", Metric: openCache, Attributes: []string{"status", "overflow"}},
	{Name: "innodb_deadlocks", Metric: deadlocks},
	{Name: "innodb_history_list_length", Metric: historyLength},
}

var waitColumns = []query.Column{
	{Name: "count_fetch", Metric: tableWaits, Attributes: []string{"operation", "fetch"}},
	{Name: "count_insert", Metric: tableWaits, Attributes: []string{"operation", "insert"}},
	{Name: "count_update", Metric: tableWaits, Attributes: []string{"operation", "update"}},
	{Name: "count_delete", Metric: tableWaits, Attributes: []string{"operation", "delete"}},
	{Name: "sum_timer_fetch", Metric: tableWaitTime, Attributes: []string{"operation", "fetch"}, Factor: 1e-3}, // from picoseconds
	{Name: "sum_timer_insert", Metric: tableWaitTime, Attributes: []string{"operation", "insert"}, Factor: 1e-3},
	{Name: "sum_timer_update", Metric: tableWaitTime, Attributes: []string{"operation", "update"}, Factor: 1e-3},
	{Name: "sum_timer_delete", Metric: tableWaitTime, Attributes: []string{"operation", "delete"}, Factor: 1e-3},
}
