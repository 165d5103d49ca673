package postgresql

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

const (
	databaseName = "postgresql.database.name"
	schemaName   = "postgresql.schema.name"
	tableName    = "postgresql.table.name"
)

// Names are upstream's where it has the metric.
var (
	uptime        = gauge("postgresql.uptime", "s", "How long the server runs.")
	connectionMax = gauge("postgresql.connection.max", "{connection}", "Sessions that there may be at most.")
	databaseCount = upDown("postgresql.database.count", "{database}", "Databases that are no templates.")
	inRecovery    = gauge("postgresql.standby", "{server}", "1 while the server is a standby, 0 while it is a primary.")

	backends     = upDown("postgresql.backends", "{session}", "Sessions of a database.")
	databaseSize = upDown("postgresql.db_size", "By", "Space that a database takes.")
	xidAge       = gauge("postgresql.xid.age", "{transaction}", "Age of the oldest transaction id that a database still holds. At about 2,100 million the server stops to accept writes.")
	multixactAge = gauge("postgresql.multixact.age", "{transaction}", "Age of the oldest multixact id that a database still holds; its end is the same as that of transaction ids.")

	sessions       = upDown("postgresql.connection.count", "{connection}", "Sessions of clients, by what they do.")
	blocked        = upDown("postgresql.connection.blocked", "{connection}", "Sessions of clients that wait for a lock of another one.")
	transactionAge = gauge("postgresql.transaction.max_age", "s", "Age of the oldest open transaction, by what its session does; prepared is one without a session.")
	prepared       = upDown("postgresql.transaction.prepared", "{transaction}", "Prepared transactions that were neither committed nor rolled back.")
	locks          = upDown("postgresql.database.locks", "{lock}", "Locks that are held or waited for.")

	blocksRead  = counter("postgresql.blocks_read", "{block}", "Blocks of a table and its indexes, from disk or the cache of the system (read) or from shared buffers (hit).")
	bufferReads = counter("postgresql.blks_read", "{block}", "Blocks of a database that were not in shared buffers.")
	bufferHits  = counter("postgresql.blks_hit", "{block}", "Blocks of a database that were in shared buffers.")

	checkpoints    = counter("postgresql.bgwriter.checkpoint.count", "{checkpoint}", "Checkpoints, because it was time (scheduled) or because much was written (requested).")
	checkpointTime = counter("postgresql.bgwriter.duration", "ms", "Time that checkpoints took.")
	buffersWritten = counter("postgresql.bgwriter.buffers.writes", "{buffer}", "Buffers written, by who wrote them.")
	buffersAlloc   = counter("postgresql.bgwriter.buffers.allocated", "{buffer}", "Buffers taken into use.")
	maxWritten     = counter("postgresql.bgwriter.maxwritten", "{round}", "Times that the background writer stopped because it had written enough for a round.")

	walSize     = upDown("postgresql.wal.size", "By", "Space that the files of the write-ahead log take.")
	walAge      = gauge("postgresql.wal.age", "s", "Age of the oldest file of the write-ahead log.")
	walWritten  = counter("postgresql.wal.written", "By", "Write-ahead log that was made.")
	walFull     = counter("postgresql.wal.buffers_full", "{write}", "Times that the log was written because its buffers were full.")
	archived    = counter("postgresql.wal.archive.count", "{file}", "Files of the write-ahead log that were archived, or could not be.")
	replicaData = gauge("postgresql.replication.data_delay", "By", "Write-ahead log that a replica has not replayed yet.")
	replicaLag  = gauge("postgresql.wal.lag", "s", "Time until a replica had written, flushed or replayed what was sent to it last.")
	slotHeld    = gauge("postgresql.replication.slot.retained", "By", "Write-ahead log that is kept on disk for a slot.")
	standbyLag  = gauge("postgresql.replication.replay_delay", "s", "How far what this standby shows is behind its primary.")
	receivers   = upDown("postgresql.replication.receivers", "{connection}", "Connections of this standby to a primary: 1, or 0 when it is cut off.")

	operations    = counter("postgresql.operations", "{row}", "Rows of a table inserted, updated and deleted.")
	tableRows     = upDown("postgresql.rows", "{row}", "Rows of a table, as estimated; dead ones wait for vacuum.")
	sequential    = counter("postgresql.sequential_scans", "{scan}", "Times that all of a table was read.")
	indexScans    = counter("postgresql.table.index_scans", "{scan}", "Times that a table was read by an index.")
	vacuums       = counter("postgresql.table.vacuum.count", "{vacuum}", "Times that a table was vacuumed.")
	tableSize     = upDown("postgresql.table.size", "By", "Space that a table takes, without its indexes.")
	indexSize     = upDown("postgresql.table.index.size", "By", "Space that the indexes of a table take.")
	tableCount    = upDown("postgresql.table.count", "{table}", "Tables of a database.")
	modifications = gauge("postgresql.table.unanalyzed", "{row}", "Rows that changed since the planner's statistics of a table were made.")
)

