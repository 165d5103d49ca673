package mysql

import (
	"strconv"
	"strings"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/query"
	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/source"
)

const (
	schemaKey = "schema"
	tableKey  = "table"
)

func writeVariables(b source.Batch, variables query.Rows) {
	query.Write(b, variables, variableColumns, nil)
}

// writeStatus takes the status as one row.
func writeStatus(b source.Batch, status query.Rows) {
	query.Write(b, status, statusColumns, nil)
	r := status.First()
	for _, clean := range []struct {
		all, dirty string
		metric     query.Metric
	}{
		{"innodb_buffer_pool_bytes_data", "innodb_buffer_pool_bytes_dirty", bufferPoolUsage},
		{"innodb_buffer_pool_pages_data", "innodb_buffer_pool_pages_dirty", bufferPoolData},
	} {
		points := clean.metric.Points(b)
		all, ok := r.Number(clean.all)
		dirty, is := r.Number(clean.dirty)
		if ok && is {
			points.Add(dirty, "status", "dirty")
			points.Add(max(all-dirty, 0), "status", "clean")
		}
	}
}

func writeTransactions(b source.Batch, rows query.Rows) {
	query.Write(b, rows, []query.Column{
		{Name: "age", Metric: transactionAge}, {Name: "transactions", Metric: transactions}, {Name: "blocked", Metric: blocked},
	}, nil)
}

func writeInnoDB(b source.Batch, rows query.Rows) {
	query.Write(b, rows.Turn(), []query.Column{{Name: "lock_deadlocks", Metric: deadlocks}, {Name: "trx_rseg_history_len", Metric: historyLength}}, nil)
}

// channel tells the sources of a replica apart; most have one, without a name.
func channel(r query.Row) []string {
	name := r.String("channel_name")
	if name == "" {
		name = r.String("connection_name")
	}
	return []string{"channel", name}
}

// writeReplication reads the words of all versions. A thread that connects or prepares
// does not run.
func writeReplication(b source.Batch, rows query.Rows) {
	query.Write(b, rows, []query.Column{
		{Name: "seconds_behind_source", Metric: replicaBehind},
		{Name: "seconds_behind_master", Metric: replicaBehind},
		{Name: "sql_delay", Metric: replicaDelay},
	}, channel)
	points := replicaRunning.Points(b)
	for i := range rows.Len() {
		for _, thread := range []string{"io", "sql"} {
			for _, column := range []string{"replica_" + thread + "_running", "slave_" + thread + "_running"} {
				if text, ok := rows.Row(i).Text(column); ok {
					running := 0.0
					if strings.EqualFold(text, "yes") {
						running = 1
					}
					points.Add(running, append(channel(rows.Row(i)), "thread", thread)...)
					break
				}
			}
		}
	}
}

func writeTableWaits(b source.Batch, rows query.Rows) {
	query.Write(b, rows, waitColumns, func(r query.Row) []string {
		return []string{schemaKey, r.String("object_schema"), tableKey, r.String("object_name")}
	})
}

// writeSizes names the first limit databases, and the tables that were asked for; what
// they lack of the whole is <other>.
func writeSizes(b source.Batch, databases, tables query.Rows, limit int) {
	named, rest := databases.Cut(limit)
	points := databaseSize.Points(b)
	for i := range named.Len() {
		if v, ok := named.Row(i).Number("size"); ok {
			points.Add(v, schemaKey, decode(named.Row(i).String("db")))
		}
	}
	if v, ok := query.Sum(rest, "size"); ok {
		points.Add(v, schemaKey, query.Other)
	}
	if tables.Len() == 0 {
		return
	}
	points = tableSize.Points(b)
	for i := range tables.Len() {
		r := tables.Row(i)
		if v, ok := r.Number("size"); ok {
			points.Add(v, schemaKey, decode(r.String("db")), tableKey, decode(r.String("tbl")))
		}
	}
	all, _ := query.Sum(databases, "size")
	if sum, _ := query.Sum(tables, "size"); all > sum {
		points.Add(all-sum, schemaKey, query.Other, tableKey, query.Other)
	}
}

// decode reads the name of a file as that of a table: letters that file systems may not
// have are @ and four hexadecimal digits.
func decode(name string) string {
	head, tail, found := strings.Cut(name, "@")
	if !found {
		return name
	}
	var b strings.Builder
	b.WriteString(head)
	for found {
		if len(tail) >= 4 {
			if r, err := strconv.ParseUint(tail[:4], 16, 16); err == nil {
				b.WriteRune(rune(r)) //nolint:gosec // 16 bits
				head, tail, found = strings.Cut(tail[4:], "@")
				b.WriteString(head)
				continue
			}
		}
		b.WriteByte('@')
		head, tail, found = strings.Cut(tail, "@")
		b.WriteString(head)
	}
	return b.String()
}
