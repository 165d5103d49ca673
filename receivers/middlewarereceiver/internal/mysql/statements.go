package mysql

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/query"
)

// flavor is which server it is, as far as statements differ.
type flavor struct {
	maria   bool
	version int // 100511 is 10.5.11, 80022 is 8.0.22
	// account is who the server takes us for, quoted for GRANT.
	account string
	// schema says that performance_schema is on.
	schema bool
}

// flavorOf reads variables.
func flavorOf(variables query.Row, account string) flavor {
	text := variables.String("version")
	f := flavor{maria: strings.Contains(text, "MariaDB") || strings.Contains(variables.String("version_comment"), "MariaDB")}
	// A MariaDB of old may say 5.5.5- first, for the sake of old replicas.
	if f.maria {
		text = strings.TrimPrefix(text, "5.5.5-")
	}
	var major, minor, patch int
	if n, _ := fmt.Sscanf(text, "%d.%d.%d", &major, &minor, &patch); n >= 2 {
		f.version = major*10000 + minor*100 + patch
	}
	on, _ := variables.Number("performance_schema")
	f.schema = on == 1
	user, host, _ := cutLast(account, "@")
	f.account = literal(user) + "@" + literal(host)
	return f
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

func literal(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'"
}

func (f flavor) processGrant() string { return "GRANT PROCESS ON *.* TO " + f.account + ";" }

func (f flavor) schemaGrant() string {
	return "GRANT SELECT ON performance_schema.* TO " + f.account + ";"
}

func (f flavor) replicaGrant() string {
	if f.maria && f.version >= 100500 {
		return "GRANT REPLICA MONITOR ON *.* TO " + f.account + ";"
	}
	return "GRANT REPLICATION CLIENT ON *.* TO " + f.account + ";"
}

// limits are statements that bound those that follow, and let them change nothing.
func (f flavor) limits(timeout time.Duration) []string {
	list := []string{"SET SESSION TRANSACTION READ ONLY", "SET SESSION lock_wait_timeout = 1"}
	switch {
	case f.maria && f.version >= 100101:
		list = append(list, "SET SESSION max_statement_time = "+strconv.FormatFloat(timeout.Seconds(), 'f', 3, 64))
	case !f.maria && f.version >= 50708:
		list = append(list, "SET SESSION max_execution_time = "+strconv.FormatInt(timeout.Milliseconds(), 10))
	}
	return list
}

const (
	variablesSQL = `SHOW GLOBAL VARIABLES WHERE Variable_name IN ('version', 'version_comment', 'max_connections', 'innodb_page_size', 'innodb_buffer_pool_size',
 'read_only', 'performance_schema', 'server_uuid', 'server_uid', 'hostname', 'port', 'datadir')`
	accountSQL = `SELECT current_user() AS account`
	statusSQL  = `SHOW GLOBAL STATUS`

	transactionsSQL = `SELECT coalesce(max(timestampdiff(SECOND, trx_started, now())), 0) AS age, count(*) AS transactions,
 coalesce(sum(trx_state = 'LOCK WAIT'), 0) AS blocked FROM information_schema.innodb_trx`

	// innodbSQL reads what MariaDB has in its status.
	innodbSQL = `SELECT name, count FROM information_schema.innodb_metrics WHERE name IN ('lock_deadlocks', 'trx_rseg_history_len') AND status = 'enabled'`
)

// replicaSQL changed its words twice, and a MariaDB shows all of its primaries.
func (f flavor) replicaSQL() string {
	switch {
	case f.maria:
		return "SHOW ALL SLAVES STATUS"
	case f.version >= 80022:
		return "SHOW REPLICA STATUS"
	default:
		return "SHOW SLAVE STATUS"
	}
}

// tablespaces has the sizes of files, for which no right on the tables is needed.
func (f flavor) tablespaces() string {
	if !f.maria && f.version >= 80000 {
		return "information_schema.innodb_tablespaces"
	}
	return "information_schema.innodb_sys_tablespaces"
}

// ofUsers chooses the files of tables, not those of the server.
const ofUsers = ` WHERE name LIKE '%/%' AND name NOT LIKE 'mysql/%' AND name NOT LIKE 'sys/%'`

// tableSizesSQL adds up the partitions of a table.
func (f flavor) tableSizesSQL(limit int) string {
	return `SELECT substring_index(name, '/', 1) AS db, substring_index(substring_index(substring_index(name, '/', -1), '#P#', 1), '#p#', 1) AS tbl,
 sum(file_size) AS size FROM ` + f.tablespaces() + ofUsers + ` GROUP BY db, tbl ORDER BY size DESC, db, tbl LIMIT ` + strconv.Itoa(limit)
}

func (f flavor) databaseSizesSQL() string {
	return `SELECT substring_index(name, '/', 1) AS db, sum(file_size) AS size FROM ` + f.tablespaces() + ofUsers + ` GROUP BY db ORDER BY size DESC, db`
}

func tableWaitsSQL(limit int) string {
	return `SELECT object_schema, object_name, count_fetch, count_insert, count_update, count_delete, sum_timer_fetch, sum_timer_insert, sum_timer_update, sum_timer_delete
 FROM performance_schema.table_io_waits_summary_by_table WHERE object_schema NOT IN ('mysql', 'sys', 'performance_schema', 'information_schema') AND count_star > 0
 ORDER BY sum_timer_wait DESC, object_schema, object_name LIMIT ` + strconv.Itoa(limit)
}

// queries are those after variables and status; sizes are asked apart.
func (f flavor) queries(cfg *Config) []query.Query {
	list := []query.Query{
		{Name: "transactions", SQL: transactionsSQL, Grant: f.processGrant(), Write: writeTransactions},
		{Name: "replication", SQL: f.replicaSQL(), Grant: f.replicaGrant(), Write: writeReplication},
	}
	if !f.maria {
		list = append(list, query.Query{Name: "innodb", SQL: innodbSQL, Grant: f.processGrant(), Write: writeInnoDB})
	}
	if f.schema && cfg.MaxTables > 0 {
		list = append(list, query.Query{Name: "table_waits", SQL: tableWaitsSQL(cfg.MaxTables), Grant: f.schemaGrant(), Write: writeTableWaits})
	}
	return list
}
