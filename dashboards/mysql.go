package dashboards

// mysql answers: is a MySQL or MariaDB server well, and if not, what holds it up?
func mysql() *Dashboard {
	b := newBoard(uidMySQL, "MySQL and MariaDB", "Is a MySQL server well, and if not, what holds it up: connections, locks, slow statements, memory or replication?", tagMiddleware)
	b.variables(prometheusVariable(), promVariable("server", "Server", "mysql_connection_max", "instance").some(".*"))
	const (
		here      = `{instance=~"$server"}`
		connected = `max by (instance) (mysql_threads{instance=~"$server", kind="connected"})`
		share     = connected + ` / max by (instance) (mysql_connection_max` + here + `)`
		slow      = `sum by (instance) (rate(mysql_query_slow_count_total` + here + `[$__rate_interval]))`
		asked     = `sum by (instance) (rate(mysql_query_client_count_total` + here + `[$__rate_interval]))`
		misses    = `sum by (instance) (rate(mysql_buffer_pool_operations_total{instance=~"$server", operation="reads"}[$__rate_interval])) / (sum by (instance) (rate(mysql_buffer_pool_operations_total{instance=~"$server", operation="read_requests"}[$__rate_interval])) > 0)`
	)

	b.row("Is a server in trouble?")
	b.add(4, 4,
		stat("Servers that answer", "The share of MySQL servers that the agent could read just now. Below 100 % one is down, or refuses the agent's account: the agent's log says which.",
			"percentunit", prom(`avg(middleware_up_ratio{middleware_kind="mysql", instance=~"$server"})`, "answer")).most(1).digits(0).colored("red", 1.0, "green"),
		stat("Connections in use", "Of the server that is closest to max_connections. Above 80 % find who holds connections without work (Sleep in SHOW PROCESSLIST). At 100 % nobody gets in.",
			"percentunit", prom(`max(`+share+`)`, "in use")).most(1).digits(0).colored("green", 0.8, "orange", 0.95, "red").sparkline(),
		stat("Transactions that wait for a lock", "0, or a few for moments, is normal. If it stays, one transaction holds up others: SHOW ENGINE INNODB STATUS names it.",
			"none", prom(`sum(mysql_transaction_blocked`+here+`)`, "wait")).digits(0).colored("green", 1.0, "orange", 10.0, "red").sparkline(),
		stat("Oldest open transaction", "Of all servers. Above an hour old versions of rows cannot be purged: everything becomes slower. Mostly a program that forgot to commit.",
			"s", prom(`max(mysql_transaction_max_age_seconds`+here+`)`, "age")).colored("green", 900.0, "orange", 3600.0, "red").sparkline(),
		stat("Slow statements", "Per minute, of all servers: those that took longer than long_query_time. Compare with yesterday; the slow log has their text.",
			"none", prom(`sum(`+slow+`) * 60`, "per minute")).digits(1).sparkline(),
		stat("Furthest replica behind", "Seconds that the replica that is furthest behind is behind its source. Without a number no server here replicates, or it has stopped: see the chart below.",
			"s", prom(`max(mysql_replica_time_behind_source_seconds`+here+`)`, "behind")).colored("green", 60.0, "orange", 600.0, "red").sparkline().empty("no replica"),
	)

	b.row("Connections and statements")
	b.add(12, 8,
		chart("Connections", "connected are all, running those that work now. Many that run at once wait for processors, disk or each other. The line above is max_connections.", "none",
			prom(`sum by (instance, kind) (mysql_threads{instance=~"$server", kind!="cached"})`, "{{instance}} {{kind}}"), prom(`max by (instance) (mysql_connection_max`+here+`)`, "{{instance}} max_connections")),
		chart("Connections that failed", "Per second, by reason. aborted never logged in (a wrong password, a check that says nothing), aborted_clients went without a goodbye, max_connections found no free one.", "ops",
			prom(`sum by (instance, error) (rate(mysql_connection_errors_total`+here+`[$__rate_interval])) > 0`, "{{instance}} {{error}}")).empty("none failed"),
		chart("Statements", "Per second, by kind. A fall without fewer requests is a server that is held up.", "ops",
			prom(`sum by (command) (rate(mysql_commands_total`+here+`[$__rate_interval]))`, "{{command}}")).stacked(),
		chart("Slow of all statements", "The share of statements that took longer than long_query_time (10 s unless it was set). A jump is a missing index, a lock, or a disk.", "percentunit",
			prom(slow+` / (`+asked+` > 0)`, "{{instance}}")).most(1),
		chart("Locks of rows", "Transactions that wait per second, and deadlocks. Both jump when a job changes what users change.", "ops",
			prom(`sum by (instance) (rate(mysql_row_locks_total`+here+`[$__rate_interval]))`, "{{instance}} waits"),
			prom(`sum by (instance) (rate(mysql_deadlocks_total`+here+`[$__rate_interval]))`, "{{instance}} deadlocks")),
		chart("Old versions of rows", "Transactions whose old versions were not purged yet. A line that only rises is held up by an open transaction; above a million everything is slower.", "none",
			prom(`max by (instance) (mysql_innodb_history_length`+here+`)`, "{{instance}}")),
	)

	b.row("Memory and disk")
	b.add(12, 8,
		chart("Reads that miss the buffer pool", "The share of reads that had to go to disk. Below 1 % is usual; more for long means that what is used does not fit into innodb_buffer_pool_size.", "percentunit",
			prom(misses, "{{instance}}")).most(1).colored("transparent", 0.05, "red"),
		chart("Buffer pool", "clean and dirty data; dirty is not on disk yet. The line above is the size as configured.", "bytes",
			prom(`sum by (status) (mysql_buffer_pool_usage_bytes`+here+`)`, "{{status}}"), prom(`sum(mysql_buffer_pool_limit_bytes`+here+`)`, "size")),
		chart("Temporary tables on disk", "Per second. They are slow: a sort or a GROUP BY that has no index, or is larger than tmp_table_size.", "ops",
			prom(`sum by (instance) (rate(mysql_tmp_resources_total{instance=~"$server", resource="disk_tables"}[$__rate_interval]))`, "{{instance}}")),
		chart("Size of databases", "Space of InnoDB tables and their indexes. Rows that are deleted give none back until OPTIMIZE TABLE.", "bytes",
			prom(`max by (instance, schema) (mysql_db_size_bytes`+here+`)`, "{{instance}} {{schema}}")),
	)

	b.row("Replication")
	b.add(12, 8,
		chart("Replicas behind", "Seconds that a replica is behind its source. A line that ends is a replica that stopped: see beside it.", "s",
			prom(`max by (instance, channel) (mysql_replica_time_behind_source_seconds`+here+`)`, "{{instance}} {{channel}}")).empty("no server here is a replica, or replication stands still"),
		chart("Threads of replicas", "1 runs, 0 does not. io fetches from the source, sql applies: SHOW REPLICA STATUS (SHOW ALL SLAVES STATUS in MariaDB) has the error.", "none",
			prom(`min by (instance, channel, thread) (mysql_replica_running`+here+`)`, "{{instance}} {{channel}} {{thread}}")).most(1).empty("no server here is a replica"),
	)

	b.row("Tables")
	b.add(columns, 9,
		table("The largest and the busiest tables", "Largest first. Time is what accesses to rows took within the time shown: the table at its top is where an index or a cache helps most.",
			promRows(`max by (schema, table) (mysql_table_size_bytes`+here+`)`),
			promRows(`sum by (schema, table) (increase(mysql_table_io_wait_time_nanoseconds_total`+here+`[$__range])) / 1e9`),
			promRows(`sum by (schema, table) (increase(mysql_table_io_wait_count_total`+here+`[$__range]))`),
		).transform("merge", struct{}{}).transform("organize", organize{
			Exclude: map[string]bool{"Time": true},
			Rename:  map[string]string{"schema": "Database", "table": "Table", "Value #A": "Size", "Value #B": "Time", "Value #C": "Accesses"},
		}).sorted("Size").override("Size", set("unit", "bytes")).override("Time", set("unit", "s")).override("Accesses", set("decimals", 0)).
			empty("No tables: max_tables is 0, the right PROCESS is missing, or performance_schema is off."),
	)
	return b.done()
}
