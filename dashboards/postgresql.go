package dashboards

// postgresql answers: is a PostgreSQL server well, and if not, what holds it up?
func postgresql() *Dashboard {
	b := newBoard(uidPostgreSQL, "PostgreSQL", "Is a PostgreSQL server well, and if not, what holds it up: connections, locks, old transactions, disk or replication?", tagMiddleware)
	b.variables(prometheusVariable(), promVariable("server", "Server", "postgresql_connection_max", "instance").some(".*"))
	const (
		here     = `{instance=~"$server"}`
		share    = `sum by (instance) (postgresql_connection_count` + here + `) / max by (instance) (postgresql_connection_max` + here + `)`
		commits  = `sum by (instance, postgresql_database_name) (rate(postgresql_commits_total` + here + `[$__rate_interval]))`
		rollback = `sum by (instance, postgresql_database_name) (rate(postgresql_rollbacks_total` + here + `[$__rate_interval]))`
		oldest   = `max by (instance) (postgresql_transaction_max_age_seconds` + here + `)`
		ids      = `max by (instance) (postgresql_xid_age` + here + `) / 2147483648`
		read     = `sum by (instance, postgresql_database_name) (rate(postgresql_blks_read_total` + here + `[$__rate_interval]))`
		hit      = `sum by (instance, postgresql_database_name) (rate(postgresql_blks_hit_total` + here + `[$__rate_interval]))`
		database = "{{instance}} {{postgresql_database_name}}"
		table_   = "postgresql_database_name, postgresql_schema_name, postgresql_table_name"
	)

	b.row("Is a server in trouble?")
	b.add(4, 4,
		stat("Servers that answer", "The share of PostgreSQL servers that the agent could read just now. Below 100 % one is down, or refuses the agent's role: the agent's log says which.",
			"percentunit", prom(`avg(middleware_up_ratio{middleware_kind="postgresql", instance=~"$server"})`, "answer")).most(1).digits(0).colored("red", 1.0, "green"),
		stat("Connections in use", "Of the server that is closest to max_connections. Above 80 % find who holds sessions without work (idle): a pool that is too large, or one per process. At 100 % nobody gets in.",
			"percentunit", prom(`max(`+share+`)`, "in use")).most(1).digits(0).colored("green", 0.8, "orange", 0.95, "red").sparkline(),
		stat("Sessions that wait for a lock", "0, or a few for moments, is normal. If it stays, one transaction holds up others: find it with SELECT pid, pg_blocking_pids(pid), query FROM pg_stat_activity WHERE wait_event_type = 'Lock'.",
			"none", prom(`sum(postgresql_connection_blocked`+here+`)`, "wait")).digits(0).colored("green", 1.0, "orange", 10.0, "red").sparkline(),
		stat("Oldest open transaction", "The age of the oldest one of all servers. Above an hour vacuum cannot clean what has changed since: tables grow and become slow. Idle ones are a program that forgot to commit.",
			"s", prom(`max(`+oldest+`)`, "age")).colored("green", 900.0, "orange", 3600.0, "red").sparkline(),
		stat("Transaction ids used up", "At 100 % the server stops to accept writes. Vacuum keeps it below 15 %; above 50 % find what holds vacuum back, today.",
			"percentunit", prom(`max(`+ids+`)`, "used up")).most(1).digits(0).colored("green", 0.25, "orange", 0.5, "red").sparkline(),
		stat("Deadlocks", "Within the time shown. Each has ended one transaction, which its program must try again. 0 is normal; more is an order of locks to be mended in a program.",
			"none", promNow(`sum(increase(postgresql_deadlocks_total`+here+`[$__range]))`)).digits(0).colored("green", 1.0, "orange", 10.0, "red"),
	)

	b.row("Sessions and transactions")
	b.add(12, 8,
		chart("Sessions, by what they do", "idle waits for its program, idle in transaction holds locks and does nothing: a program forgot to commit. The line above is max_connections.", "none",
			prom(`sum by (state) (postgresql_connection_count`+here+`)`, "{{state}}"), prom(`sum(postgresql_connection_max`+here+`)`, "max_connections")),
		chart("Oldest transaction, by what its session does", "A line that rises like time itself is one transaction that does not end. prepared belongs to no session: COMMIT PREPARED or ROLLBACK PREPARED ends it.", "s",
			prom(`max by (instance, state) (postgresql_transaction_max_age_seconds`+here+`)`, "{{instance}} {{state}}")),
		chart("Transactions", "Per second and database; rolled back ones are below zero. A fall of commits without fewer requests is a server that is held up.", "ops",
			prom(commits, database), prom(`-(`+rollback+`)`, database+" rolled back")).anySign(),
		chart("Rolled back of all", "The share of transactions that were rolled back. A jump is a program that fails: a deploy, a constraint, a time limit.", "percentunit",
			prom(rollback+` / (`+commits+` + `+rollback+` > 0)`, database)).most(1).colored("transparent", 0.2, "red"),
		chart("Locks held and waited for", "By mode. AccessExclusiveLock keeps everybody out: ALTER TABLE, VACUUM FULL, TRUNCATE.", "none",
			prom(`sum by (mode) (postgresql_database_locks`+here+`)`, "{{mode}}")).stacked(),
		chart("Deadlocks and conflicts", "Transactions that were ended because two waited for each other; and queries on a standby that were ended because the primary changed what they read. Both are 0 on a server that is well.", "none",
			prom(`sum by (instance, postgresql_database_name) (increase(postgresql_deadlocks_total`+here+`[$__rate_interval]))`, database+" deadlocks"),
			prom(`sum by (instance, postgresql_database_name) (increase(postgresql_conflicts_total`+here+`[$__rate_interval]))`, database+" conflicts")),
	)

	b.row("Memory and disk")
	b.add(12, 8,
		chart("Blocks found in memory", "The share of blocks that were in shared buffers. Above 99 % is usual for a service; a fall means that what is used no longer fits, or that a query reads a large table.", "percentunit",
			prom(hit+` / (`+hit+` + `+read+` > 0)`, database)).most(1),
		chart("Temporary files", "Bytes per second written because a sort or a join did not fit into work_mem.", "Bps",
			prom(`sum by (instance, postgresql_database_name) (rate(postgresql_temp_io_bytes_total`+here+`[$__rate_interval]))`, database)),
		chart("Size of databases", "A line that rises faster than the data is dead rows: look at the tables below.", "bytes",
			prom(`max by (instance, postgresql_database_name) (postgresql_db_size_bytes`+here+`)`, database)),
		chart("Write-ahead log on disk", "Space of the log's files, and what slots keep of it for replicas. A slot that nobody reads fills the disk: drop it with pg_drop_replication_slot.", "bytes",
			prom(`max by (instance) (postgresql_wal_size_bytes`+here+`)`, "{{instance}} files"),
			prom(`max by (instance, slot) (postgresql_replication_slot_retained_bytes`+here+`)`, "{{instance}} slot {{slot}}")),
		chart("Checkpoints", "Per hour. requested ones come because much is written: if they are the most, raise max_wal_size.", "none",
			prom(`sum by (instance, type) (rate(postgresql_bgwriter_checkpoint_count_total`+here+`[$__rate_interval])) * 3600`, "{{instance}} {{type}}")),
		chart("Write-ahead log made", "Bytes per second: what replicas must take and archives must store. From version 14 on.", "Bps",
			prom(`sum by (instance) (rate(postgresql_wal_written_bytes_total`+here+`[$__rate_interval]))`, "{{instance}}")).empty("the server is older than 14"),
	)

	b.row("Replication")
	b.add(12, 8,
		chart("Replicas behind", "What a replica has not replayed yet, as its primary sees it. A line that only rises is a replica that is too slow, or cut off.", "bytes",
			prom(`max by (instance, application_name, replication_client) (postgresql_replication_data_delay_bytes`+here+`)`, "{{application_name}} at {{replication_client}}")).empty("no replica is connected"),
		chart("What standbys show is old by", "Seconds that a standby is behind, as it sees it itself. Readers of a standby see the past by as much.", "s",
			prom(`max by (instance) (postgresql_replication_replay_delay_seconds`+here+`)`, "{{instance}}")).empty("no server here is a standby"),
	)

	b.row("Tables")
	b.add(columns, 9,
		table("The largest tables", "Largest first. Dead of all above 20 % waits for vacuum: if it stays, a transaction that is too old holds it back, or autovacuum is too slow. Many full scans of a large table: an index is missing.",
			promRows(`max by (`+table_+`) (postgresql_table_size_bytes`+here+`)`),
			promRows(`max by (`+table_+`) (postgresql_table_index_size_bytes`+here+`)`),
			promRows(`max by (`+table_+`) (postgresql_rows{instance=~"$server", state="dead"}) / (sum by (`+table_+`) (postgresql_rows`+here+`) > 0)`),
			promRows(`sum by (`+table_+`) (increase(postgresql_sequential_scans_total`+here+`[$__range]))`),
		).transform("merge", struct{}{}).transform("organize", organize{
			Exclude: map[string]bool{"Time": true},
			Rename: map[string]string{
				"postgresql_database_name": "Database", "postgresql_schema_name": "Schema", "postgresql_table_name": "Table",
				"Value #A": "Size", "Value #B": "Indexes", "Value #C": "Dead of all", "Value #D": "Full scans",
			},
		}).sorted("Size").override("Size", set("unit", "bytes")).override("Indexes", set("unit", "bytes")).share("Dead of all", 0.2, 0.5).override("Full scans", set("decimals", 0)).
			empty("No tables: max_tables is 0, or the databases have none."),
	)
	return b.done()
}
