package dashboards

// redis answers: is a Redis server well, and if not, is it memory, clients, saving or replication?
func redis() *Dashboard {
	b := newBoard(uidRedis, "Redis", "Is a Redis server well, and if not, is it memory, clients, saving or replication?", tagMiddleware)
	b.variables(prometheusVariable(), promVariable("server", "Server", "redis_memory_used_bytes", "instance").some(".*"))
	const (
		here   = `{instance=~"$server"}`
		full   = `max by (instance) (redis_memory_used_bytes` + here + `) / (max by (instance) (redis_maxmemory_bytes` + here + `) > 0)`
		hits   = `sum by (instance) (rate(redis_keyspace_hits_total` + here + `[$__rate_interval]))`
		misses = `sum by (instance) (rate(redis_keyspace_misses_total` + here + `[$__rate_interval]))`
	)
	b.row("Is a server in trouble?")
	b.add(4, 4,
		stat("Servers that answer", "The share of Redis servers that the agent could read just now. Below 100 % one is down, or refuses the agent: the agent's log says which.",
			"percentunit", prom(`avg(middleware_up_ratio{middleware_kind="redis", instance=~"$server"})`, "answer")).most(1).digits(0).colored("red", 1.0, "green"),
		stat("Memory in use", "Of maxmemory, of the server that is closest to it. At 100 % writes fail or keys are evicted.",
			"percentunit", prom(`max(`+full+`)`, "in use")).most(1).digits(0).colored("green", 0.9, "orange", 0.98, "red").sparkline().empty("no limit: maxmemory is 0"),
		stat("Evicted keys", "Per second. A cache may evict; any other Redis loses data.",
			"none", prom(`sum(rate(redis_keys_evicted_total`+here+`[$__rate_interval]))`, "evicted")).colored("green", 0.1, "orange").sparkline(),
		stat("Rejected clients", "Within five minutes, because maxclients is used up. Must be 0.",
			"none", prom(`sum(increase(redis_connections_rejected_total`+here+`[5m]))`, "rejected")).digits(0).colored("green", 1.0, "red"),
		stat("Last snapshot", "100 % while the last snapshot of every server was written. Below, one could not save: its disk or the fork failed.",
			"percentunit", prom(`avg(redis_rdb_last_save_ok_ratio`+here+`)`, "saved")).most(1).digits(0).colored("red", 1.0, "green"),
		stat("Replicas with a primary", "The share of replicas that are connected. Below 100 % one answers with old data.",
			"percentunit", prom(`avg(redis_replication_link_up_ratio`+here+`)`, "connected")).most(1).digits(0).colored("red", 1.0, "green").empty("no replica"),
	)
	b.row("Work")
	b.add(12, 8,
		chart("Commands", "Per second.", "ops", prom(`sum by (instance) (rate(redis_commands_processed_total`+here+`[$__rate_interval]))`, "{{instance}}")),
		chart("Lookups that found something", "Hits of all lookups. A fall after a deploy is a cache that is asked for other keys; a slow fall is one that is too small.", "percentunit",
			prom(hits+` / (`+hits+` + `+misses+` > 0)`, "{{instance}}")).most(1),
		chart("CPU", "Seconds per second. Redis works in one thread: near 1 it is at its end.", "none",
			prom(`sum by (instance) (rate(redis_cpu_time_seconds_total{instance=~"$server", state=~"sys|user"}[$__rate_interval]))`, "{{instance}}")).colored("transparent", 0.9, "red"),
		chart("Clients", "connected ones, and blocked ones that wait on purpose (BLPOP and its like).", "none",
			prom(`sum by (instance) (redis_clients_connected`+here+`)`, "{{instance}} connected"), prom(`sum by (instance) (redis_clients_blocked`+here+`)`, "{{instance}} blocked")),
	)
	b.row("Memory, keys and disk")
	b.add(12, 8,
		chart("Memory", "used is what Redis allocated, rss what the kernel gave it. rss far above used is fragmentation.", "bytes",
			prom(`max by (instance) (redis_memory_used_bytes`+here+`)`, "{{instance}} used"), prom(`max by (instance) (redis_memory_rss_bytes`+here+`)`, "{{instance}} rss")),
		chart("Keys", "By database. A line that only rises holds keys that never expire.", "none", prom(`sum by (instance, db) (redis_db_keys`+here+`)`, "{{instance}} {{db}}")),
		chart("Keys that went", "Per second: expired as they should, evicted for lack of memory.", "ops",
			prom(`sum(rate(redis_keys_expired_total`+here+`[$__rate_interval]))`, "expired"), prom(`sum(rate(redis_keys_evicted_total`+here+`[$__rate_interval]))`, "evicted")),
		chart("Changes not in a snapshot", "What would be lost if the server ended now and has no append-only file.", "none", prom(`max by (instance) (redis_rdb_changes_since_last_save`+here+`)`, "{{instance}}")),
		chart("Replicas behind", "Bytes of the stream that a replica has not had yet. Some KB is usual; a line that rises is a slow replica or network.", "bytes",
			prom(`max by (instance, replica) (redis_replication_lag_bytes`+here+`)`, "{{instance}} to {{replica}}")).empty("no server here has replicas"),
		chart("Network", "Bytes per second, read and written.", "Bps",
			prom(`sum by (instance) (rate(redis_net_input_bytes_total`+here+`[$__rate_interval]))`, "{{instance}} read"), prom(`sum by (instance) (rate(redis_net_output_bytes_total`+here+`[$__rate_interval]))`, "{{instance}} written")),
	)
	return b.done()
}
