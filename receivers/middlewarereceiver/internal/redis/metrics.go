package redis

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/source"
)

// shape is what a value is.
type shape func(b source.Batch, name, unit, description string) source.Metric

// values are the metrics that are one number of INFO.
var values = []struct {
	key, name, unit string
	shape           shape
	description     string
}{
	{"connected_clients", "redis.clients.connected", "{client}", source.Batch.UpDown, "Clients that are connected, without replicas."},
	{"blocked_clients", "redis.clients.blocked", "{client}", source.Batch.UpDown, "Clients that wait in a blocking call."},
	{"maxclients", "redis.clients.max", "{client}", source.Batch.Gauge, "The limit of clients, maxclients."},
	{"client_recent_max_input_buffer", "redis.clients.max_input_buffer", "By", source.Batch.Gauge, "The biggest input buffer of a client."},
	{"client_recent_max_output_buffer", "redis.clients.max_output_buffer", "By", source.Batch.Gauge, "The biggest output buffer of a client."},
	{"total_connections_received", "redis.connections.received", "{connection}", source.Batch.Counter, "Connections that were accepted."},
	{"rejected_connections", "redis.connections.rejected", "{connection}", source.Batch.Counter, "Connections that were rejected because of maxclients."},
	{"total_commands_processed", "redis.commands.processed", "{command}", source.Batch.Counter, "Commands that were processed."},
	{"total_error_replies", "redis.errors", "{error}", source.Batch.Counter, "Answers that were errors."},
	{"total_net_input_bytes", "redis.net.input", "By", source.Batch.Counter, "Bytes read from the network."},
	{"total_net_output_bytes", "redis.net.output", "By", source.Batch.Counter, "Bytes written to the network."},
	{"keyspace_hits", "redis.keyspace.hits", "{hit}", source.Batch.Counter, "Lookups of keys that were there."},
	{"keyspace_misses", "redis.keyspace.misses", "{miss}", source.Batch.Counter, "Lookups of keys that were not there."},
	{"expired_keys", "redis.keys.expired", "{key}", source.Batch.Counter, "Keys that expired."},
	{"evicted_keys", "redis.keys.evicted", "{key}", source.Batch.Counter, "Keys that were evicted because of maxmemory."},
	{"used_memory", "redis.memory.used", "By", source.Batch.UpDown, "Memory that Redis allocated."},
	{"used_memory_peak", "redis.memory.peak", "By", source.Batch.Gauge, "The most memory that Redis had allocated."},
	{"used_memory_rss", "redis.memory.rss", "By", source.Batch.UpDown, "Memory of the process, as the kernel sees it."},
	{"used_memory_lua", "redis.memory.lua", "By", source.Batch.UpDown, "Memory of the Lua engine."},
	{"maxmemory", "redis.maxmemory", "By", source.Batch.Gauge, "The limit of memory, maxmemory; 0 is none."},
	{"rdb_changes_since_last_save", "redis.rdb.changes_since_last_save", "{change}", source.Batch.UpDown, "Changes since the last snapshot."},
	{"latest_fork_usec", "redis.latest_fork", "us", source.Batch.Gauge, "How long the last fork took."},
	{"connected_slaves", "redis.slaves.connected", "{replica}", source.Batch.UpDown, "Replicas that are connected."},
	{"master_repl_offset", "redis.replication.offset", "By", source.Batch.Gauge, "How far this server's replication stream is."},
	{"slave_repl_offset", "redis.replication.replica_offset", "By", source.Batch.Gauge, "How far this replica is in the stream of its primary."},
	{"repl_backlog_first_byte_offset", "redis.replication.backlog_first_byte_offset", "By", source.Batch.Gauge, "Where the backlog of the replication begins."},
	{"uptime_in_seconds", "redis.uptime", "s", source.Batch.Counter, "How long the server has run."},
}

// append writes what INFO told.
func (r *reader) append(i info, now time.Time, md pmetric.Metrics) {
	uptime, _ := i.integer("uptime_in_seconds") // without it the sums count from now
	b := r.server.Batch(md, r.since.Uptime(now, time.Duration(uptime)*time.Second), now)
	b.Attributes.PutStr("redis.version", i.fields["redis_version"])
	if v := i.fields["valkey_version"]; v != "" {
		b.Attributes.PutStr("valkey.version", v)
	}
	for _, v := range values {
		if n, ok := i.integer(v.key); ok {
			v.shape(b, v.name, v.unit, v.description).Int(n)
		}
	}
	if ratio, ok := i.number("mem_fragmentation_ratio"); ok {
		b.Gauge("redis.memory.fragmentation_ratio", "1", "Memory of the process over memory that Redis allocated.").Float(ratio)
	}
	cpu(b, i)
	databases(b, i)
	replication(b, i)
	persistence(b, i)
}

func cpu(b source.Batch, i info) {
	m := b.Counter("redis.cpu.time", "s", "CPU time by what used it.")
	for _, state := range []string{"sys", "user", "sys_children", "user_children", "sys_main_thread", "user_main_thread"} {
		if seconds, ok := i.number("used_cpu_" + state); ok {
			m.Float(seconds, "state", state)
		}
	}
}

func databases(b source.Batch, i info) {
	if len(i.databases) == 0 {
		return
	}
	keys := b.UpDown("redis.db.keys", "{key}", "Keys of a database.")
	expires := b.UpDown("redis.db.expires", "{key}", "Keys of a database that will expire.")
	ttl := b.Gauge("redis.db.avg_ttl", "ms", "The mean time until keys of a database expire.")
	for _, db := range i.databases {
		keys.Int(db.keys, "db", db.name)
		expires.Int(db.expires, "db", db.name)
		ttl.Int(db.avgTTL, "db", db.name)
	}
}

func replication(b source.Batch, i info) {
	role := i.fields["role"]
	switch role {
	case "master":
		role = "primary"
	case "slave":
		role = "replica"
		up := b.Gauge("redis.replication.link.up", "1", "1 while this replica is connected to its primary, else 0.")
		up.Int(bit(i.fields["master_link_status"] == "up"))
		if seconds, ok := i.integer("master_last_io_seconds_ago"); ok && seconds >= 0 {
			b.Gauge("redis.replication.last_io", "s", "How long ago the primary was heard last.").Int(seconds)
		}
	case "":
		return
	}
	b.Gauge("redis.role", "1", "1 for the role that the server has.").Int(1, "role", role)
	if replicas := i.replicas(); len(replicas) > 0 {
		lag := b.Gauge("redis.replication.lag", "By", "How far a replica is behind in the stream of this server.")
		offset, _ := i.integer("master_repl_offset") // a server with replicas has one
		for _, r := range replicas {
			lag.Int(max(offset-r.offset, 0), "replica", r.address)
		}
	}
}

func persistence(b source.Batch, i info) {
	if status := i.fields["rdb_last_bgsave_status"]; status != "" {
		b.Gauge("redis.rdb.last_save.ok", "1", "1 while the last snapshot was written, 0 after one failed.").Int(bit(status == "ok"))
	}
	if at, ok := i.integer("rdb_last_save_time"); ok {
		b.Gauge("redis.rdb.last_save.time", "s", "When the last snapshot was written, as a Unix time.").Int(at)
	}
	if i.fields["aof_enabled"] == "1" {
		ok := i.fields["aof_last_write_status"] == "ok" && i.fields["aof_last_bgrewrite_status"] == "ok"
		b.Gauge("redis.aof.last_write.ok", "1", "1 while the append-only file can be written, 0 after that failed.").Int(bit(ok))
	}
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