// databaseColumns are those of pg_stat_database whose values are counted.
var databaseColumns = []query.Column{
	{Name: "xact_commit", Metric: counter("postgresql.commits", "{transaction}", "Transactions that were committed.")},
	{Name: "xact_rollback", Metric: counter("postgresql.rollbacks", "{transaction}", "Transactions that were rolled back.")},
	{Name: "deadlocks", Metric: counter("postgresql.deadlocks", "{deadlock}", "Deadlocks, each ended by ending one of its transactions.")},
	{Name: "conflicts", Metric: counter("postgresql.conflicts", "{query}", "Queries on a standby that were ended because the primary changed what they read.")},
	{Name: "blks_read", Metric: bufferReads},
	{Name: "blks_hit", Metric: bufferHits},
	{Name: "tup_returned", Metric: counter("postgresql.tup_returned", "{row}", "Rows that scans went over.")},
	{Name: "tup_fetched", Metric: counter("postgresql.tup_fetched", "{row}", "Rows fetched by an index.")},
	{Name: "tup_inserted", Metric: counter("postgresql.tup_inserted", "{row}", "Rows inserted.")},
	{Name: "tup_updated", Metric: counter("postgresql.tup_updated", "{row}", "Rows updated.")},
	{Name: "tup_deleted", Metric: counter("postgresql.tup_deleted", "{row}", "Rows deleted.")},
	{Name: "temp_files", Metric: counter("postgresql.temp_files", "{file}", "Files written because work_mem was too small for a sort or a join.")},
	{Name: "temp_bytes", Metric: counter("postgresql.temp.io", "By", "Bytes written to temporary files.")},
	{Name: "sessions_killed", Metric: counter("postgresql.sessions.killed", "{session}", "Sessions that an operator ended.")},
	{Name: "sessions_abandoned", Metric: counter("postgresql.sessions.abandoned", "{session}", "Sessions whose client was lost.")},
	{Name: "checksum_failures", Metric: counter("postgresql.checksum_failures", "{block}", "Blocks whose checksum was wrong: the disk, or what is between, damages data.")},
}

// writerColumns are those of pg_stat_bgwriter before 17, and of pg_stat_bgwriter and
// pg_stat_checkpointer since.
var writerColumns = []query.Column{
	{Name: "checkpoints_timed", Metric: checkpoints, Attributes: []string{"type", "scheduled"}},
	{Name: "num_timed", Metric: checkpoints, Attributes: []string{"type", "scheduled"}},
	{Name: "checkpoints_req", Metric: checkpoints, Attributes: []string{"type", "requested"}},
	{Name: "num_requested", Metric: checkpoints, Attributes: []string{"type", "requested"}},
	{Name: "checkpoint_write_time", Metric: checkpointTime, Attributes: []string{"type", "write"}},
	{Name: "write_time", Metric: checkpointTime, Attributes: []string{"type", "write"}},
	{Name: "checkpoint_sync_time", Metric: checkpointTime, Attributes: []string{"type", "sync"}},
	{Name: "sync_time", Metric: checkpointTime, Attributes: []string{"type", "sync"}},
	{Name: "buffers_checkpoint", Metric: buffersWritten, Attributes: []string{"source", "checkpoints"}},
	{Name: "buffers_written", Metric: buffersWritten, Attributes: []string{"source", "checkpoints"}},
	{Name: "buffers_clean", Metric: buffersWritten, Attributes: []string{"source", "bgwriter"}},
	{Name: "buffers_backend", Metric: buffersWritten, Attributes: []string{"source", "backend"}},
	{Name: "buffers_backend_fsync", Metric: buffersWritten, Attributes: []string{"source", "backend_fsync"}},
	{Name: "buffers_alloc", Metric: buffersAlloc},
	{Name: "maxwritten_clean", Metric: maxWritten},
}

var walColumns = []query.Column{
	{Name: "wal_bytes", Metric: walWritten},
	{Name: "wal_buffers_full", Metric: walFull},
}

var tableColumns = []query.Column{
	{Name: "n_tup_ins", Metric: operations, Attributes: []string{"operation", "ins"}},
	{Name: "n_tup_upd", Metric: operations, Attributes: []string{"operation", "upd"}},
	{Name: "n_tup_del", Metric: operations, Attributes: []string{"operation", "del"}},
	{Name: "n_tup_hot_upd", Metric: operations, Attributes: []string{"operation", "hot_upd"}},
	{Name: "seq_scan", Metric: sequential},
	{Name: "idx_scan", Metric: indexScans},
	{Name: "vacuum_count", Metric: vacuums, Attributes: []string{"type", "manual"}},
	{Name: "autovacuum_count", Metric: vacuums, Attributes: []string{"type", "auto"}},
	{Name: "n_mod_since_analyze", Metric: modifications},
	{Name: "heap_blks_read", Metric: blocksRead, Attributes: []string{"source", "heap_read"}},
	{Name: "heap_blks_hit", Metric: blocksRead, Attributes: []string{"source", "heap_hit"}},
	{Name: "idx_blks_read", Metric: blocksRead, Attributes: []string{"source", "idx_read"}},
	{Name: "idx_blks_hit", Metric: blocksRead, Attributes: []string{"source", "idx_hit"}},
	{Name: "toast_blks_read", Metric: blocksRead, Attributes: []string{"source", "toast_read"}},
	{Name: "toast_blks_hit", Metric: blocksRead, Attributes: []string{"source", "toast_hit"}},
	{Name: "tidx_blks_read", Metric: blocksRead, Attributes: []string{"source", "tidx_read"}},
	{Name: "tidx_blks_hit", Metric: blocksRead, Attributes: []string{"source", "tidx_hit"}},
}
