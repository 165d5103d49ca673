package postgresql

import (
	"strconv"
	"strings"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/query"
)

// grant is the one right that all statements need: the role pg_monitor has what a reader
// of statistics wants, and no data.
func grant(user string) string { return "GRANT pg_monitor TO " + quote(user) + ";" }

// quote makes an identifier of a name that is not a plain one.
func quote(name string) string {
	plain := name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_0123456789") == "" && (name[0] < '0' || name[0] > '9')
	if plain {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// position is the end of the write-ahead log as this server knows it.
const position = `CASE WHEN pg_is_in_recovery() THEN coalesce(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) ELSE pg_current_wal_lsn() END`

const serverSQL = `SELECT current_setting('server_version_num') AS version_num, current_setting('max_connections') AS max_connections,
 extract(epoch FROM clock_timestamp() - pg_postmaster_start_time()) AS uptime, pg_is_in_recovery() AS standby,
 current_setting('port') || ' ' || extract(epoch FROM pg_postmaster_start_time())::bigint || ' ' || (SELECT system_identifier FROM pg_control_system()) AS identity,
 (SELECT count(*) FROM pg_database WHERE NOT datistemplate) AS databases`

// busiest orders databases; template ones are last, and have no statistics worth a name.
const busiest = ` ORDER BY d.datistemplate, s.xact_commit + s.xact_rollback DESC, d.oid`

const databasesSQL = `SELECT s.*, d.datistemplate, d.datallowconn, age(d.datfrozenxid) AS xid_age, mxid_age(d.datminmxid) AS multixact_age
 FROM pg_database d JOIN pg_stat_database s ON s.datid = d.oid` + busiest

func sizesSQL(limit int) string {
	return `SELECT d.datname, pg_database_size(d.oid) AS size FROM pg_database d JOIN pg_stat_database s ON s.datid = d.oid
 WHERE NOT d.datistemplate` + busiest + ` LIMIT ` + strconv.Itoa(limit)
}

// activitySQL counts sessions of clients. Those of other roles have no state and no
// backend type for a role without pg_monitor.
const activitySQL = `SELECT state, count(*) AS sessions, count(*) FILTER (WHERE wait_event_type = 'Lock') AS blocked,
 extract(epoch FROM max(clock_timestamp() - xact_start)) AS age
 FROM pg_stat_activity WHERE datname IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend' AND pid <> pg_backend_pid() GROUP BY state`

const preparedSQL = `SELECT count(*) AS prepared, coalesce(extract(epoch FROM max(clock_timestamp() - prepared)), 0) AS age FROM pg_prepared_xacts`

const locksSQL = `SELECT mode, locktype, count(*) AS locks FROM pg_locks WHERE pid IS DISTINCT FROM pg_backend_pid() GROUP BY mode, locktype ORDER BY mode, locktype`

// writerSQL reads the writers of dirty buffers, whose statistics became two views in 17.
func writerSQL(version int) string {
	if version >= 170000 {
		return `SELECT b.buffers_clean, b.maxwritten_clean, b.buffers_alloc, c.* FROM pg_stat_bgwriter b, pg_stat_checkpointer c`
	}
	return `SELECT * FROM pg_stat_bgwriter`
}

const walFilesSQL = `SELECT sum(size) AS size, coalesce(extract(epoch FROM clock_timestamp() - min(modification)), 0) AS age FROM pg_ls_waldir()`

const archiverSQL = `SELECT archived_count, failed_count FROM pg_stat_archiver WHERE current_setting('archive_mode') <> 'off'`

// maxReplicas bounds replicas and slots, the furthest behind first.
const maxReplicas = 50

var replicasSQL = `SELECT coalesce(host(client_addr), 'unix') AS client, application_name,
 max(pg_wal_lsn_diff(` + position + `, replay_lsn)) AS delay, extract(epoch FROM max(write_lag)) AS write_lag,
 extract(epoch FROM max(flush_lag)) AS flush_lag, extract(epoch FROM max(replay_lag)) AS replay_lag
 FROM pg_stat_replication GROUP BY 1, 2 ORDER BY 3 DESC NULLS LAST LIMIT ` + strconv.Itoa(maxReplicas)

var slotsSQL = `SELECT slot_name, pg_wal_lsn_diff(` + position + `, restart_lsn) AS retained FROM pg_replication_slots
 WHERE restart_lsn IS NOT NULL ORDER BY 2 DESC LIMIT ` + strconv.Itoa(maxReplicas)

// standbySQL: what was received and is replayed is no delay, as long as something is
// received; after that the age of the last transaction is what readers see.
const standbySQL = `SELECT (SELECT count(*) FROM pg_stat_wal_receiver WHERE pid IS NOT NULL) AS receivers,
 CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() AND EXISTS (SELECT FROM pg_stat_wal_receiver WHERE pid IS NOT NULL) THEN 0
 ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END AS delay`

// largest chooses the tables with names. relpages is an estimate that costs nothing.
func largest(limit int) string {
	return `(SELECT s.relid FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid ORDER BY c.relpages DESC, s.relid LIMIT ` + strconv.Itoa(limit) + `)`
}

func tablesSQL(limit int) string {
	return `SELECT current_database() AS datname, s.*, i.heap_blks_read, i.heap_blks_hit, i.idx_blks_read, i.idx_blks_hit, i.toast_blks_read, i.toast_blks_hit, i.tidx_blks_read, i.tidx_blks_hit
 FROM pg_stat_user_tables s JOIN pg_statio_user_tables i USING (relid) WHERE s.relid IN ` + largest(limit) + ` ORDER BY s.schemaname, s.relname`
}

const tableTotalsSQL = `SELECT current_database() AS datname, count(*) AS tables, sum(n_live_tup) AS n_live_tup, sum(n_dead_tup) AS n_dead_tup FROM pg_stat_user_tables`

// tableSizesSQL waits for the lock of a table that is being changed, and gives up: hence
// it is a statement of its own.
func tableSizesSQL(limit int) string {
	return `SELECT current_database() AS datname, s.schemaname, s.relname, pg_table_size(s.relid) AS size, pg_indexes_size(s.relid) AS indexes FROM pg_stat_user_tables s WHERE s.relid IN ` + largest(limit)
}

// queries are those of the whole server, but the list of databases.
func queries(version int, standby bool, cfg *Config, user string) []query.Query {
	right := grant(user)
	list := []query.Query{
		{Name: "database_sizes", SQL: sizesSQL(cfg.MaxDatabases), Grant: right, Write: writeSizes},
		{Name: "locks", SQL: locksSQL, Write: writeLocks},
		{Name: "background_writer", SQL: writerSQL(version), Write: writeWriter},
		{Name: "wal_files", SQL: walFilesSQL, Grant: right, Write: writeWALFiles},
		{Name: "archiver", SQL: archiverSQL, Write: writeArchiver},
		{Name: "replicas", SQL: replicasSQL, Grant: right, Write: writeReplicas},
		{Name: "replication_slots", SQL: slotsSQL, Write: writeSlots},
	}
	if version >= 140000 {
		list = append(list, query.Query{Name: "wal", SQL: `SELECT * FROM pg_stat_wal`, Write: writeWAL})
	}
	if standby {
		list = append(list, query.Query{Name: "standby", SQL: standbySQL, Write: writeStandby})
	}
	return list
}
